"""The tenant's zones: a network each, and one edge router between them and the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.components import wiring
from infra.declaration import names

if TYPE_CHECKING:
    import pulumi_openstack as openstack

    from infra.components.guard import ReplacementGuard
    from infra.declaration.model import Tenant
    from infra.dynamic.router_leg import RouterLeg, Unplugged
    from infra.topology import Topology


@dataclass(frozen=True, slots=True)
class ZoneArgs:
    """One zone of a tenant and the edge router to connect it to; ``unplugged`` is that router's, which is deleted after its interfaces."""

    tenant: Tenant
    topology: Topology
    zone: str
    edge_router_id: Input[str]
    unplugged: Unplugged
    guard: ReplacementGuard


class Zone(ComponentResource):
    """A network with one subnet per address family. No DHCP: addresses reach the servers on their config drives."""

    network_id: Output[str]

    def __init__(self, name: str, args: ZoneArgs, opts: ResourceOptions) -> None:
        """Declare the zone; ``opts`` carries the deployer's provider."""
        super().__init__("ringfence:tenant:Zone", name, None, opts)
        topology = args.topology
        tags = names.tag_list(names.tags(args.tenant, args.zone))
        first = args.guard.allows_all(server for server, entry in args.tenant.servers.items() if args.zone in entry.zones)
        child = ResourceOptions(parent=self, delete_before_replace=first)
        declared = topology.networks[names.network(args.tenant.name, args.zone)]
        network = wiring.network(declared, tags, child)
        self.network_id = network.id
        self.interfaces: list[RouterLeg] = []
        self.subnets: dict[str, openstack.networking.Subnet] = {
            each.name: wiring.subnet(each, network.id, tags, child) for each in topology.subnets_of(declared.name)
        }
        for interface in topology.interfaces.values():
            if interface.subnet in self.subnets:
                at = wiring.At(args.edge_router_id, network.id, self.subnets[interface.subnet].id, args.unplugged)
                self.interfaces.append(wiring.interface(interface, at, ResourceOptions(parent=self)))
        self.register_outputs({"network_id": network.id})
