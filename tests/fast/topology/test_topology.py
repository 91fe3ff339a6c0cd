"""The topology of the platform and of a tenant: what the cloud gives names of things to, and what only the cloud can choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from infra.declaration import names
from infra.policy.flows import expand
from infra.topology import platform_topology, tenant_topology
from tests.fast.declaration import declared
from tests.fast.policy.tenants import PLATFORM, tenants

if TYPE_CHECKING:
    from pathlib import Path

    from infra.declaration import TenantDeclaration
    from infra.topology import Topology

pytestmark = pytest.mark.fast


def topology(declaration: TenantDeclaration) -> Topology:
    """Return a tenant's topology."""
    return tenant_topology(declaration.tenant, expand(declaration, PLATFORM), PLATFORM)


@given(tenants())
def test_a_tenant_meets_others_on_the_backbone_alone(declaration: TenantDeclaration) -> None:
    """Whatever is declared: all that a tenant's stack makes is on networks of its own, but for one interface on the backbone."""
    found = topology(declaration)
    foreign = [interface for interface in found.interfaces.values() if interface.network not in found.networks]
    assert [(interface.router, interface.subnet) for interface in foreign] == [(names.management("random"), names.BACKBONE)]
    assert {subnet.network for subnet in found.subnets.values()} <= found.networks.keys()
    assert {port.network for port in found.ports.values()} <= found.networks.keys()
    assert {subnet for port in found.ports.values() for subnet in port.addresses} <= found.subnets.keys()


@given(tenants())
def test_no_router_joins_zones_and_management(declaration: TenantDeclaration) -> None:
    """The edge router has the zones and the way outside, the management router the segment and the backbone."""
    found = topology(declaration)
    segment = names.management("random")
    joined = {router: {interface.network for interface in found.interfaces_of(router)} for router in found.routers}
    assert joined[segment] == {segment, names.BACKBONE}
    assert joined[names.edge_router("random")] == found.networks.keys() - {segment}
    assert [router.name for router in found.routers.values() if router.outside] == [names.edge_router("random")]


def test_what_is_around_a_tenant_is_the_platforms(tmp_path: Path) -> None:
    """Routers, the management network and the ports of its router; zones, and the ports of servers, are the tenant's."""
    found = topology(declared.tenant(tmp_path))
    assert found.platforms() == ("acme-edge", "acme-management", "acme-backbone")
    assert found.networks["acme-management"].lent_to == "acme"
    assert {port.owner for port in found.ports.values()} == {"acme"}


def test_only_what_is_declared_has_an_address(tmp_path: Path) -> None:
    """Management addresses are Neutron's to choose, in a subnet from the pool."""
    found = topology(declared.tenant(tmp_path))
    chosen = {port.name for port in found.ports.values() if None in port.addresses.values()}
    assert chosen == {"acme-web-management", "acme-both-management", "acme-db-management"}
    assert found.subnets["acme-management"].prefix is None
    assert found.subnets["acme-management"].pool in platform_topology(PLATFORM).pools
    assert {interface.name for interface in found.interfaces.values() if interface.has_port} == {"acme-management", "acme-backbone"}


def test_a_server_is_public_where_it_is_declared_to_be(tmp_path: Path) -> None:
    """By the port in the zone that is named."""
    found = topology(declared.tenant(tmp_path))
    public = found.public_of("acme-web")
    assert public is not None
    assert public.port == "acme-web-app"
    assert found.public_of("acme-db") is None


def test_each_router_of_the_platform_knows_the_next(tmp_path: Path) -> None:
    """One route for the whole pool, by the next router's interface on the backbone; the last one has none."""
    platform = declared.platform(tmp_path, {"backbone.routers": 3}).platform
    found = platform_topology(platform)
    assert [(route.routers, route.destination, found.interfaces[str(route.via)].router) for route in found.routes.values()] == [
        (("platform",), platform.pool.cidr, "platform-router-2"),
        (("platform-router-2",), platform.pool.cidr, "platform-router-3"),
    ]
    assert [router.name for router in found.routers.values() if router.outside] == ["platform"]
