"""The tenant's zones: a network each, and one edge router between them and the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.declaration import addresses, names
from infra.dynamic.router_leg import RouterLeg

if TYPE_CHECKING:
    from infra.components.guard import ReplacementGuard
    from infra.declaration.model import Tenant
    from infra.dynamic.router_leg import Unplugged


@dataclass(frozen=True, slots=True)
class ZoneArgs:
    """One zone of a tenant and the edge router to connect it to; ``unplugged`` is that router's, which is deleted after its legs."""

    tenant: Tenant
    zone: str
    edge_router_id: Input[str]
    unplugged: Unplugged
    guard: ReplacementGuard


class Zone(ComponentResource):
    """A network with one subnet per address family. No DHCP: addresses reach the servers on their config drives."""

    network_id: Output[str]
    subnets: list[openstack.networking.Subnet]
    interfaces: list[RouterLeg]

    def __init__(self, name: str, args: ZoneArgs, opts: ResourceOptions) -> None:
        """Declare the zone; ``opts`` carries the deployer's provider."""
        super().__init__("ringfence:tenant:Zone", name, None, opts)
        tenant, zone = args.tenant.name, args.tenant.zones[args.zone]
        tags = names.tag_list(names.tags(args.tenant, args.zone))
        first = args.guard.allows_all(server for server, entry in args.tenant.servers.items() if args.zone in entry.zones)
        child = ResourceOptions(parent=self, delete_before_replace=first)
        network_name = names.network(tenant, args.zone)
        network = openstack.networking.Network(network_name, name=network_name, port_security_enabled=True, tags=tags, opts=child)
        self.network_id, self.subnets, self.interfaces = network.id, [], []
        for prefix, gateway in zip(zone.networks, addresses.gateway(zone), strict=True):
            subnet_name = names.subnet(tenant, args.zone, prefix.version)
            subnet = openstack.networking.Subnet(
                subnet_name,
                name=subnet_name,
                network_id=network.id,
                cidr=str(prefix),
                ip_version=prefix.version,
                gateway_ip=str(gateway),
                enable_dhcp=False,
                tags=tags,
                opts=child,
            )
            interface = RouterLeg(
                subnet_name,
                router_id=args.edge_router_id,
                subnet_id=subnet.id,
                opts=ResourceOptions(parent=self, depends_on=[args.unplugged]),
            )
            self.subnets.append(subnet)
            self.interfaces.append(interface)
        self.register_outputs({"network_id": network.id})
