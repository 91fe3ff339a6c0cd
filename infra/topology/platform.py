"""The platform's topology: the backbone, its routers, the pool of management subnets, the ports of its servers, the public address."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.topology.values import (
    AddressPool,
    DeclaredInterface,
    DeclaredNetwork,
    DeclaredPort,
    DeclaredRouter,
    DeclaredSubnet,
    PublicAddress,
    RouterRoute,
    Topology,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.model import Address, Platform


def platform_routers(platform: Platform) -> tuple[str, ...]:
    """Return the names of the platform's routers: the one with the gateway outside, and those after it (docs/adr/0014)."""
    return (names.PLATFORM, *(names.further_router(number) for number in range(2, platform.backbone.routers + 1)))


def platform_topology(platform: Platform) -> Topology:
    """Return what the platform has before there is any tenant."""
    owner, backbone = names.PLATFORM, platform.backbone
    gateway = addresses.host(backbone.cidr, backbone.router)
    routers = platform_routers(platform)
    nics = [_nic(names.BASTION, addresses.bastion_address(platform))]
    services = addresses.services_address(platform)
    nics += [_nic(names.SERVICES, services)] if services is not None else []
    return Topology(
        owner,
        networks={names.BACKBONE: DeclaredNetwork(names.BACKBONE, owner)},
        subnets={names.BACKBONE: DeclaredSubnet(names.BACKBONE, names.BACKBONE, owner, 4, backbone.cidr, gateway=gateway)},
        routers={name: DeclaredRouter(name, outside=name == names.PLATFORM) for name in routers},
        interfaces={name: _on_backbone(name, gateway if name == names.PLATFORM else None) for name in routers},
        ports={nic.name: nic for nic in nics},
        public={names.BASTION: PublicAddress(names.BASTION, owner, names.BASTION)},
        routes={route.name: route for route in _to_the_next(platform, routers)},
        pools={names.MANAGEMENT_POOL: AddressPool(names.MANAGEMENT_POOL, platform.pool.cidr, platform.pool.prefix)},
    )


def _nic(server: str, address: Address) -> DeclaredPort:
    """Return the only port of a server of the platform: its name is the server's and its security group's."""
    return DeclaredPort(server, names.PLATFORM, names.BACKBONE, server, {names.BACKBONE: address}, (server,))


def _on_backbone(router: str, address: Address | None) -> DeclaredInterface:
    return DeclaredInterface(router, router, names.BACKBONE, names.BACKBONE, address)


def _to_the_next(platform: Platform, routers: tuple[str, ...]) -> Iterator[RouterRoute]:
    """Yield the route from each router to the next: what a router has no route for itself, of the whole pool."""
    for before, router in pairwise(routers):
        yield RouterRoute(router, (before,), platform.pool.cidr, router)
