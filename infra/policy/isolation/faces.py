"""Faces: the public addresses under which a tenant's servers appear to the outside world."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from infra.policy.isolation.ranges import PRIVATE, Range, Ranges, covers, difference, intersection, normal
from infra.policy.packets.axes import L4_POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.policy.isolation.paths import Paths
    from infra.policy.isolation.reach import Reach


class Face(NamedTuple):
    """A public address, or range, of a party."""

    party: int
    span: Range


def untranslated(paths: Paths, endpoint: int, reach: Reach) -> Ranges:
    """Return the part of an endpoint's sources that leaves as it is, because nothing on the way translates it."""
    fabric = paths.fabric
    place = fabric.segments[int(fabric.endpoints.segment[endpoint])]
    if place.public:
        return intersection(fabric.builder.sources(endpoint), fabric.outside_ranges)
    routed = normal([*place.routed, *(span for router in reach.routers for span in fabric.routers[router].routable)])
    return intersection(fabric.builder.sources(endpoint), routed) if routed else ()


class Faces:
    """All faces of all tenants. A party's face is an upper bound: which of its servers are behind it is found when it matters."""

    def __init__(self, paths: Paths) -> None:
        """Collect translated addresses, floating IPs and untranslated addresses."""
        self._paths = paths
        self._bound: dict[Face, list[int]] = {}
        found: set[Face] = set()
        for door in paths.fabric.public:
            if (door.l4_lo, door.l4_hi) == (0, L4_POINTS):
                face = Face(int(paths.fabric.endpoints.party[door.endpoint]), (door.family, door.address, door.address))
                self._bound.setdefault(face, []).append(door.endpoint)
        found.update(self._bound)
        for party in paths.tenants():
            reach = paths.reach(paths.segments_of_party[party])
            if self._leaves(reach):
                found.update(Face(party, span) for span in self._masks(reach))
                found.update(Face(party, span) for span in self._untranslated(party, reach))
        self.all = sorted(face for face in found if face.party not in paths.platform)

    def _leaves(self, reach: Reach) -> bool:
        """Tell whether anything gets out, if only to a neighbour on an external network."""
        return bool(reach.outside) or any(self._paths.fabric.segments[segment].public for segment in reach.delivered)

    def _masks(self, reach: Reach) -> Iterator[Range]:
        for router in reach.routers:
            for family, address in self._paths.fabric.routers[router].masquerade:
                yield family, address, address

    def _untranslated(self, party: int, reach: Reach) -> Iterator[Range]:
        fabric = self._paths.fabric
        places = [fabric.segments[segment] for segment in self._paths.segments_of_party[party]]
        if any(place.public or place.routed for place in places) or any(fabric.routers[router].routable for router in reach.routers):
            for endpoint in self._paths.of_party[party].tolist():
                yield from self._as_they_are(endpoint, reach)

    def _as_they_are(self, endpoint: int, reach: Reach) -> Ranges:
        return difference(untranslated(self._paths, endpoint, reach), PRIVATE)

    def beyond(self, ranges: Ranges) -> list[Face]:
        """Return the faces that are not within ``ranges``."""
        return [face for face in self.all if not covers(ranges, (face.span,))]

    @cached_property
    def _singles(self) -> list[tuple[int, int, int]]:
        """(family, address, party) of the faces that are one address, sorted."""
        return sorted((face.span[0], face.span[1], face.party) for face in self.all if face.span[1] == face.span[2])

    @cached_property
    def _wide(self) -> list[Face]:
        return [face for face in self.all if face.span[1] != face.span[2]]

    def within(self, ranges: Ranges) -> Iterator[Face]:
        """Yield the faces that share an address with ``ranges``."""
        for family, first, last in ranges:
            start = bisect_left(self._singles, (family, first, -1))
            end = bisect_left(self._singles, (family, last + 1, -1))
            yield from (Face(party, (kind, address, address)) for kind, address, party in self._singles[start:end])
        yield from (face for face in self._wide if intersection((face.span,), ranges))

    def members(self, face: Face) -> list[int]:
        """Return the endpoints that appear under a face."""
        paths = self._paths
        if face in self._bound:
            return self._bound[face]
        found = []
        for endpoint in paths.of_party[face.party].tolist():
            reach = paths.reach((int(paths.fabric.endpoints.segment[endpoint]),))
            if self._leaves(reach) and (face.span in set(self._masks(reach)) or face.span in self._as_they_are(endpoint, reach)):
                found.append(endpoint)
        return found
