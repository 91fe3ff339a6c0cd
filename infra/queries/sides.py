"""The two ends of a question: endpoints that nothing tells apart, or addresses outside the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.ranges import GLOBAL, Ranges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.reachability.fabric import Fabric


@dataclass(frozen=True, slots=True)
class Side:
    """Endpoints of one party on one segment with one filter; ``name`` is what people call them."""

    name: str
    party: int
    segment: int
    filter_class: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Addresses outside the cloud."""

    name: str
    ranges: Ranges


INTERNET = World("internet", GLOBAL)
"""Every address that the networks outside route to a server: what a question means by ``outside``, and prints as ``internet``."""

OUTSIDE = frozenset({INTERNET.name, "outside"})
"""Words of the command line for it. What a declaration means by ``internet`` is more, see :mod:`infra.declaration.reserved`."""

Place = Side | World


def group(fabric: Fabric, endpoints: Iterable[int]) -> tuple[Side, ...]:
    """Put endpoints that nothing tells apart into one side each, in the order of their first members."""
    ends = fabric.endpoints
    found: dict[tuple[int, int, int], list[int]] = {}
    for endpoint in endpoints:
        key = (int(ends.party[endpoint]), int(ends.segment[endpoint]), int(ends.filter_class[endpoint]))
        found.setdefault(key, []).append(endpoint)
    return tuple(Side(_name(fabric, members), *key, tuple(members)) for key, members in found.items())


def _name(fabric: Fabric, members: list[int]) -> str:
    first = fabric.endpoints.names[members[0]]
    return first if len(members) == 1 else f"{first} and {len(members) - 1} alike"
