"""What only a cloud decides, filled in by counting: prefixes from the pool, addresses that are left, and the router that gets a route.

It is sound: a pool never hands out a prefix twice, nor a subnet an address, and no rule of a tenant depends on which one it gets.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.declaration.model import GATEWAY
from infra.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ipaddress import IPv4Address, IPv4Network

    from infra.declaration.model import Platform
    from infra.topology import Topology

Hop = tuple[str, str]
"""Destination and next hop of a route."""
KEPT = 1
"""Places of each router that no tenant gets: the route to the next router has it."""


class Assigned:
    """What a cloud would assign to the platform and to tenants that come in this order."""

    def __init__(self, platform: Platform, own: Topology, tenants: Sequence[Topology]) -> None:
        """Count it out.

        Raises:
            SnapshotError: the pool, the backbone or the routers are too small for the tenants.
        """
        self.prefixes: dict[str, IPv4Network] = {}
        """The prefix of each subnet that is cut from the pool, by its name."""
        self.nics: dict[str, Iterator[IPv4Address]] = {}
        """The addresses of each such subnet that are left for servers, in their order."""
        self.interfaces: dict[str, str] = {}
        """The address of each router interface, by its name."""
        self.routes: dict[str, list[Hop]] = defaultdict(list)
        """By the router's name."""
        _refuse_more_than_is_routed(platform, len(tenants))
        self._pool = platform.pool.cidr.subnets(new_prefix=platform.pool.prefix)
        self._backbone = map(str, addresses.backbone_hosts(platform))
        for interface in own.interfaces.values():
            self.interfaces[interface.name] = str(interface.address or next(self._backbone, ""))
        for tenant in tenants:
            try:
                self._wire(tenant)
            except StopIteration as error:
                expected = f"at least {len(tenants)} in its pool and backbone"
                raise SnapshotError.of("the platform has no management segment left", where=tenant.owner, expected=expected) from error
            self._route(tenant, platform.backbone.max_routes - KEPT)
        self._route(own, platform.backbone.max_routes)

    def _wire(self, tenant: Topology) -> None:
        """Cut the tenant's prefixes, and give its router interfaces the first addresses that are left. Raises ``StopIteration``."""
        for subnet in tenant.subnets.values():
            if subnet.pool:
                self.prefixes[subnet.name] = prefix = next(self._pool)
                self.nics[subnet.name] = addresses.segment_hosts(prefix)
        for interface in tenant.interfaces.values():
            segment = self.prefixes.get(interface.subnet)
            given = interface.address or (addresses.host(segment, GATEWAY) if segment else next(self._backbone))
            self.interfaces[interface.name] = str(given)

    def _route(self, topology: Topology, places: int) -> None:
        """Give each route to the first router that has a place for it."""
        for route in topology.routes.values():
            router = next(name for name in route.routers if len(self.routes[name]) < places)
            destination = self.prefixes[route.destination] if isinstance(route.destination, str) else route.destination
            self.routes[router].append((str(destination), self.interfaces[route.via]))


def _refuse_more_than_is_routed(platform: Platform, tenants: int) -> None:
    if tenants > addresses.most_routed(platform):
        raise SnapshotError.of(
            "the platform's routers have no place for the routes to all tenants",
            where=f"Pulumi.{names.PLATFORM}.yaml: backbone.routers",
            expected=f"at least {-(-tenants // (platform.backbone.max_routes - 1))}",
            got=f"{platform.backbone.routers}, for {addresses.most_routed(platform)} tenants; declared are {tenants}",
            hint=f"raise it, then pulumi up -s {names.PLATFORM}",
        )
