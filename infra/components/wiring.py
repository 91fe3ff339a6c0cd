"""The topology, handed to the provider: what :mod:`infra.topology` says of a subnet, a router or one of its interfaces, as a resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import Input, Output, ResourceOptions

from infra.dynamic.router_leg import RouterLeg, Unplugged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.topology import AddressPool, DeclaredInterface, DeclaredNetwork, DeclaredRouter, DeclaredSubnet, PublicAddress

CHOSEN_BY_NEUTRON = ["securityGroupIds", "deviceId", "deviceOwner"]
"""Properties of a router interface's port that plugging the router in changes."""


@dataclass(frozen=True, slots=True)
class CutFrom:
    """The pool that a subnet gets its prefix from."""

    pool: AddressPool
    pool_id: Input[str]


@dataclass(frozen=True, slots=True)
class At:
    """Where a router is plugged in, as the cloud knows these; ``unplugged`` is the router's, which is deleted after its interfaces."""

    router_id: Input[str]
    network_id: Input[str]
    subnet_id: Input[str]
    unplugged: Unplugged


def network(declared: DeclaredNetwork, tags: Sequence[str], opts: ResourceOptions) -> openstack.networking.Network:
    """Declare a network that filters the ports on it."""
    return openstack.networking.Network(declared.name, name=declared.name, port_security_enabled=True, tags=tags, opts=opts)


def subnet(
    declared: DeclaredSubnet, network_id: Input[str], tags: Sequence[str], opts: ResourceOptions, cut_from: CutFrom | None = None
) -> openstack.networking.Subnet:
    """Declare a subnet; ``cut_from`` is where a subnet without a prefix of its own has it from."""
    return openstack.networking.Subnet(
        declared.name,
        name=declared.name,
        network_id=network_id,
        cidr=str(declared.prefix) if declared.prefix else None,
        subnetpool_id=cut_from.pool_id if cut_from else None,
        prefix_length=cut_from.pool.length if cut_from else None,
        ip_version=declared.family,
        gateway_ip=str(declared.gateway) if declared.gateway else None,
        no_gateway=None if declared.gateway else True,
        enable_dhcp=False,
        tags=tags,
        opts=opts,
    )


def router(
    declared: DeclaredRouter, external_network_id: Input[str] | None, tags: Sequence[str], opts: ResourceOptions
) -> openstack.networking.Router:
    """Declare a router; only one that leads outside is told the external network."""
    outside = external_network_id if declared.outside else None
    return openstack.networking.Router(declared.name, name=declared.name, external_network_id=outside, tags=tags, opts=opts)


def interface(declared: DeclaredInterface, at: At, opts: ResourceOptions) -> RouterLeg:
    """Plug a router in at a subnet's gateway address."""
    opts = ResourceOptions.merge(opts, ResourceOptions(depends_on=[at.unplugged]))
    return RouterLeg(declared.name, router_id=at.router_id, subnet_id=at.subnet_id, opts=opts)


def interface_port(
    declared: DeclaredInterface, at: At, tags: Sequence[str], opts: ResourceOptions
) -> tuple[openstack.networking.Port, RouterLeg]:
    """Plug a router in with a port of its own: the subnet has no gateway address that Neutron could take by itself."""
    port = openstack.networking.Port(
        declared.name,
        name=declared.name,
        network_id=at.network_id,
        fixed_ips=[openstack.networking.PortFixedIpArgs(subnet_id=at.subnet_id)],
        tags=tags,
        opts=ResourceOptions.merge(opts, ResourceOptions(ignore_changes=CHOSEN_BY_NEUTRON)),
    )
    plugged = ResourceOptions.merge(opts, ResourceOptions(depends_on=[at.unplugged]))
    return port, RouterLeg(declared.name, router_id=at.router_id, port_id=port.id, opts=plugged)


def public_address(
    declared: PublicAddress, external_network: str, port_id: Output[str], tags: Sequence[str], opts: ResourceOptions
) -> openstack.networking.FloatingIp:
    """Declare a floating IP of the external network on a port."""
    return openstack.networking.FloatingIp(declared.name, pool=external_network, port_id=port_id, tags=tags, opts=opts)
