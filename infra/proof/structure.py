"""The claim ``structure``: whether a path joins two tenants' private addresses, whatever the filters say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from infra.proof.examples import LISTED, example
from infra.proof.report import Claim, Counterexample, Judgement, Packet, Verdict
from infra.ranges import PRIVATE, Ranges, intersection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.reachability.paths import Delivery, Paths
    from infra.reachability.reach import Reach

_ANY_PACKET = (6 << 16) + 443
"""Layer-4 point of the packet that stands for a path on which every packet can travel."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A way from the segment ``origin``, where ``party`` has endpoints, to endpoints of others.

    With ``leaves_cloud`` it leaves the cloud and comes back: ``reach`` is then what the outside world can deliver.
    """

    party: int
    origin: int
    reach: Reach
    delivery: Delivery
    leaves_cloud: bool = False


def structural(paths: Paths) -> tuple[Judgement, list[Crossing]]:
    """Judge ``structure``, and return every crossing for ``packets``, the shortest paths first."""
    crossings = sorted(_crossings(paths), key=lambda crossing: len(crossing.reach.path(crossing.delivery.link)))
    examples = tuple(islice(_path_examples(paths, crossings), LISTED))
    if examples:
        return Judgement(Claim.STRUCTURE, Verdict.BROKEN, "a path joins private addresses of two tenants", examples), crossings
    text = f"no path joins private addresses of two of the {len(paths.tenants())} tenants"
    return Judgement(Claim.STRUCTURE, Verdict.HOLDS, text), []


def _crossings(paths: Paths) -> Iterator[Crossing]:
    """Yield every delivery at somebody else's endpoints, tenant by tenant."""
    for party in paths.tenants():
        together = paths.reach(paths.segments_of_party[party])
        if any(_strangers(paths, party, delivery) for delivery in paths.deliveries(together, public=False)):
            yield from _crossings_of(paths, party)
    yield from _from_outside(paths)


def _crossings_of(paths: Paths, party: int) -> Iterator[Crossing]:
    """Repeat the closure segment by segment, so that a crossing is known to start where it says."""
    for segment in paths.segments_of_party[party]:
        reach = paths.reach((segment,))
        for delivery in paths.deliveries(reach, public=False):
            if _strangers(paths, party, delivery):
                yield Crossing(party, segment, reach, delivery)


def _strangers(paths: Paths, party: int, delivery: Delivery) -> set[int]:
    return paths.parties_on.get(delivery.segment, set()) - {party} - paths.platform


def _from_outside(paths: Paths) -> Iterator[Crossing]:
    """Private addresses that the outside world may send to: a path from every segment that sends them outside."""
    reach = paths.routing.from_outside()
    for delivery in paths.deliveries(reach, public=False):
        private = intersection(delivery.destinations, PRIVATE)
        for party in paths.tenants() if private else ():
            for segment in paths.segments_of_party[party] if _strangers(paths, party, delivery) else ():
                sent = intersection(private, paths.reach((segment,)).outside)
                if sent:
                    yield Crossing(party, segment, reach, replace(delivery, destinations=sent), leaves_cloud=True)


def _path_examples(paths: Paths, crossings: list[Crossing]) -> Iterator[Counterexample]:
    """Yield one counterexample per crossing and stranger: a packet that routing delivers, open or not."""
    seen: set[tuple[int, int]] = set()
    for crossing in crossings:
        for endpoint in paths.on_segment[crossing.delivery.segment].tolist():
            party = int(paths.fabric.endpoints.party[endpoint])
            if party == crossing.party or party in paths.platform or (crossing.party, party) in seen:
                continue
            taken = paths.reaches(endpoint, crossing.delivery)
            source = _sender(paths, crossing)
            if taken and source is not None:
                seen.add((crossing.party, party))
                yield _path_example(paths, crossing, (source, endpoint), taken)


def _sender(paths: Paths, crossing: Crossing) -> int | None:
    """Return an endpoint of the crossing's party where the crossing starts."""
    members = paths.of_party[crossing.party].tolist()
    return next((m for m in members if paths.fabric.endpoints.segment[m] == crossing.origin), None)


def _path_example(paths: Paths, crossing: Crossing, pair: tuple[int, int], taken: Ranges) -> Counterexample:
    source, _ = pair
    builder = paths.fabric.builder
    family, destination, _ = next((r for r in taken if r[1]), taken[0])
    own = next((r[1] for r in builder.sources(source) if r[0] == family), 0)
    packet = Packet(family, own, destination, _ANY_PACKET)
    return example(paths, Claim.STRUCTURE, pair, packet, links=paths.describe(crossing.reach, crossing.delivery.link), open_=False)
