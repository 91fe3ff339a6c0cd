"""What passes between two sides, exactly: routing joined with both filters, translation of addresses included.

A traffic is a set of packets as the target's filter sees them. Like the proof, it is a superset of what can happen: a server that does
not answer, or a filter inside the guest, makes it smaller. The drivers' implicit control traffic (neighbour discovery, DHCP) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from infra.packets.axes import IPV6_BASE
from infra.packets.packetset import PacketSet
from infra.queries.sides import Side, World
from infra.queries.sweeps import common_axis, rectangles, swept
from infra.ranges import Ranges, intersection, normal, show_address
from infra.reachability.fabric import Direction, PublicAddress
from infra.reachability.paths import TO_ALL, Paths
from infra.reachability.public import public_addresses_of
from infra.reachability.source_nat import untranslated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.packets.text import Interval, Slab
    from infra.queries.sides import Place
    from infra.ranges import Range
    from infra.reachability.fabric import Fabric
    from infra.reachability.reach import Reach


class Box(NamedTuple):
    """Packets of one layer-4 interval ``[l4_lo, l4_hi)``: any of the sources to any of the destinations, closed ranges of one family."""

    l4_lo: int
    l4_hi: int
    sources: Ranges
    destinations: Ranges


@dataclass(frozen=True, slots=True)
class Traffic:
    """Everything that passes from one side to another on one way; ``boxes`` are disjoint and sorted by family and layer 4.

    With a ``public_address`` the source sends to that public address, and the boxes are what the target sees of it.
    """

    source: Place
    target: Place
    boxes: tuple[Box, ...]
    links: tuple[str, ...]
    public_address: PublicAddress | None = None


Way = tuple[tuple[Box, ...], tuple[str, ...], PublicAddress | None]
"""(boxes, links, public address) of traffic whose ends are known."""


class ReachableTraffic:
    """Answers for one fabric; what a filter allows is worked out once per filter."""

    def __init__(self, fabric: Fabric) -> None:
        """Prepare routing."""
        self.fabric = fabric
        self.paths = Paths(fabric)
        self._public_addresses: dict[int, list[PublicAddress]] | None = None
        self._allowed: dict[tuple[int, Direction], PacketSet] = {}

    def between(self, source: Place, target: Place) -> list[Traffic]:
        """Return what passes from source to target, one for each way that packets can take; empty when nothing does."""
        ways = self._ways(source, target)
        return [Traffic(source, target, boxes, links, public) for boxes, links, public in ways if boxes]

    def directly(self, source: Side, target: Side) -> list[Traffic]:
        """Return what passes by the endpoints' own addresses, public addresses left out."""
        ways = self._inside(source, target, self.paths.reach((source.segment,)))
        return [Traffic(source, target, boxes, links, public) for boxes, links, public in ways if boxes]

    def allowed(self, filter_class: int, direction: Direction) -> PacketSet:
        """Return what the rules of a filter allow in one direction; the peer of a packet is its other end."""
        if (filter_class, direction) not in self._allowed:
            self.prepare([(filter_class, direction)])
        return self._allowed[filter_class, direction]

    def prepare(self, filters: Iterable[tuple[int, Direction]]) -> None:
        """Work out what many filters allow in one sweep, which is many times quicker than one by one."""
        wanted = [key for key in dict.fromkeys(filters) if key not in self._allowed]
        rows = [(number, rectangle) for number, key in enumerate(wanted) for rectangle in rectangles(self.fabric, *key)]
        axis = common_axis(rows)
        table = swept(axis, rows)
        self._allowed.update((key, PacketSet.of_key(table, number, axis)) for number, key in enumerate(wanted))

    def forget(self) -> None:
        """Let go of what filters allow: a whole cloud's is large, and :meth:`prepare` makes it again."""
        self._allowed.clear()

    def publicly(self, source: Side, target: Side) -> list[Traffic]:
        """Return what passes by the target's public addresses alone."""
        ways = self._by_public_address(source, target, self.paths.reach((source.segment,)))
        return [Traffic(source, target, boxes, links, public) for boxes, links, public in ways if boxes]

    def _ways(self, source: Place, target: Place) -> Iterator[Way]:
        if isinstance(source, Side):
            reach = self.paths.reach((source.segment,))
            if isinstance(target, World):
                yield self._outwards(source, target, reach)
            else:
                yield from self._inside(source, target, reach)
                yield from self._by_public_address(source, target, reach)
        elif isinstance(target, Side):
            yield from self._inwards(source, target)

    def _inside(self, source: Side, target: Side, reach: Reach) -> Iterator[Way]:
        """Follow routing by the addresses that endpoints themselves have."""
        for delivery in self.paths.deliveries(reach, public=True):
            if delivery.segment != target.segment:
                continue
            destinations = normal(span for member in target.members for span in self.paths.takes(member, delivery))
            routers = [self.fabric.routers[link.router] for link in reach.path(delivery.link) if link.router is not None]
            masks = [(family, value, value) for router in routers for family, value in router.masquerade]
            sources = normal([*self._sources(source), *masks])
            sent = self.allowed(source.filter_class, Direction.EGRESS).within(_intervals(destinations))
            seen = self.allowed(target.filter_class, Direction.INGRESS).within(_intervals(sources))
            found, links = _boxes(sent, seen), self.paths.describe(reach, delivery.link)
            yield found, links, None
            if not found and delivery.is_beside and source.party != target.party:
                yield self._to_all(source, target), (*links, TO_ALL), None

    def _to_all(self, source: Side, target: Side) -> tuple[Box, ...]:
        """Return what passes to a stranger on the same segment in frames to all of it, whatever the destination is."""
        sources = _intervals(self._sources(source))
        seen = PacketSet.at(sources) if self.fabric.floods else self.allowed(target.filter_class, Direction.INGRESS).within(sources)
        return _boxes(self.allowed(source.filter_class, Direction.EGRESS), seen)

    def _by_public_address(self, source: Side, target: Side, reach: Reach) -> Iterator[Way]:
        """Leave the cloud and come back by an address of the target that is public."""
        outside_addresses = self.outside_addresses(source)
        for public in self.public_addresses(target):
            address = ((public.family, public.address, public.address),)
            if not intersection(address, self.leaving(reach)):
                continue
            sent = self.allowed(source.filter_class, Direction.EGRESS).within(_intervals(address))
            yield (
                self._through(public, target, _shifted(sent, public), outside_addresses),
                (f"by the public address {_text(public)}",),
                public,
            )

    def leaving(self, reach: Reach) -> Ranges:
        """Return the destinations that leave the cloud's private networks: sent outside, or to an external network itself."""
        external = (ranges for place, ranges in reach.delivered.items() if self.fabric.segments[place].external)
        return normal([*reach.outside, *(span for ranges in external for span in ranges)])

    def _inwards(self, source: World, target: Side) -> Iterator[Way]:
        for public in self.public_addresses(target):
            sent = PacketSet.of(
                [
                    (
                        (public.l4_lo + public.shift, public.l4_hi + public.shift),
                        points((public.family, public.private, public.private)),
                    )
                ]
            )
            yield (
                self._through(public, target, sent, source.ranges),
                (f"from outside to the public address {_text(public)}",),
                public,
            )

    def _through(self, public: PublicAddress, target: Side, sent: PacketSet, sources: Ranges) -> tuple[Box, ...]:
        same = tuple(span for span in sources if span[0] == public.family)
        seen = self.allowed(target.filter_class, Direction.INGRESS).within(_intervals(same))
        return _boxes(sent, seen)

    def _outwards(self, source: Side, target: World, reach: Reach) -> Way:
        left = intersection(self.leaving(reach), target.ranges)
        sent = self.allowed(source.filter_class, Direction.EGRESS).within(_intervals(left))
        seen = PacketSet.at(_intervals(self._sources(source)))
        links = self.paths.describe(reach, reach.outside_via) if reach.outside_via else ()
        return _boxes(sent, seen), (*links, "to the networks outside"), None

    def _sources(self, side: Side) -> Ranges:
        return normal(span for member in side.members for span in self.fabric.builder.sources(member))

    def public_addresses(self, side: Side) -> list[PublicAddress]:
        """Return the public addresses of a side's members."""
        if self._public_addresses is None:
            self._public_addresses = {}
            for public in public_addresses_of(self.paths):
                self._public_addresses.setdefault(public.endpoint, []).append(public)
        return [public for member in side.members for public in self._public_addresses.get(member, ())]

    def outside_addresses(self, side: Side) -> Ranges:
        """Return the addresses under which a side appears outside: its routers', its own public ones, and what nothing translates."""
        reach = self.paths.reach((side.segment,))
        masks = [mask for router in reach.routers for mask in self.fabric.routers[router].masquerade]
        own = [(public.family, public.address) for public in self.public_addresses(side)]
        translated = [(family, value, value) for family, value in [*masks, *own]]
        return normal([*translated, *(span for member in side.members for span in untranslated(self.paths, member, reach))])


def points(span: Range) -> Interval:
    """Return a closed range as an exact interval of the peer axis."""
    family, first, last = span
    base = 0 if family == 4 else IPV6_BASE  # noqa: PLR2004 - the family is its version number
    return base + first, base + last + 1


def _intervals(ranges: Ranges) -> list[Interval]:
    """Return a normal set of ranges as exact intervals of the peer axis."""
    return [points(span) for span in ranges]


def _shifted(sent: PacketSet, public: PublicAddress) -> PacketSet:
    """Return what is sent to a public address as the endpoint behind it sees it: its private address, layer 4 moved."""
    private = points((public.family, public.private, public.private))
    parts = [(max(slab.l4[0], public.l4_lo), min(slab.l4[1], public.l4_hi)) for slab in sent.slabs]
    return PacketSet.of([((lo + public.shift, hi + public.shift), private) for lo, hi in parts if lo < hi])


def _boxes(sent: PacketSet, seen: PacketSet) -> tuple[Box, ...]:
    """Join what the source may send (peers are destinations) with what the target admits (peers are sources)."""
    found = []
    for out in sent.slabs:
        for into in seen.slabs:
            lo, hi = max(out.l4[0], into.l4[0]), min(out.l4[1], into.l4[1])
            if out.version == into.version and lo < hi:
                found.append(Box(lo, hi, _ranges(into), _ranges(out)))
    return tuple(sorted(found, key=lambda box: (box.sources[0][0], box.l4_lo)))


def _ranges(slab: Slab) -> Ranges:
    base = 0 if slab.version == 4 else IPV6_BASE  # noqa: PLR2004 - the family is its version number
    return tuple((slab.version, lo - base, hi - base - 1) for lo, hi in slab.peers)


def _text(public: PublicAddress) -> str:
    return show_address(public.family, public.address)
