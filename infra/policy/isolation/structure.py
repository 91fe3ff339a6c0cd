"""The claims ``structure`` and ``packets``: whether a path joins two tenants' private addresses, and what the filters let through on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from infra.policy.isolation.fabric import UNFILTERED, Direction
from infra.policy.isolation.filtering import Filtering, Meeting, Member, rules
from infra.policy.isolation.ranges import PRIVATE, Range, Ranges, difference, intersection, normal
from infra.policy.isolation.report import Claim, Counterexample, Judgement, Packet, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from infra.policy.isolation.fabric import Fabric, Origin
    from infra.policy.isolation.filtering import Passing
    from infra.policy.isolation.paths import Arrival, Paths
    from infra.policy.isolation.reach import Reach

LISTED = 20
"""Counterexamples that are worked out in full; the verdict needs one."""

_FIRST_PORT = (6 << 16) + 1
"""TCP port 1: the packet that people can send, out of a box that begins with protocols nobody has heard of."""

_ANY_PACKET = (6 << 16) + 443
"""Layer-4 point of the packet that stands for a path on which every packet can travel."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A way from a segment with endpoints of ``party`` to endpoints of others.

    ``origin`` is the segment it starts from, or ``None`` for the outside world.
    """

    party: int
    origin: int | None
    reach: Reach
    arrival: Arrival


def structural(paths: Paths) -> tuple[Judgement, list[Contact]]:
    """Judge ``structure``, and return every contact for ``packets``."""
    contacts = list(_contacts(paths))
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
    """Private addresses that the outside world may send to: a path for every tenant that reaches the outside."""
    reach = paths.routing.from_outside()
    senders = [party for party in paths.tenants() if paths.reach(paths.segments_of_party[party]).outside]
    for arrival in paths.arrivals(reach, public=False):
        private = intersection(arrival.destinations, PRIVATE)
        if private:
            for party in senders:
                if _strangers(paths, party, arrival):
                    yield Contact(party, None, reach, type(arrival)(arrival.segment, private, arrival.link, arrival.handed))


def _path_examples(paths: Paths, contacts: list[Contact]) -> Iterator[Counterexample]:
    """Yield one counterexample per contact and stranger: a packet that routing delivers, open or not."""
    seen: set[tuple[int, int]] = set()
    for contact in contacts:
        for endpoint in paths.on_segment[contact.arrival.segment].tolist():
            party = int(paths.fabric.endpoints.party[endpoint])
            if party == contact.party or party in paths.platform or (contact.party, party) in seen:
                continue
            taken = paths.takes(endpoint, contact.arrival)
            source = _sender(paths, contact)
            if taken and source is not None:
                seen.add((contact.party, party))
                yield _path_example(paths, contact, (source, endpoint), taken)


def _sender(paths: Paths, contact: Contact) -> int | None:
    """Return an endpoint of the contact's party where the contact starts."""
    members = paths.of_party[contact.party].tolist()
    if contact.origin is None:
        return next((m for m in members if paths.reach((int(paths.fabric.endpoints.segment[m]),)).outside), None)
    return next((m for m in members if paths.fabric.endpoints.segment[m] == contact.origin), None)


def _path_example(paths: Paths, contact: Contact, pair: tuple[int, int], taken: Ranges) -> Counterexample:
    source, _ = pair
    builder = paths.fabric.builder
    family, destination, _ = next((r for r in taken if r[1]), taken[0])
    own = next((r[1] for r in builder.sources(source) if r[0] == family), 0)
    packet = Packet(family, own, destination, _ANY_PACKET)
    return example(paths, Claim.STRUCTURE, pair, packet, links=paths.describe(contact.reach, contact.arrival.link), open_=False)


def example(
    paths: Paths,
    claim: Claim,
    pair: tuple[int, int],
    packet: Packet,
    *,
    links: tuple[str, ...],
    open_: bool,
    found: tuple[Origin, ...] = (),
    text: str = "",
) -> Counterexample:
    """Build a counterexample between two endpoints."""
    ends = paths.fabric.endpoints
    names = [paths.fabric.parties[int(ends.party[endpoint])].name for endpoint in pair]
    return Counterexample(claim, ends.names[pair[0]], names[0], ends.names[pair[1]], names[1], packet, open_, links, found, text)


def packets(paths: Paths, contacts: list[Contact]) -> Judgement:
    """Judge ``packets``: whether the filters let anything through on the contacts."""
    if not contacts:
        return Judgement(Claim.PACKETS, Verdict.HOLDS, "no path, therefore no packet")
    groups = _by_ends(contacts)
    meetings = [_meeting(paths, group) for group in groups]
    found = Filtering(paths.fabric, meetings).passing()
    if not found:
        return Judgement(Claim.PACKETS, Verdict.HOLDS, f"groups close all {len(contacts)} paths between tenants")
    found.sort(key=lambda p: (p.l4_lo == 0, p.l4_lo, p.source, p.target))
    examples = tuple(passing_example(paths, Claim.PACKETS, p, _links(paths, groups[p.meeting][0])) for p in found[:LISTED])
    return Judgement(Claim.PACKETS, Verdict.BROKEN, f"packets pass between {len(found)} pairs of port classes", examples)


def _by_ends(contacts: list[Contact]) -> list[list[Contact]]:
    """Join contacts that start on the same segment and end with the same arrival: their parties meet all at once."""
    groups: dict[tuple[int | None, int, Ranges, Ranges], list[Contact]] = {}
    for contact in contacts:
        arrival = contact.arrival
        groups.setdefault((contact.origin, arrival.segment, arrival.destinations, arrival.handed), []).append(contact)
    return list(groups.values())


def _meeting(paths: Paths, group: list[Contact]) -> Meeting:
    first = group[0]
    targets = [m for m in paths.on_segment[first.arrival.segment].tolist() if _is_tenant(paths, m)]
    sources = [(m, _faces(paths, contact)) for contact in group for m in _senders(paths, contact)]
    return Meeting(
        tuple(Member(m, _party(paths, m), normal([*paths.fabric.builder.sources(m), *faces])) for m, faces in sources),
        tuple(Member(m, _party(paths, m), taken) for m in targets if (taken := paths.takes(m, first.arrival))),
    )


def _senders(paths: Paths, contact: Contact) -> Iterable[int]:
    members = paths.of_party[contact.party].tolist()
    if contact.origin is None:
        return [m for m in members if paths.reach((int(paths.fabric.endpoints.segment[m]),)).outside]
    return [m for m in members if paths.fabric.endpoints.segment[m] == contact.origin]


def _faces(paths: Paths, contact: Contact) -> Ranges:
    """Return the addresses that routers on the way may put in place of the source; over the outside world, all of the party's routers."""
    routers = {link.router for link in contact.reach.path(contact.arrival.link) if link.router is not None}
    if contact.origin is None:
        routers.update(paths.reach(paths.segments_of_party[contact.party]).routers)
    masks = (mask for router in routers for mask in paths.fabric.routers[router].masquerade)
    return normal((family, address, address) for family, address in masks)


def _links(paths: Paths, contact: Contact) -> tuple[str, ...]:
    return paths.describe(contact.reach, contact.arrival.link)


def passing_example(paths: Paths, claim: Claim, passing: Passing, links: tuple[str, ...], text: str = "") -> Counterexample:
    """Turn a box into a counterexample with the rules on both sides."""
    l4 = _FIRST_PORT if passing.l4_lo < _FIRST_PORT < passing.l4_hi else passing.l4_lo
    packet = Packet(passing.source[0], passing.source[1], passing.target[1], l4)
    source, target = _holding(paths.fabric.builder.sources, passing.sources, passing.source), passing.targets[0]
    found = (
        *rules_for(paths.fabric, source, Direction.EGRESS, packet),
        *rules_for(paths.fabric, target, Direction.INGRESS, packet),
    )
    return example(paths, claim, (source, target), packet, links=links, open_=True, found=found, text=text)


def _holding(addresses: Callable[[int], Ranges], endpoints: tuple[int, ...], span: Range) -> int:
    """Return an endpoint that has the first address of a range as its own; any, when it is a translated one."""
    first = ((span[0], span[1], span[1]),)
    return next((endpoint for endpoint in endpoints if intersection(first, addresses(endpoint))), endpoints[0])


def rules_for(fabric: Fabric, endpoint: int, direction: Direction, packet: Packet) -> tuple[Origin, ...]:
    """Return the rules of an endpoint that let a packet pass in one direction."""
    filter_class = int(fabric.endpoints.filter_class[endpoint])
    if filter_class == UNFILTERED:
        return (fabric.builder.origin(UNFILTERED),)
    peer = packet.source if direction is Direction.INGRESS else packet.destination
    return tuple(
        fabric.builder.origin(allow.rule)
        for allow in rules(fabric, filter_class, direction)
        if allow.family == packet.family and allow.first <= peer <= allow.last and allow.l4_lo <= packet.l4 < allow.l4_hi
    )


def _is_tenant(paths: Paths, endpoint: int) -> bool:
    return _party(paths, endpoint) not in paths.platform


def _party(paths: Paths, endpoint: int) -> int:
    return int(paths.fabric.endpoints.party[endpoint])


def public_part(destinations: Ranges) -> Ranges:
    """Return the destinations that are not private."""
    return difference(destinations, PRIVATE)
