"""A tenant's topology: a network for each zone behind the edge router, and the management segment behind a router of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.topology.platform import platform_routers
from infra.topology.values import (
    DeclaredInterface,
    DeclaredNetwork,
    DeclaredPort,
    DeclaredRouter,
    DeclaredSubnet,
    HostRoute,
    PublicAddress,
    RouterRoute,
    Topology,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.model import Platform, Tenant
    from infra.policy.rules import TenantPolicy


def tenant_topology(tenant: Tenant, policy: TenantPolicy, platform: Platform) -> Topology:
    """Return what a tenant has. Routers and the management segment are the platform's: the tenant's project cannot change them."""
    name, segment = tenant.name, names.management(tenant.name)
    edge = DeclaredRouter(names.edge_router(name), outside=True)
    zones = list(_zone_subnets(tenant))
    zone_interfaces = [DeclaredInterface(one.name, edge.name, one.network, one.name, one.gateway) for one in zones]
    inside = DeclaredInterface(segment, segment, segment, segment)
    backbone = DeclaredInterface(names.backbone_port(name), segment, names.BACKBONE, names.BACKBONE)
    to_backbone = (HostRoute(platform.backbone.cidr, inside.name),)
    management = DeclaredSubnet(segment, segment, names.PLATFORM, 4, pool=names.MANAGEMENT_POOL, routes=to_backbone)
    networks = [DeclaredNetwork(names.network(name, zone), name) for zone in tenant.zones]
    return Topology(
        name,
        networks={one.name: one for one in (DeclaredNetwork(segment, names.PLATFORM, lent_to=name), *networks)},
        subnets={one.name: one for one in (management, *zones)},
        routers={one.name: one for one in (DeclaredRouter(segment, outside=False), edge)},
        interfaces={one.name: one for one in (inside, backbone, *zone_interfaces)},
        ports={one.name: one for one in _ports(tenant, policy)},
        public={one.name: one for one in _public(tenant)},
        routes={segment: RouterRoute(segment, platform_routers(platform), management.name, backbone.name)},
    )


def _zone_subnets(tenant: Tenant) -> Iterator[DeclaredSubnet]:
    """Yield a subnet of each address family of each zone."""
    for zone, entry in tenant.zones.items():
        for prefix, gateway in zip(entry.networks, addresses.gateway(entry), strict=True):
            name, network = names.subnet(tenant.name, zone, prefix.version), names.network(tenant.name, zone)
            yield DeclaredSubnet(name, network, tenant.name, prefix.version, prefix, gateway=gateway)


def _ports(tenant: Tenant, policy: TenantPolicy) -> Iterator[DeclaredPort]:
    """Yield the ports of each server: those in its zones, and the one for management."""
    name, segment = tenant.name, names.management(tenant.name)
    for server in tenant.servers:
        machine = names.server(name, server)
        for nic in policy.server_nics(server):
            fixed = {names.subnet(name, nic.zone, address.version): address for address in nic.addresses}
            groups = tuple(names.group(name, key) for key in nic.groups)
            yield DeclaredPort(names.port(name, server, nic.zone), name, names.network(name, nic.zone), machine, fixed, groups)
        groups = (names.group(name, names.MANAGEMENT),)
        yield DeclaredPort(names.management_port(name, server), name, segment, machine, {segment: None}, groups)


def _public(tenant: Tenant) -> Iterator[PublicAddress]:
    """Yield the public address of each server that is declared to have one."""
    for server, entry in tenant.servers.items():
        if entry.public is not None:
            yield PublicAddress(names.server(tenant.name, server), tenant.name, names.port(tenant.name, server, entry.public))
