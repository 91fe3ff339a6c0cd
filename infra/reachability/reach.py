"""Where a packet can get to: the closure of routing from a set of segments, for every destination address at once.

A server may choose any router on its segment as the next hop, so every router there is given every destination. A router passes a
destination on along its longest matching prefix: to the segment itself, to the owner of a next hop, or outside. The result is a
superset of what can happen: filters, missing ARP answers and down interfaces are ignored.

Its form is an inductive invariant: (routers with the destinations they may be handed, segments with the destinations that may be
delivered there). That it is closed under routing can be checked step by step without knowing how it was found.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from infra.ranges import ANY, Range, Ranges, covers, difference, intersection, normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.reachability.fabric import Fabric, Hop

K = TypeVar("K")


class Link(NamedTuple):
    """How something was reached: from a router (or ``None``: a server on ``segment``), over a segment, by a line of a routing table."""

    router: int | None
    segment: int
    hop: Hop | None


@dataclass(slots=True)
class Reach:
    """What can be reached from a set of segments.

    ``routers`` and ``delivered`` map indexes to destinations; ``via_next_hop`` maps (segment, family, next hop) to destinations that a
    router gives to an address which is no router's. ``outside`` are the destinations that leave the cloud. The fields that end in ``_via``
    hold the first link by which a router, a segment or the outside was reached, for explanations.
    """

    routers: dict[int, Ranges] = field(default_factory=dict)
    delivered: dict[int, Ranges] = field(default_factory=dict)
    via_next_hop: dict[tuple[int, int, int], Ranges] = field(default_factory=dict)
    outside: Ranges = ()
    router_via: dict[int, Link] = field(default_factory=dict)
    segment_via: dict[int, Link] = field(default_factory=dict)
    outside_via: Link | None = None

    def path(self, link: Link | None) -> list[Link]:
        """Return the links that lead to ``link``, from the source on."""
        links: list[Link] = []
        seen: set[int] = set()
        while link is not None:
            links.append(link)
            if link.router is None or link.router in seen:
                break
            seen.add(link.router)
            link = self.router_via.get(link.router)
        return links[::-1]


class Routing:
    """The routing tables of a fabric, prepared for closures."""

    def __init__(self, fabric: Fabric) -> None:
        """Index router interfaces and next hops."""
        self.fabric = fabric
        self._routers_on: dict[int, list[int]] = defaultdict(list)
        self._owner: dict[tuple[int, int, int], tuple[int, ...]] = {}
        self._hosts: dict[tuple[int, int, int], tuple[int, ...]] = {}
        for index, router in enumerate(fabric.routers):
            for segment in set(router.interfaces):
                self._routers_on[segment].append(index)
            owner = self._hosts if router.server else self._owner
            for place in router.addresses:
                owner[place] = (*owner.get(place, ()), index)
        self._tables: dict[int, tuple[tuple[Range, Hop], ...]] = {}

    def routers_on(self, segment: int) -> list[int]:
        """Routers with a router interface on the segment."""
        return self._routers_on.get(segment, [])

    def from_segments(self, segments: Iterable[int]) -> Reach:
        """Return everything that servers on these segments can send packets to."""
        reach = Reach()
        work: list[tuple[int, Ranges]] = []
        for segment in segments:
            reach.delivered[segment] = ANY
            reach.segment_via[segment] = Link(None, segment, None)
            if self.fabric.segments[segment].external and not reach.outside:
                reach.outside = ANY
                reach.outside_via = Link(None, segment, None)
            for router in self.routers_on(segment):
                if router not in reach.routers:
                    reach.routers[router] = ANY
                    reach.router_via[router] = Link(None, segment, None)
                    work.append((router, ANY))
        return self._close(reach, work)

    def from_outside(self) -> Reach:
        """Return what the outside world can deliver without translation."""
        reach = Reach()
        work: list[tuple[int, Ranges]] = []
        for index, router in enumerate(self.fabric.routers):
            if router.routable:
                segment = next(
                    (interface for interface in router.interfaces if self.fabric.segments[interface].external), router.interfaces[0]
                )
                reach.routers[index] = router.routable
                reach.router_via[index] = Link(None, segment, None)
                work.append((index, router.routable))
        for number, place in enumerate(self.fabric.segments):
            if place.routed:
                reach.delivered[number] = place.routed
                reach.segment_via[number] = Link(None, number, None)
        return self._close(reach, work)

    def _close(self, reach: Reach, work: list[tuple[int, Ranges]]) -> Reach:
        while work:
            router, destinations = work.pop()
            for prefix, hop in self.table(router):
                taken: Ranges = (prefix,) if destinations is ANY else intersection((prefix,), destinations)
                if taken:
                    self._pass_on(reach, work, Link(router, hop.segment, hop), taken)
        return reach

    def _pass_on(self, reach: Reach, work: list[tuple[int, Ranges]], link: Link, taken: Ranges) -> None:
        hop = link.hop
        if hop is None or hop.next_hop is None:
            if _add(reach.delivered, link.segment, taken):
                reach.segment_via.setdefault(link.segment, link)
            return
        family = taken[0][0]
        owners = self._owner.get((hop.segment, family, hop.next_hop), ())
        if not owners and self.fabric.segments[hop.segment].external:
            reach.outside = normal([*reach.outside, *taken])
            reach.outside_via = reach.outside_via or link
        if not owners:
            _add(reach.via_next_hop, (hop.segment, family, hop.next_hop), taken)
        for owner in (*owners, *self._hosts.get((hop.segment, family, hop.next_hop), ())):
            news = difference(taken, reach.routers.get(owner, ()))
            if news:
                _add(reach.routers, owner, news)
                reach.router_via.setdefault(owner, link)
                work.append((owner, news))

    def table(self, router: int) -> tuple[tuple[Range, Hop], ...]:
        """Return the routing table as disjoint ranges: every destination with the one line that decides it (longest prefix)."""
        table = self._tables.get(router)
        if table is None:
            table = self._tables[router] = tuple(_longest_prefix(self.fabric.routers[router].hops))
        return table


def _add(sets: dict[K, Ranges], key: K, ranges: Ranges) -> bool:
    """Add ranges to a set in a map; tell whether it grew."""
    known: Ranges = sets.get(key, ())
    if known and covers(known, ranges):
        return False
    sets[key] = normal([*known, *ranges]) if known else ranges
    return True


def _longest_prefix(hops: tuple[Hop, ...]) -> Iterator[tuple[Range, Hop]]:
    """Cut every prefix free of the longer ones inside it.

    Lines with equal prefixes are all kept: which of them a router uses is not known, so both are possible.
    """
    by_prefix: dict[Range, list[Hop]] = defaultdict(list)
    for hop in hops:
        by_prefix[hop.prefix].append(hop)
    for free, prefix in _cut_free(tuple(by_prefix)):
        for hop in by_prefix[prefix]:
            yield free, hop


@lru_cache(maxsize=1 << 16)
def _cut_free(prefixes: tuple[Range, ...]) -> tuple[tuple[Range, Range], ...]:
    """Return every address with the longest of the prefixes that hold it, as (range, prefix); tenants often share a plan of prefixes."""
    table: list[tuple[Range, Range]] = []
    stack: list[tuple[Range, int]] = []  # a prefix, and its next address that is not yet decided

    def close(prefix: Range, start: int, until: int) -> None:
        if start <= until:
            table.append(((prefix[0], start, until), prefix))

    for prefix in sorted(prefixes, key=lambda r: (r[0], r[1], -r[2])):
        family, first, last = prefix
        while stack and (stack[-1][0][0] != family or stack[-1][0][2] < first):
            outer, start = stack.pop()
            close(outer, start, outer[2])
        if stack:
            outer, start = stack.pop()
            close(outer, start, first - 1)
            stack.append((outer, last + 1))
        stack.append((prefix, first))
    while stack:
        outer, start = stack.pop()
        close(outer, start, outer[2])
    return tuple(table)
