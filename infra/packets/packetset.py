"""Sets of packets as values: what a rule, a flow or an answer allows, with the operators of Python's own sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from infra.packets.axes import IPV4_POINTS, IPV6_BASE, L4_POINTS, PROTOCOL_BITS, peer_address, peer_point
from infra.packets.canonical import canonicalise
from infra.packets.difference import Operation, combine
from infra.packets.table import RuleTable
from infra.packets.text import FAMILIES, Interval, Slab, format_point, format_slabs, parse_rectangles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.packets.axes import Address, PeerAxis
    from infra.packets.table import CanonicalTable

IPV4: Final = 4
IPV6: Final = 6


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet seen from a port: the address at the other end, and its point on the layer 4 axis."""

    peer: Address
    l4: int

    @property
    def protocol(self) -> int:
        """The IP protocol number."""
        return self.l4 >> PROTOCOL_BITS

    @property
    def detail(self) -> int:
        """The destination port; for ICMP ``type << 8 | code``."""
        return self.l4 & ((1 << PROTOCOL_BITS) - 1)

    def __str__(self) -> str:
        return f"{format_point(self.l4)} from {self.peer}"


@dataclass(frozen=True, slots=True)
class PacketSet:
    """An immutable set of packets of both families, always in canonical form: equal sets are equal objects with equal text.

    ``slabs`` are sorted by IP version and layer 4; neighbours differ in peers, and a slab's peers are maximal intervals. Operators:
    ``|``, ``&``, ``-``, ``^``, ``~``, ``<=`` (subset), ``<``, ``in`` (a :class:`Packet`), ``bool`` (not empty). Meant for sets of up to
    thousands of pieces; whole clouds are :class:`~infra.packets.table.RuleTable`, by the same kernels.
    """

    slabs: tuple[Slab, ...] = ()

    @classmethod
    def of(cls, rectangles: Iterable[tuple[Interval, Interval]]) -> Self:
        """Return the union of (layer 4, peers) rectangles, half-open and exact on both axes; empty ones are allowed.

        Raises ``ValueError`` when an interval is off its axis or spans both families.
        """
        boxes = list(rectangles)
        for (l4_lo, l4_hi), (lo, hi) in boxes:
            if not 0 <= l4_lo <= l4_hi <= L4_POINTS or not any(least <= lo <= hi <= most for least, most in FAMILIES):
                raise ValueError(f"{(l4_lo, l4_hi)} x {(lo, hi)} is not a rectangle of packets")
        ranks = _Ranks(bound for _, peers in boxes for bound in peers)
        key = [IPV6 if lo >= IPV6_BASE else IPV4 for _, (lo, _) in boxes]
        l4 = ([l4_lo for (l4_lo, _), _ in boxes], [l4_hi for (_, l4_hi), _ in boxes])
        peers = ([ranks.of[lo] for _, (lo, _) in boxes], [ranks.of[hi] for _, (_, hi) in boxes])
        return cls(ranks.slabs(canonicalise(RuleTable.of(key, range(len(boxes)), l4, peers))))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form that ``str`` writes, and looser ones. Raises :class:`~infra.packets.errors.PacketTextError`."""
        return cls.of(parse_rectangles(text))

    @classmethod
    def nothing(cls) -> Self:
        """Return the empty set."""
        return cls()

    @classmethod
    def everything(cls) -> Self:
        """Return the set of all packets of both families."""
        return cls.of(((0, L4_POINTS), family) for family in FAMILIES)

    @classmethod
    def of_key(cls, table: CanonicalTable, key: int, axis: PeerAxis) -> Self:
        """Return what one key of a table on ``axis`` allows."""
        row = table.row(key)
        if row < 0:
            return cls()
        exact = [
            (l4, [part for lo, hi in pieces for part in _by_family(axis.exact(lo), axis.exact(hi))]) for l4, pieces in table.slabs_of(row)
        ]
        by_version = ((version, l4, _of_family(peers, version)) for version in (IPV4, IPV6) for l4, peers in exact)
        return cls(tuple(_joined(Slab(version, l4, peers) for version, l4, peers in by_version if peers)))

    @classmethod
    def at(cls, peers: Sequence[Interval]) -> Self:
        """Return every packet whose other end is in ``peers``: sorted exact intervals that neither overlap nor touch."""
        by_version = ((version, _of_family(peers, version)) for version in (IPV4, IPV6))
        return cls(tuple(Slab(version, (0, L4_POINTS), own) for version, own in by_version if own))

    def within(self, peers: Sequence[Interval]) -> PacketSet:
        """Return the packets whose other end is in ``peers``, which are as in :meth:`at`; the quick way to intersect with those."""
        cut = ((slab, _meet(slab.peers, peers)) for slab in self.slabs)
        return PacketSet(tuple(_joined(slab._replace(peers=both) for slab, both in cut if both)))

    def __or__(self, other: PacketSet) -> PacketSet:
        return self._combine(other, Operation.UNION)

    def __and__(self, other: PacketSet) -> PacketSet:
        return self._combine(other, Operation.INTERSECTION)

    def __sub__(self, other: PacketSet) -> PacketSet:
        return self._combine(other, Operation.SUBTRACTION)

    def __xor__(self, other: PacketSet) -> PacketSet:
        return self._combine(other, Operation.SYMMETRIC_DIFFERENCE)

    def __invert__(self) -> PacketSet:
        return PacketSet.everything() - self

    def __le__(self, other: PacketSet) -> bool:
        return not self - other

    def __lt__(self, other: PacketSet) -> bool:
        return self != other and self <= other

    def __bool__(self) -> bool:
        return bool(self.slabs)

    def __contains__(self, packet: Packet) -> bool:
        point = peer_point(packet.peer)
        return any(slab.l4[0] <= packet.l4 < slab.l4[1] and any(lo <= point < hi for lo, hi in slab.peers) for slab in self.slabs)

    def __str__(self) -> str:
        return format_slabs(self.slabs, "from")

    def text(self, preposition: str = "from") -> str:
        """Return the stable text; ``preposition`` is "from" for ingress and "to" for egress."""
        return format_slabs(self.slabs, preposition)

    def isdisjoint(self, other: PacketSet) -> bool:
        """Tell whether no packet is in both."""
        return not self & other

    def only(self, version: int) -> PacketSet:
        """Return the packets of one IP version, 4 or 6."""
        return PacketSet(tuple(slab for slab in self.slabs if slab.version == version))

    def size(self) -> int:
        """Return the number of (address, layer 4 point) pairs; a protocol without ports counts 65,536 points per address."""
        return sum((slab.l4[1] - slab.l4[0]) * sum(hi - lo for lo, hi in slab.peers) for slab in self.slabs)

    def witness(self) -> Packet | None:
        """Return the smallest packet of the set, by IP version, layer 4 and address; ``None`` when the set is empty."""
        return next((Packet(peer_address(slab.peers[0][0]), slab.l4[0]) for slab in self.slabs), None)

    def _combine(self, other: PacketSet, operation: Operation) -> PacketSet:
        ranks = _Ranks(bound for part in (self, other) for slab in part.slabs for peers in slab.peers for bound in peers)
        return PacketSet(ranks.slabs(combine(ranks.rules(self.slabs), ranks.rules(other.slabs), operation)))


def _by_family(lo: int, hi: int) -> list[Interval]:
    """Split an exact interval of the peer axis at the gap between the families."""
    if hi <= IPV4_POINTS or lo >= IPV6_BASE:
        return [(lo, hi)]
    parts = ((max(lo, least), min(hi, most)) for least, most in FAMILIES)
    return [(low, high) for low, high in parts if low < high]


def _of_family(peers: Iterable[Interval], version: int) -> tuple[Interval, ...]:
    """Return the intervals of one family."""
    least, most = FAMILIES[version == IPV6]
    return tuple(peer for peer in peers if least <= peer[0] < most)


def _meet(left: Sequence[Interval], right: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return what is in both of two sorted, disjoint lists of intervals."""
    found: list[Interval] = []
    place = 0
    for lo, hi in left:
        while place < len(right) and right[place][1] <= lo:
            place += 1
        other = place
        while other < len(right) and right[other][0] < hi:
            found.append((max(lo, right[other][0]), min(hi, right[other][1])))
            other += 1
    return tuple(found)


def _joined(slabs: Iterable[Slab]) -> Iterator[Slab]:
    """Join slabs that touch and have the same peers; they are sorted, and none is empty."""
    last: Slab | None = None
    for slab in slabs:
        if last is not None and (last.version, last.l4[1], last.peers) == (slab.version, slab.l4[0], slab.peers):
            last = last._replace(l4=(last.l4[0], slab.l4[1]))
            continue
        if last is not None:
            yield last
        last = slab
    if last is not None:
        yield last


class _Ranks:
    """Exact bounds, which may have 128 bits, as small integers for the kernels, and back."""

    __slots__ = ("bounds", "of")

    def __init__(self, bounds: Iterable[int]) -> None:
        self.bounds = sorted(set(bounds))
        self.of = {bound: rank for rank, bound in enumerate(self.bounds)}

    def rules(self, slabs: Iterable[Slab]) -> RuleTable:
        """Return the pieces of canonical slabs as rules with the IP version as key."""
        boxes = [(slab.version, number, *slab.l4, self.of[lo], self.of[hi]) for number, slab in enumerate(slabs) for lo, hi in slab.peers]
        key, number, l4_lo, l4_hi, lo, hi = np.array(boxes, dtype=np.int64).reshape(-1, 6).T
        return RuleTable.of(key, number, (l4_lo, l4_hi), (lo, hi))

    def slabs(self, table: CanonicalTable) -> tuple[Slab, ...]:
        """Return a table with IP versions as keys as slabs."""
        return tuple(
            Slab(int(version), l4, tuple((self.bounds[lo], self.bounds[hi]) for lo, hi in pieces))
            for row, version in enumerate(table.keys)
            for l4, pieces in table.slabs_of(row)
        )
