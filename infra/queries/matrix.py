"""``matrix``: who can send what to whom, by tenant or by network, with the pairs of servers behind every cell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.queries.answers import services
from infra.queries.sides import INTERNET, Side, group
from infra.reachability.fabric import Direction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from infra.queries.sides import Place
    from infra.queries.traffic import ReachableTraffic, Traffic

INTERNET_ROW = "internet"


class Level(StrEnum):
    """What a row is."""

    TENANTS = "tenants"
    ZONES = "zones"


@dataclass(frozen=True, slots=True)
class Cell:
    """What passes from one row to another: minimal services, and the traffic they come from, for drilling down."""

    services: tuple[str, ...]
    traffic: tuple[Traffic, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows in their order, and the cells that are not empty. By public addresses, a tenant is part of ``internet``."""

    level: Level
    rows: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]


def matrix(reachable: ReachableTraffic, level: Level, parties: Collection[str] = (), *, detail: bool = True) -> Matrix:
    """Work out the matrix of some parties (all when none is named): pairs are visited only where a path joins their networks.

    Without ``detail`` the cells have services only, which is what a table shows; a whole cloud then fits into little memory.
    """
    sides = _sides(reachable, parties)
    open_: dict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
    found: dict[tuple[str, str], list[Traffic]] = defaultdict(list)
    for traffic in _traffic(reachable, sides):
        key = _row(reachable, traffic.source, level), _row(reachable, traffic.target, level)
        open_[key].update((box.l4_lo, box.l4_hi) for box in traffic.boxes)
        if detail:
            found[key].append(traffic)
    rows = dict.fromkeys(_row(reachable, side, level) for side in sides)
    cells = {key: Cell(tuple(services(intervals)), tuple(found.get(key, ()))) for key, intervals in open_.items()}
    return Matrix(level, (*rows, INTERNET_ROW), cells)


def _sides(reachable: ReachableTraffic, parties: Collection[str]) -> list[Side]:
    fabric = reachable.fabric
    chosen = [number for number, party in enumerate(fabric.parties) if not parties or party.name in parties]
    of_party = reachable.paths.of_party
    return [side for party in chosen if party in of_party for side in group(fabric, of_party[party].tolist())]


BATCH = 600
"""Sides whose filters are worked out together: many enough to be quick, few enough to be small."""


def _traffic(reachable: ReachableTraffic, sides: list[Side]) -> Iterator[Traffic]:
    on_segment: dict[int, list[Side]] = defaultdict(list)
    for side in sides:
        on_segment[side.segment].append(side)
    for start in range(0, len(sides), BATCH):  # sides are in the order of their parties, so those that meet are mostly in one batch
        batch = sides[start : start + BATCH]
        reachable.prepare((side.filter_class, direction) for side in batch for direction in Direction)
        for source in batch:
            yield from _sent(reachable, source, on_segment)
        for target in batch:
            yield from reachable.between(INTERNET, target)
        reachable.forget()


def _sent(reachable: ReachableTraffic, source: Side, on_segment: dict[int, list[Side]]) -> Iterator[Traffic]:
    """Yield what a side may send to the others by their own addresses, and to the internet."""
    reach = reachable.paths.reach((source.segment,))
    places = {delivery.segment for delivery in reachable.paths.deliveries(reach, public=True)}
    for place in sorted(places & on_segment.keys()):
        for target in on_segment[place]:
            if target is not source or len(source.members) > 1:
                yield from reachable.directly(source, target)
    yield from reachable.between(source, INTERNET)


def _row(reachable: ReachableTraffic, place: Place, level: Level) -> str:
    if not isinstance(place, Side):
        return INTERNET_ROW
    party = reachable.fabric.parties[place.party].name
    return party if level is Level.TENANTS else f"{party} on {reachable.fabric.segments[place.segment].name}"
