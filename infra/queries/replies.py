"""Answers of connection tracking between places: what passes although no rule of the receiving side allows it.

``can`` counts what rules allow, because a question is about who may begin. The proof counts answers as well: two servers whose rules
only let packets out talk to each other as soon as both begin. So that the two never contradict each other, ``can`` names these too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.queries.answers import addresses, services
from infra.queries.sides import Side
from infra.ranges import normal
from infra.reachability.filtering import Adjacency, Filtering, Member
from infra.reachability.paths import askers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.queries.answers import AskedService
    from infra.queries.sides import Place
    from infra.queries.traffic import ReachableTraffic
    from infra.ranges import Range

MOST_PAIRS = 400
"""Pairs that are looked at; beyond, that answers are left out is all that can be said in a moment."""
_TAKER = -2
"""Label of whoever takes the packets: no party's, and not :data:`~infra.reachability.filtering.NOBODY`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Packets that pass from a place to another as answers, in sentences."""

    source: Side
    target: Side
    packets: tuple[str, ...]


def replies(reachable: ReachableTraffic, pairs: Iterable[tuple[Place, Place]], service: AskedService | None = None) -> list[Reply] | None:
    """Return what passes as answers between pairs by their own addresses; ``None`` when there are too many pairs to look."""
    looked = [(one, two) for one, two in pairs if isinstance(one, Side) and isinstance(two, Side)]
    if len(looked) > MOST_PAIRS:
        return None
    met = [(pair, adjacency) for pair in looked for adjacency in _adjacencies(reachable, *pair)]
    askers = {source.party: askers_of(reachable.paths, source.party) for source, _ in looked}
    lines: dict[tuple[Side, Side], dict[tuple[Range, Range], list[tuple[int, int]]]] = {}
    for one in Filtering(reachable.fabric, [adjacency for _, adjacency in met], askers).passing(every=True):
        lo, hi = (one.l4_lo, one.l4_hi) if service is None else (max(one.l4_lo, service.lo), min(one.l4_hi, service.hi))
        if lo < hi:
            lines.setdefault(met[one.adjacency][0], {}).setdefault((one.source, one.target), []).append((lo, hi))
    return [Reply(*pair, tuple(_sentences(found))) for pair, found in lines.items()]


def _adjacencies(reachable: ReachableTraffic, source: Side, target: Side) -> Iterator[Adjacency]:
    """Yield one adjacency per way between the two, the sources under every address that routers on it may give them."""
    paths = reachable.paths
    reach = paths.reach((source.segment,))
    for delivery in paths.deliveries(reach, public=True):
        if delivery.segment != target.segment:
            continue
        routers = [reachable.fabric.routers[link.router] for link in reach.path(delivery.link) if link.router is not None]
        masks = [(family, value, value) for router in routers for family, value in router.masquerade]
        senders = ((member, normal([*reachable.fabric.builder.sources(member), *masks])) for member in source.members)
        takers = ((member, paths.takes(member, delivery)) for member in target.members)
        yield Adjacency(
            tuple(Member(member, source.party, ranges) for member, ranges in senders if ranges),
            tuple(Member(member, _TAKER, ranges) for member, ranges in takers if ranges),
        )


def _sentences(found: dict[tuple[Range, Range], list[tuple[int, int]]]) -> Iterator[str]:
    for (source, target), intervals in found.items():
        yield f"{', '.join(services(intervals))} from {addresses((source,))} to {addresses((target,))}"
