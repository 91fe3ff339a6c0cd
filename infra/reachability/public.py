"""Public addresses: where a packet from outside the cloud gets to an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.packets.axes import L4_POINTS
from infra.ranges import PRIVATE, Ranges, difference, intersection
from infra.reachability.fabric import PublicAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.reachability.paths import Paths


def public_addresses_of(paths: Paths) -> Iterator[PublicAddress]:
    """Yield every public address with an endpoint: translated, on an external segment, or routed without translation."""
    yield from paths.fabric.public
    for segment, members in paths.on_segment.items():
        if paths.fabric.segments[segment].public:
            for endpoint in members.tolist():
                yield from _direct(endpoint, intersection(paths.fabric.builder.targets(endpoint), paths.fabric.outside_ranges))
    reach = paths.routing.from_outside()
    for delivery in paths.deliveries(reach, public=False):
        destinations = difference(delivery.destinations, PRIVATE)
        for endpoint in paths.on_segment[delivery.segment].tolist() if destinations else ():
            yield from _direct(endpoint, intersection(destinations, paths.fabric.builder.targets(endpoint)))


def _direct(endpoint: int, addresses: Ranges) -> Iterator[PublicAddress]:
    for family, first, _ in addresses:
        yield PublicAddress(family, first, endpoint, first, 0, L4_POINTS)
