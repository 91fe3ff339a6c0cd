"""Which endpoints of which parties can be reached from where: closures of routing joined with who is on the segments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from infra.packets.arrays import first_of_runs
from infra.ranges import ANY, Ranges, intersection, normal, show
from infra.reachability.fabric import Hop
from infra.reachability.reach import Link, Reach, Routing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.packets.arrays import Ints
    from infra.reachability.fabric import Fabric

TO_ALL = "in a frame to all of this network: whose address the destination is, is not looked at"
"""Link by which a frame gets to every endpoint of a segment."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Destinations that reach endpoints on a segment: those of ``destinations``, or (``via_next_hop``) whatever is sent to one address."""

    segment: int
    destinations: Ranges
    link: Link
    via_next_hop: Ranges = ()

    @property
    def is_beside(self) -> bool:
        """Tell whether the packets come from a neighbour: a frame can then be sent to all of the segment, whatever its destination."""
        return self.link.router is None and self.destinations is ANY


class Paths:
    """Closures of a fabric, computed once per set of segments."""

    def __init__(self, fabric: Fabric) -> None:
        """Sort endpoints by segment and by party."""
        self.fabric = fabric
        self.routing = Routing(fabric)
        self._reach: dict[tuple[int, ...], Reach] = {}
        self._exits: dict[int, frozenset[int]] = {}
        ends = fabric.endpoints
        self.on_segment = _grouped(ends.segment)
        self.of_party = _grouped(ends.party)
        self.parties_on, self.segments_of_party = _adjacencies(ends.segment, ends.party)
        self.platform = {index for index, party in enumerate(fabric.parties) if party.platform}

    def exits(self, router: int) -> frozenset[int]:
        """Return the families of the external networks that a router has a router interface on: none where it leads to nobody outside.

        What a server forwards outside, it is taken to translate.
        """
        found = self._exits.get(router)
        if found is None:
            places = (self.fabric.segments[interface] for interface in self.fabric.routers[router].interfaces)
            lines = (span[0] for place in places if place.external for span in place.prefixes)
            found = frozenset() if self.fabric.routers[router].server else frozenset(lines)
            self._exits[router] = found
        return found

    def tenants(self) -> list[int]:
        """Parties with endpoints that are not the platform."""
        return [party for party in self.of_party if party not in self.platform]

    def reach(self, segments: tuple[int, ...]) -> Reach:
        """Return the closure from a set of segments."""
        known = self._reach.get(segments)
        if known is None:
            known = self._reach[segments] = self.routing.from_segments(segments)
        return known

    def deliveries(self, reach: Reach, *, public: bool) -> Iterator[Delivery]:
        """Yield where endpoints can be reached.

        Endpoints on a public segment are reached by their public addresses: routers deliver to them as the outside does, which is
        asked for with ``public`` and left out without.
        """
        for segment, destinations in reach.delivered.items():
            link = reach.segment_via[segment]
            if segment in self.on_segment and (link.router is None or public or not self.fabric.segments[segment].public):
                yield Delivery(segment, destinations, link)
        for (segment, family, address), destinations in reach.via_next_hop.items():
            if segment in self.on_segment:
                hop = Hop(destinations[0], segment, address)
                yield Delivery(segment, destinations, Link(None, segment, hop), ((family, address, address),))

    def takes(self, endpoint: int, delivery: Delivery) -> Ranges:
        """Return the destinations with which the endpoint takes packets of a delivery; empty for none."""
        if delivery.via_next_hop:
            return delivery.destinations if intersection(delivery.via_next_hop, self.fabric.builder.targets(endpoint)) else ()
        if delivery.destinations is ANY:
            return self.fabric.builder.targets(endpoint)
        return intersection(delivery.destinations, self.fabric.builder.targets(endpoint))

    def reaches(self, endpoint: int, delivery: Delivery) -> Ranges:
        """Return the same, and every destination for a neighbour that has none of them: a frame to all of the segment comes to it."""
        return self.takes(endpoint, delivery) or (ANY if delivery.is_beside else ())

    def describe(self, reach: Reach, link: Link) -> tuple[str, ...]:
        """Render the way to a link as sentences, from the source on."""
        return tuple(self._sentence(step) for step in reach.path(link))

    def _sentence(self, link: Link) -> str:
        segment = self.fabric.segments[link.segment].name
        if link.router is None:
            return f"on network {segment}"
        hop = self.fabric.routers[link.router]
        what = "the platform's server" if hop.server else "router"
        router = f"{what} {hop.name}"
        if link.hop is None:
            return f"{router} on network {segment}"
        prefix = ", ".join(show((link.hop.prefix,)))
        if link.hop.next_hop is None:
            return f"{router} delivers {prefix} on network {segment}"
        next_hop = ", ".join(show(((link.hop.prefix[0], link.hop.next_hop, link.hop.next_hop),)))
        return f"{router} routes {prefix} to {next_hop.split('/')[0]} on network {segment}"


def _adjacencies(segments: Ints, parties: Ints) -> tuple[dict[int, set[int]], dict[int, tuple[int, ...]]]:
    """Return the parties on every segment, and the segments of every party in ascending order, from two int64 columns of endpoints."""
    width = int(parties.max(initial=0)) + 1
    places, owners = np.divmod(np.unique(segments * width + parties), width)
    on_segment: dict[int, set[int]] = defaultdict(set)
    of_party: dict[int, list[int]] = defaultdict(list)
    for segment, party in zip(places.tolist(), owners.tolist(), strict=True):
        on_segment[segment].add(party)
        of_party[party].append(segment)
    return dict(on_segment), {party: tuple(found) for party, found in of_party.items()}


def _grouped(column: Ints) -> dict[int, Ints]:
    """Return the positions of every value of an int64 column."""
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    starts = np.flatnonzero(first_of_runs(ordered))
    return dict(zip(ordered[starts].tolist(), np.split(order, starts[1:]), strict=True)) if len(starts) else {}


def askers_of(paths: Paths, party: int) -> Ranges:
    """Return the addresses to which a party's endpoints may send answers: of its own, and of the platform's.

    Link-local addresses are left out: nobody else on the same segment has the same.
    """
    builder = paths.fabric.builder
    everybody = {one: paths.of_party[one].tolist() for one in (party, *paths.platform) if one in paths.of_party}
    own = (span for m in everybody[party] for span in (ANY if builder.sources(m) == ANY else builder.addresses(m)))
    return normal([*own, *(span for one in paths.platform & everybody.keys() for m in everybody[one] for span in builder.addresses(m))])
