"""The claim ``structure``: whether a path joins two tenants' private addresses, whatever the filters say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from infra.proof.examples import LISTED, example
from infra.proof.report import Claim, Counterexample, Judgement, Packet, Verdict
from infra.reachability.ranges import PRIVATE, Ranges, intersection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.reachability.paths import Arrival, Paths
    from infra.reachability.reach import Reach

_ANY_PACKET = (6 << 16) + 443
"""Layer-4 point of the packet that stands for a path on which every packet can travel."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A way from the segment ``origin``, where ``party`` has endpoints, to endpoints of others.

    With ``abroad`` it leaves the cloud and comes back: ``reach`` is then what the outside world can deliver.
    """

    party: int
    origin: int
    reach: Reach
    arrival: Arrival
    abroad: bool = False


def structural(paths: Paths) -> tuple[Judgement, list[Contact]]:
    """Judge ``structure``, and return every contact for ``packets``, the shortest paths first."""
    contacts = sorted(_contacts(paths), key=lambda contact: len(contact.reach.path(contact.arrival.link)))
    examples = tuple(islice(_path_examples(paths, contacts), LISTED))
    if examples:
        return Judgement(Claim.STRUCTURE, Verdict.BROKEN, "a path joins private addresses of two tenants", examples), contacts
    text = f"no path joins private addresses of two of the {len(paths.tenants())} tenants"
    return Judgement(Claim.STRUCTURE, Verdict.HOLDS, text), []


def _contacts(paths: Paths) -> Iterator[Contact]:
    """Yield every arrival at somebody else's endpoints, tenant by tenant."""
    for party in paths.tenants():
        together = paths.reach(paths.segments_of_party[party])
        if any(_strangers(paths, party, arrival) for arrival in paths.arrivals(together, public=False)):
            yield from _contacts_of(paths, party)
    yield from _from_outside(paths)


def _contacts_of(paths: Paths, party: int) -> Iterator[Contact]:
    """Repeat the closure segment by segment, so that a contact is known to start where it says."""
    for segment in paths.segments_of_party[party]:
        reach = paths.reach((segment,))
        for arrival in paths.arrivals(reach, public=False):
            if _strangers(paths, party, arrival):
                yield Contact(party, segment, reach, arrival)


def _strangers(paths: Paths, party: int, arrival: Arrival) -> set[int]:
    return paths.parties_on.get(arrival.segment, set()) - {party} - paths.platform


def _from_outside(paths: Paths) -> Iterator[Contact]:
    """Private addresses that the outside world may send to: a path from every segment that sends them outside."""
    reach = paths.routing.from_outside()
    for arrival in paths.arrivals(reach, public=False):
        private = intersection(arrival.destinations, PRIVATE)
        for party in paths.tenants() if private else ():
            for segment in paths.segments_of_party[party] if _strangers(paths, party, arrival) else ():
                sent = intersection(private, paths.reach((segment,)).outside)
                if sent:
                    yield Contact(party, segment, reach, replace(arrival, destinations=sent), abroad=True)


def _path_examples(paths: Paths, contacts: list[Contact]) -> Iterator[Counterexample]:
    """Yield one counterexample per contact and stranger: a packet that routing delivers, open or not."""
    seen: set[tuple[int, int]] = set()
    for contact in contacts:
        for endpoint in paths.on_segment[contact.arrival.segment].tolist():
            party = int(paths.fabric.endpoints.party[endpoint])
            if party == contact.party or party in paths.platform or (contact.party, party) in seen:
                continue
            taken = paths.reaches(endpoint, contact.arrival)
            source = _sender(paths, contact)
            if taken and source is not None:
                seen.add((contact.party, party))
                yield _path_example(paths, contact, (source, endpoint), taken)


def _sender(paths: Paths, contact: Contact) -> int | None:
    """Return an endpoint of the contact's party where the contact starts."""
    members = paths.of_party[contact.party].tolist()
    return next((m for m in members if paths.fabric.endpoints.segment[m] == contact.origin), None)


def _path_example(paths: Paths, contact: Contact, pair: tuple[int, int], taken: Ranges) -> Counterexample:
    source, _ = pair
    builder = paths.fabric.builder
    family, destination, _ = next((r for r in taken if r[1]), taken[0])
    own = next((r[1] for r in builder.sources(source) if r[0] == family), 0)
    packet = Packet(family, own, destination, _ANY_PACKET)
    return example(paths, Claim.STRUCTURE, pair, packet, links=paths.describe(contact.reach, contact.arrival.link), open_=False)
