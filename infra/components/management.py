"""A tenant's management segment: its own network, its own router, a leg on the backbone, and no way anywhere else.

All of it belongs to the platform. The tenant's project may plug servers in and change nothing (docs/adr).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.components import wiring
from infra.declaration import names
from infra.dynamic.management_route import ManagementRoute
from infra.dynamic.router_leg import Unplugged
from infra.topology import platform_topology

if TYPE_CHECKING:
    from infra.components.facts import PlatformFacts
    from infra.declaration.model import Platform, Tenant
    from infra.topology import Topology


@dataclass(frozen=True, slots=True)
class ManagementArgs:
    """Whose segment, for which project, on which backbone."""

    tenant: Tenant
    topology: Topology
    platform: Platform
    facts: PlatformFacts
    project_id: Input[str]


class Management(ComponentResource):
    """Network, subnet, router and routes. ``ready`` is what a server's management port has to wait for."""

    network_id: Output[str]
    subnet_id: Output[str]
    router_id: Output[str]
    cidr: Output[str]
    ready: list[openstack.networking.RbacPolicyV2 | openstack.networking.SubnetRoute]

    def __init__(self, name: str, args: ManagementArgs, opts: ResourceOptions) -> None:
        """Declare the segment; ``opts`` carries the admin's provider."""
        super().__init__("ringfence:tenant:Management", name, None, opts)
        self._args = args
        self._name = names.management(args.tenant.name)
        self._tags = names.tag_list(names.tags(args.tenant))
        child = ResourceOptions(parent=self)
        network = wiring.network(args.topology.networks[self._name], self._tags, child)
        share = openstack.networking.RbacPolicyV2(
            self._name,
            action="access_as_shared",
            object_type="network",
            object_id=network.id,
            target_tenant=args.project_id,
            opts=child,
        )
        declared = args.topology.subnets[self._name]
        pool = platform_topology(args.platform).pools[declared.pool]
        subnet = wiring.subnet(declared, network.id, self._tags, child, wiring.CutFrom(pool, args.facts.pool_id))
        router = wiring.router(args.topology.routers[self._name], None, self._tags, child)
        self._unplugged = Unplugged(self._name, router.id, opts=child)
        route = self._connect(network, subnet, router)
        self.network_id, self.subnet_id, self.router_id, self.cidr = network.id, subnet.id, router.id, subnet.cidr
        self.ready = [share, route]
        self.register_outputs({"network_id": network.id, "subnet_id": subnet.id, "router_id": router.id})

    def _connect(
        self, network: openstack.networking.Network, subnet: openstack.networking.Subnet, router: openstack.networking.Router
    ) -> openstack.networking.SubnetRoute:
        """Give the router its two interfaces, a router of the platform the way to it, and the servers their only route: to the backbone."""
        args, facts, topology = self._args, self._args.facts, self._args.topology
        child = ResourceOptions(parent=self)
        places = {
            self._name: wiring.At(router.id, network.id, subnet.id, self._unplugged),
            names.BACKBONE: wiring.At(router.id, facts.backbone_network_id, facts.backbone_subnet_id, self._unplugged),
        }
        ports = {
            interface.name: wiring.interface_port(interface, places[interface.subnet], self._tags, child)[0]
            for interface in topology.interfaces_of(self._name)
        }
        (way,), (back,) = topology.routes.values(), topology.subnets[self._name].routes
        ManagementRoute(
            way.name,
            router_id=facts.router_id,
            further=facts.further_router_ids,
            max_routes=args.platform.backbone.max_routes,
            destination=subnet.cidr,
            next_hop=ports[way.via].all_fixed_ips[0],
            opts=ResourceOptions(parent=self, depends_on=[ports[way.via]]),
        )
        return openstack.networking.SubnetRoute(
            self._name,
            subnet_id=subnet.id,
            destination_cidr=str(back.destination),
            next_hop=ports[back.via].all_fixed_ips[0],
            opts=child,
        )
