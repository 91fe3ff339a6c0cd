"""The claim ``declared``: each server's filters allow exactly what is declared, as sets of packets and not as lists of rules."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from infra.packets.axes import L4_POINTS
from infra.packets.canonical import canonicalise
from infra.packets.difference import difference
from infra.packets.table import CanonicalTable, RuleTable
from infra.packets.text import Slab, format_slabs
from infra.proof.examples import rules_for
from infra.proof.report import Claim, Difference, Judgement, Packet, Verdict
from infra.reachability.fabric import UNFILTERED, Direction
from infra.reachability.filtering import axis_of, coordinates, rules
from infra.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.packets.axes import PeerAxis
    from infra.ranges import Range
    from infra.reachability.fabric import Fabric, Origin
    from infra.reachability.intent import DeclaredTraffic, Intent

Rectangle = tuple["Range", int, int]
"""(peers, l4_lo, l4_hi)."""

_DIRECTIONS = (Direction.INGRESS, Direction.EGRESS)


def declared(fabric: Fabric, intent: Intent) -> Judgement:
    """Judge ``declared`` for the ports that the intent compares."""
    endpoints = [endpoint for endpoint, port in enumerate(fabric.endpoints.ids) if port in intent.compared]
    absent = [f"{nic.party}/{nic.name}" for nic in intent.nics if not nic.port]
    found = tuple(_differences(fabric, endpoints, intent.allows()))
    wrong = [f"{counted(len(found), 'filter differs', 'filters differ')} from what is declared"] if found else []
    if absent:
        wrong.append(
            f"{counted(len(absent), 'declared network card does', 'declared network cards do')} not exist: {', '.join(absent[:5])}"
        )
    if wrong:
        return Judgement(Claim.DECLARED, Verdict.BROKEN, "; ".join(wrong), differences=found)
    return Judgement(
        Claim.DECLARED,
        Verdict.HOLDS,
        f"the filters of {counted(len(endpoints), 'network card', 'network cards')} allow exactly what is declared",
    )


def _differences(fabric: Fabric, endpoints: list[int], allows: dict[str, tuple[DeclaredTraffic, ...]]) -> Iterator[Difference]:
    """Compare all NICs in one sweep; key of the tables: 2 x endpoint's number + direction."""
    actual: list[tuple[int, Rectangle]] = []
    wanted: list[tuple[int, Rectangle]] = []
    for number, endpoint in enumerate(endpoints):
        for side, direction in enumerate(_DIRECTIONS):
            actual.extend((2 * number + side, rectangle) for rectangle in _allowed(fabric, endpoint, direction))
        declared_here = allows.get(fabric.endpoints.ids[endpoint], ())
        wanted.extend((2 * number + _DIRECTIONS.index(a.direction), (a.peer, a.l4_lo, a.l4_hi)) for a in declared_here)
    axis = axis_of(rectangle[0] for _, rectangle in (*actual, *wanted))
    change = difference(_table(axis, wanted), _table(axis, actual))
    count = Counter(zip(fabric.endpoints.party[endpoints].tolist(), (fabric.endpoints.names[e] for e in endpoints), strict=True))
    for row in np.union1d(change.gained.keys, change.lost.keys).tolist():
        endpoint = endpoints[row // 2]
        twins = count[int(fabric.endpoints.party[endpoint]), fabric.endpoints.names[endpoint]] > 1
        yield _difference(fabric, (endpoint, _DIRECTIONS[row % 2], twins), (change.gained, change.lost), (row, axis))


def _difference(
    fabric: Fabric, place: tuple[int, Direction, bool], tables: tuple[CanonicalTable, CanonicalTable], at: tuple[int, PeerAxis]
) -> Difference:
    endpoint, direction, twins = place
    name = fabric.endpoints.names[endpoint]
    extra, missing = (_text(table, at, direction) for table in tables)
    return Difference(
        f"{name} ({fabric.endpoints.ids[endpoint]})" if twins else name,
        fabric.parties[int(fabric.endpoints.party[endpoint])].name,
        direction.value,
        extra,
        missing,
        _rules_behind(fabric, endpoint, direction, (tables[0], *at)),
    )


def _rules_behind(fabric: Fabric, endpoint: int, direction: Direction, where: tuple[CanonicalTable, int, PeerAxis]) -> tuple[Origin, ...]:
    """Return the rules that allow the first extra packet."""
    gained, key, axis = where
    row = gained.row(key)
    if row < 0:
        return ()
    (l4, _), pieces = next(gained.slabs_of(row))
    address = axis.address(pieces[0][0])
    source, destination = (int(address), 0) if direction is Direction.INGRESS else (0, int(address))
    return rules_for(fabric, endpoint, direction, Packet(address.version, source, destination, l4))


def _text(table: CanonicalTable, at: tuple[int, PeerAxis], direction: Direction) -> str:
    key, axis = at
    row = table.row(key)
    if row < 0:
        return ""
    slabs = [
        Slab(version, l4, exact)
        for l4, pieces in table.slabs_of(row)
        for version in (4, 6)
        if (exact := tuple((axis.exact(lo), axis.exact(hi)) for lo, hi in pieces if axis.address(lo).version == version))
    ]
    return format_slabs(slabs, "from" if direction is Direction.INGRESS else "to")


def _allowed(fabric: Fabric, endpoint: int, direction: Direction) -> list[Rectangle]:
    filter_class = int(fabric.endpoints.filter_class[endpoint])
    if filter_class == UNFILTERED:
        return [((4, 0, 2**32 - 1), 0, L4_POINTS), ((6, 0, 2**128 - 1), 0, L4_POINTS)]
    return [((allow.family, allow.first, allow.last), allow.l4_lo, allow.l4_hi) for allow in rules(fabric, filter_class, direction)]


def _table(axis: PeerAxis, rows: list[tuple[int, Rectangle]]) -> CanonicalTable:
    return canonicalise(
        RuleTable.of(
            [key for key, _ in rows],
            list(range(len(rows))),
            ([rectangle[1] for _, rectangle in rows], [rectangle[2] for _, rectangle in rows]),
            coordinates(axis, [rectangle[0] for _, rectangle in rows]),
        )
    )
