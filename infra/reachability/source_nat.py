"""Faces: the addresses under which a tenant's servers appear to the outside world, and to whoever has a public address."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from infra.packets.axes import L4_POINTS
from infra.ranges import NEVER_ROUTED, Range, Ranges, covers_one, difference, intersection, normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.reachability.paths import Paths
    from infra.reachability.reach import Reach


class OutsideAddress(NamedTuple):
    """An address, or range, of a party, as others see it."""

    party: int
    span: Range


def untranslated(paths: Paths, endpoint: int, reach: Reach) -> Ranges:
    """Return the part of an endpoint's sources that leaves as it is, because nothing on the way translates it.

    That is whatever the endpoint may send from and no router on the way out takes for one of the sources that it translates: another
    server's address as well, where nothing guards the endpoint.
    """
    place = paths.fabric.segments[int(paths.fabric.endpoints.segment[endpoint])]
    routers = [paths.fabric.routers[number] for number in reach.routers]
    exits = [(router, families) for router, number in zip(routers, reach.routers, strict=True) if (families := paths.exits(number))]
    if not exits and not place.external:
        return ()
    sources = difference(paths.fabric.builder.sources(endpoint), NEVER_ROUTED)
    if place.external:
        return sources
    left = (span for router, families in exits for span in difference(sources, router.translated) if span[0] in families)
    return normal(left)


class OutsideAddresses:
    """All outside addresses of all tenants. Each is an upper bound: which servers of its party are behind it is found when it matters."""

    def __init__(self, paths: Paths) -> None:
        """Collect translated addresses, floating IPs and untranslated addresses."""
        self._paths = paths
        self._bound: dict[OutsideAddress, list[int]] = {}
        self._as_they_are: dict[OutsideAddress, list[int]] = {}
        self._roaming = frozenset(paths.fabric.builder.roaming())
        found: set[OutsideAddress] = set()
        for public in paths.fabric.public:
            if (public.l4_lo, public.l4_hi) == (0, L4_POINTS):
                outside_address = OutsideAddress(
                    int(paths.fabric.endpoints.party[public.endpoint]),
                    (public.family, public.address, public.address),
                )
                self._bound.setdefault(outside_address, []).append(public.endpoint)
        found.update(self._bound)
        for party in paths.tenants():
            reach = paths.reach(paths.segments_of_party[party])
            if self._leaves(reach):
                found.update(OutsideAddress(party, span) for span in self._masks(reach))
                self._collect(party, reach)
        found.update(self._as_they_are)
        self.all = sorted(outside_address for outside_address in found if outside_address.party not in paths.platform)

    def _leaves(self, reach: Reach) -> bool:
        """Tell whether anything gets out, if only to a neighbour on an external network."""
        return bool(reach.outside) or any(self._paths.fabric.segments[segment].public for segment in reach.delivered)

    def _masks(self, reach: Reach) -> Iterator[Range]:
        for router in reach.routers:
            for family, address in self._paths.fabric.routers[router].masquerade:
                yield family, address, address

    def _collect(self, party: int, reach: Reach) -> None:
        """Note every range of addresses that leaves as it is, with the endpoints that may send from it."""
        paths = self._paths
        segments = paths.segments_of_party[party]
        whole = {segment for segment in segments if not self._is_translated(segment, reach)}
        whole = {s for s in whole if paths.fabric.segments[s].external or not self._is_translated(s, paths.reach((s,)))}
        members = paths.of_party[party].tolist()
        if not whole and self._roaming.isdisjoint(members):
            return
        for endpoint in members:
            segment = int(paths.fabric.endpoints.segment[endpoint])
            if segment in whole or endpoint in self._roaming:
                for span in untranslated(paths, endpoint, paths.reach((segment,))):
                    self._as_they_are.setdefault(OutsideAddress(party, span), []).append(endpoint)

    def _is_translated(self, segment: int, reach: Reach) -> bool:
        """Tell whether everything that comes from a segment's own subnets is translated before it leaves."""
        paths, place = self._paths, self._paths.fabric.segments[segment]
        if place.external:
            return False
        for number in reach.routers:
            families, translated = paths.exits(number), paths.fabric.routers[number].translated
            for span in place.prefixes if families else ():
                if span[0] in families and not covers_one(translated, span):
                    return False
        return True

    @cached_property
    def _singles(self) -> list[tuple[int, int, int]]:
        """(family, address, party) of the outside addresses that are one address, sorted."""
        return sorted(
            (outside_address.span[0], outside_address.span[1], outside_address.party)
            for outside_address in self.all
            if outside_address.span[1] == outside_address.span[2]
        )

    @cached_property
    def _wide(self) -> list[OutsideAddress]:
        return [outside_address for outside_address in self.all if outside_address.span[1] != outside_address.span[2]]

    def within(self, ranges: Ranges) -> Iterator[OutsideAddress]:
        """Yield the outside addresses that share an address with ``ranges``."""
        for family, first, last in ranges:
            start = bisect_left(self._singles, (family, first, -1))
            end = bisect_left(self._singles, (family, last + 1, -1))
            yield from (OutsideAddress(party, (kind, address, address)) for kind, address, party in self._singles[start:end])
        yield from (outside_address for outside_address in self._wide if intersection((outside_address.span,), ranges))

    def is_translated(self, outside_address: OutsideAddress) -> bool:
        """Tell whether an outside address stands in place of its servers' own addresses."""
        return outside_address not in self._as_they_are

    def members(self, outside_address: OutsideAddress) -> list[int]:
        """Return the endpoints that appear under an outside address."""
        paths = self._paths
        found = dict.fromkeys([*self._bound.get(outside_address, ()), *self._as_they_are.get(outside_address, ())])
        if outside_address.span[1] == outside_address.span[2] and outside_address not in self._bound:
            for endpoint in paths.of_party[outside_address.party].tolist():
                reach = paths.reach((int(paths.fabric.endpoints.segment[endpoint]),))
                if self._leaves(reach) and outside_address.span in set(self._masks(reach)):
                    found[endpoint] = None
        return list(found)
