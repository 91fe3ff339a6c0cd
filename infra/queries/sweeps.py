"""Many filters of a fabric in one table: the kernels take a cloud's filters together many times quicker than one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.packets.axes import L4_POINTS
from infra.packets.canonical import canonicalise
from infra.packets.table import RuleTable
from infra.ranges import ANY
from infra.reachability.fabric import UNFILTERED
from infra.reachability.filtering import axis_of, coordinates, rules

if TYPE_CHECKING:
    from infra.packets.axes import PeerAxis
    from infra.packets.table import CanonicalTable
    from infra.ranges import Range
    from infra.reachability.fabric import Direction, Fabric

Rectangle = tuple["Range", int, int]
"""(peers, l4_lo, l4_hi)."""

Rows = list[tuple[int, Rectangle]]
"""Rectangles, each with the key of the filter it belongs to."""


def rectangles(fabric: Fabric, filter_class: int, direction: Direction) -> list[Rectangle]:
    """Return what the rules of a class allow; everything where no filter is."""
    if filter_class == UNFILTERED:
        return [(family, 0, L4_POINTS) for family in ANY]
    return [((a.family, a.first, a.last), a.l4_lo, a.l4_hi) for a in rules(fabric, filter_class, direction)]


def common_axis(*states: Rows) -> PeerAxis:
    """Return an axis on which the rectangles of all states have exact coordinates."""
    return axis_of(rectangle[0] for rows in states for _, rectangle in rows)


def swept(axis: PeerAxis, rows: Rows) -> CanonicalTable:
    """Return what every key's rectangles allow together."""
    l4 = ([lo for _, (_, lo, _) in rows], [hi for _, (_, _, hi) in rows])
    peers = coordinates(axis, [rectangle[0] for _, rectangle in rows])
    return canonicalise(RuleTable.of([key for key, _ in rows], range(len(rows)), l4, peers))
