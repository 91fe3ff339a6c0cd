"""A tenant's management segment: its own network, its own router, a leg on the backbone, and no way anywhere else.

All of it belongs to the platform. The tenant's project may plug servers in and change nothing (docs/adr).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.declaration import names
from infra.dynamic.management_route import ManagementRoute
from infra.dynamic.router_leg import RouterLeg, Unplugged

if TYPE_CHECKING:
    from infra.components.facts import PlatformFacts
    from infra.declaration.model import Platform, Tenant


@dataclass(frozen=True, slots=True)
class ManagementArgs:
    """Whose segment, for which project, on which backbone."""

    tenant: Tenant
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
        network = openstack.networking.Network(self._name, name=self._name, port_security_enabled=True, tags=self._tags, opts=child)
        share = openstack.networking.RbacPolicyV2(
            self._name,
            action="access_as_shared",
            object_type="network",
            object_id=network.id,
            target_tenant=args.project_id,
            opts=child,
        )
        subnet = openstack.networking.Subnet(
            self._name,
            name=self._name,
            network_id=network.id,
            subnetpool_id=args.facts.pool_id,
            prefix_length=args.platform.pool.prefix,
            ip_version=4,
            no_gateway=True,
            enable_dhcp=False,
            tags=self._tags,
            opts=child,
        )
        router = openstack.networking.Router(self._name, name=self._name, tags=self._tags, opts=child)
        self._unplugged = Unplugged(self._name, router.id, opts=child)
        route = self._connect(network, subnet, router)
        self.network_id, self.subnet_id, self.router_id, self.cidr = network.id, subnet.id, router.id, subnet.cidr
        self.ready = [share, route]
        self.register_outputs({"network_id": network.id, "subnet_id": subnet.id, "router_id": router.id})

    def _connect(
        self, network: openstack.networking.Network, subnet: openstack.networking.Subnet, router: openstack.networking.Router
    ) -> openstack.networking.SubnetRoute:
        """Give the router its two legs, a router of the platform the way to it, and the servers their only route: to the backbone."""
        args, facts = self._args, self._args.facts
        child = ResourceOptions(parent=self)
        inside = self._leg(self._name, network.id, subnet.id, router.id)
        outside = self._leg(names.backbone_port(args.tenant.name), facts.backbone_network_id, facts.backbone_subnet_id, router.id)
        ManagementRoute(
            self._name,
            router_id=facts.router_id,
            further=facts.further_router_ids,
            max_routes=args.platform.backbone.max_routes,
            destination=subnet.cidr,
            next_hop=outside.all_fixed_ips[0],
            opts=ResourceOptions(parent=self, depends_on=[outside]),
        )
        return openstack.networking.SubnetRoute(
            self._name,
            subnet_id=subnet.id,
            destination_cidr=str(args.platform.backbone.cidr),
            next_hop=inside.all_fixed_ips[0],
            opts=child,
        )

    def _leg(self, name: str, network_id: Input[str], subnet_id: Input[str], router_id: Input[str]) -> openstack.networking.Port:
        """Plug the router in with a port of its own: the segment has no gateway address that Neutron could take by itself."""
        port = openstack.networking.Port(
            name,
            name=name,
            network_id=network_id,
            fixed_ips=[openstack.networking.PortFixedIpArgs(subnet_id=subnet_id)],
            tags=self._tags,
            opts=ResourceOptions(parent=self, ignore_changes=["securityGroupIds", "deviceId", "deviceOwner"]),
        )
        RouterLeg(name, router_id=router_id, port_id=port.id, opts=ResourceOptions(parent=self, depends_on=[self._unplugged]))
        return port
