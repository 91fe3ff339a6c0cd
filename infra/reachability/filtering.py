"""What filters let pass between sets of endpoints: a bridge from the fabric to the array kernels of :mod:`infra.packets`.

Endpoints of one party with one filter are one class; the kernels then look at classes, never at pairs of endpoints. A driver's implicit
control traffic (neighbour discovery, DHCP) is left out here: claims are about what rules allow, and what passes as an answer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from infra.packets.axes import IPV6_BASE, PeerAxis
from infra.packets.canonical import canonicalise
from infra.packets.classes import EVERYTHING, NOTHING, Flows, PortClasses
from infra.packets.pairs import connected, flows
from infra.packets.table import CanonicalTable, RuleTable
from infra.ranges import Range, Ranges, intersection, normal
from infra.reachability.connection_tracking import answers
from infra.reachability.fabric import UNFILTERED, Allow, Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from infra.packets.arrays import Ints, Packed
    from infra.reachability.fabric import Fabric

_IPV4 = 4


@dataclass(frozen=True, slots=True)
class Member:
    """An endpoint's part in an adjacency: the addresses it sends from as the other side sees them, or takes packets at as they are sent.

    ``bare``: its filter is not asked.
    """

    endpoint: int
    label: int
    ranges: Ranges
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Adjacency:
    """Endpoints between which the network carries packets, every source to every target."""

    sources: tuple[Member, ...]
    targets: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class PassedPackets:
    """A box of packets that pass in an adjacency: every address of ``source`` to every address of ``target``, layer 4 ``[l4_lo, l4_hi)``.

    ``sources`` and ``targets`` are the endpoints of the two classes that have addresses in the box.
    """

    adjacency: int
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    source: Range
    target: Range
    l4_lo: int
    l4_hi: int


def axis_of(ranges: Iterable[Range]) -> PeerAxis:
    """Return an axis on which all these ranges have exact coordinates."""
    six = sorted({(first, last) for family, first, last in ranges if family != _IPV4})
    return PeerAxis.from_packed(_packed(first for first, _ in six), _packed(last for _, last in six))


def _packed(values: Iterable[int]) -> Packed:
    return np.array([value.to_bytes(16, "big") for value in values], dtype="S16")


def coordinates(axis: PeerAxis, ranges: Sequence[Range]) -> tuple[list[int], list[int]]:
    """Return ``lo`` and ``hi`` of closed ranges on an axis."""
    six = [(first, last) for family, first, last in ranges if family != _IPV4]
    ranked = axis.intervals6(_packed(first for first, _ in six), _packed(last for _, last in six)) if six else ()
    pairs = iter(zip(*(bounds.tolist() for bounds in ranked), strict=True))
    both = [(first, last + 1) if family == _IPV4 else next(pairs) for family, first, last in ranges]
    return [lo for lo, _ in both], [hi for _, hi in both]


def rules(fabric: Fabric, filter_class: int, direction: Direction) -> list[Allow]:
    """Return what rules allow, without the driver's implicit control traffic."""
    return [allow for allow in fabric.builder.allows(filter_class, direction) if not allow.implicit]


Filter = tuple[int, Direction, int]
"""(class, direction, label of whoever sends answers through it, or :data:`NOBODY`)."""

NOBODY = -1
"""In place of a label: the filter is the same whoever is behind it."""


class Filtering:
    """Kernels over the filters of a fabric, for a given list of adjacencies."""

    def __init__(
        self, fabric: Fabric, adjacencies: Sequence[Adjacency], askers: Mapping[int, Ranges] | None = None, *, taken: bool = True
    ) -> None:
        """Collect the classes and rules that the adjacencies need, and nothing else.

        With ``askers``, answers count as well: by label, the addresses that members may send answers to. Unless they are ``taken``,
        nobody takes a packet for an answer.
        """
        self.fabric = fabric
        self.adjacencies = adjacencies
        self._askers = askers
        self._taken = taken
        self._rows: dict[tuple[int, int, int, Direction], list[Member]] = defaultdict(list)
        for number, adjacency in enumerate(adjacencies):
            for direction, members in ((Direction.EGRESS, adjacency.sources), (Direction.INGRESS, adjacency.targets)):
                for member in members:
                    filter_class = UNFILTERED if member.bare else int(fabric.endpoints.filter_class[member.endpoint])
                    self._rows[number, member.label, filter_class, direction].append(member)

    def passing(self, *, every: bool = False) -> list[PassedPackets]:
        """Return what passes between classes with different labels: one box per pair of classes, or ``every`` box."""
        if not self._rows:
            return []
        table, keys = self._table()
        ranges = [normal(chain.from_iterable(member.ranges for member in members)) for members in self._rows.values()]
        axis = self._axis
        sources = [span if key[3] is Direction.EGRESS else () for key, span in zip(self._rows, ranges, strict=True)]
        targets = [span if key[3] is Direction.INGRESS else () for key, span in zip(self._rows, ranges, strict=True)]
        source_lo, source_hi = coordinates(axis, list(chain.from_iterable(sources)))
        target_lo, target_hi = coordinates(axis, list(chain.from_iterable(targets)))
        classes = PortClasses(
            component=np.array([key[0] for key in self._rows], dtype=np.int64),
            label=np.array([key[1] for key in self._rows], dtype=np.int64),
            ingress=self._row_numbers(table, keys, Direction.INGRESS),
            egress=self._row_numbers(table, keys, Direction.EGRESS),
            source_offsets=_offsets(sources),
            source_lo=np.array(source_lo, dtype=np.int64),
            source_hi=np.array(source_hi, dtype=np.int64),
            target_offsets=_offsets(targets),
            target_lo=np.array(target_lo, dtype=np.int64),
            target_hi=np.array(target_hi, dtype=np.int64),
        )
        return self._explain(flows(classes, table) if every else connected(classes, table))

    def _filter(self, label: int, filter_class: int, direction: Direction) -> Filter:
        return filter_class, direction, label if self._askers is not None and direction is Direction.EGRESS else NOBODY

    def _allowed(self, which: Filter) -> list[Allow]:
        """Return what passes a filter by its rules or, where they are asked for, as an answer."""
        filter_class, direction, label = which
        found = rules(self.fabric, filter_class, direction)
        if self._askers is None or (direction is Direction.INGRESS and not self._taken):
            return found
        other = Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS
        askers = None if label == NOBODY else self._askers.get(label, ())
        return [*found, *answers(rules(self.fabric, filter_class, other), askers)]

    def _table(self) -> tuple[CanonicalTable, dict[Filter, int]]:
        keys: dict[Filter, int] = {}
        allows: list[tuple[int, Allow]] = []
        for _, label, filter_class, direction in self._rows:
            which = self._filter(label, filter_class, direction)
            if filter_class != UNFILTERED and which not in keys:
                key = keys[which] = len(keys)
                allows.extend((key, allow) for allow in self._allowed(which))
        spans = [(allow.family, allow.first, allow.last) for _, allow in allows]
        members = chain.from_iterable(member.ranges for group in self._rows.values() for member in group)
        self._axis = axis_of(chain(spans, members))
        table = RuleTable.of(
            [key for key, _ in allows],
            list(range(len(allows))),
            ([allow.l4_lo for _, allow in allows], [allow.l4_hi for _, allow in allows]),
            coordinates(self._axis, spans),
        )
        return canonicalise(table), keys

    def _row_numbers(self, table: CanonicalTable, keys: dict[Filter, int], direction: Direction) -> Ints:
        return np.array(
            [
                NOTHING
                if kind is not direction
                else EVERYTHING
                if filter_class == UNFILTERED
                else table.row(keys[self._filter(label, filter_class, kind)])
                for _, label, filter_class, kind in self._rows
            ],
            dtype=np.int64,
        )

    def _explain(self, found: Flows) -> list[PassedPackets]:
        """Turn boxes on the axes into addresses and endpoints."""
        rows = list(self._rows.items())
        columns = (found.source, found.target, found.l4_lo, found.l4_hi)
        ends = ((found.source_lo, found.source_hi), (found.target_lo, found.target_hi))
        spans = [[span_at(self._axis, lo, hi) for lo, hi in zip(los.tolist(), his.tolist(), strict=True)] for los, his in ends]
        return [
            PassedPackets(rows[source][0][0], _holders(rows[source][1], sent), _holders(rows[target][1], taken), sent, taken, lo, hi)
            for source, target, lo, hi, sent, taken in zip(*(column.tolist() for column in columns), *spans, strict=True)
        ]


def span_at(axis: PeerAxis, lo: int, hi: int) -> Range:
    """Return a half-open interval of an axis, of one family, as a closed range of addresses."""
    first, last = axis.exact(lo), axis.exact(hi) - 1
    return (4, first, last) if first < IPV6_BASE else (6, first - IPV6_BASE, last - IPV6_BASE)


def _holders(members: list[Member], span: Range) -> tuple[int, ...]:
    """Return the endpoints that have an address in a range."""
    return tuple(member.endpoint for member in members if intersection((span,), member.ranges))


def _offsets(groups: Sequence[Ranges]) -> Ints:
    return np.concatenate([[0], np.cumsum([len(group) for group in groups], dtype=np.int64)]).astype(np.int64)
