"""The management backbone: its network, the platform's routers and the pool that the tenants' management subnets come from.

Further routers are there for more tenants than one router may have routes to (docs/adr/0014). Each has one interface, on the backbone, and
no gateway. What a router has no route for itself, it hands to the next one by one route for the whole pool: the longest prefix wins, so no
router needs to know which tenants another one knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from infra.components import wiring
from infra.declaration import names
from infra.dynamic.management_route import PoolRoute
from infra.dynamic.router_leg import Unplugged

if TYPE_CHECKING:
    from infra.dynamic.router_leg import RouterLeg
    from infra.topology import Topology

TAGS = names.tag_list({"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY})


class Backbone(ComponentResource):
    """A network on which the bastion and one router per tenant meet. The platform's router leads outside, the tenants' do not."""

    network_id: Output[str]
    subnet_id: Output[str]
    router_id: Output[str]
    pool_id: Output[str]

    def __init__(self, name: str, topology: Topology, external_network_id: Input[str], opts: ResourceOptions) -> None:
        """Declare the backbone of a platform's topology."""
        super().__init__("ringfence:platform:Backbone", name, None, opts)
        self.topology = topology
        child = ResourceOptions(parent=self)
        network = openstack.networking.Network(names.BACKBONE, name=names.BACKBONE, tags=TAGS, opts=child)
        subnet = wiring.subnet(topology.subnets[names.BACKBONE], network.id, TAGS, child)
        router = wiring.router(topology.routers[names.PLATFORM], external_network_id, TAGS, child)
        at = wiring.At(router.id, network.id, subnet.id, Unplugged(names.PLATFORM, router.id, opts=child))
        self.interface: RouterLeg = wiring.interface(topology.interfaces[names.PLATFORM], at, child)
        declared = topology.pools[names.MANAGEMENT_POOL]
        pool = openstack.networking.SubnetPool(
            declared.name,
            name=declared.name,
            prefixes=[str(declared.prefix)],
            default_prefixlen=declared.length,
            min_prefixlen=declared.length,
            max_prefixlen=declared.length,
            tags=TAGS,
            opts=child,
        )
        self.network_id, self.subnet_id, self.router_id, self.pool_id = network.id, subnet.id, router.id, pool.id
        self.register_outputs({"network_id": network.id, "router_id": router.id, "pool_id": pool.id})


class Relays(ComponentResource):
    """The second router and those after it; ``facts`` are the id and the address of each."""

    facts: list[dict[str, Output[str]]]

    def __init__(self, name: str, backbone: Backbone, opts: ResourceOptions) -> None:
        """Declare as many as the platform's topology has."""
        super().__init__("ringfence:platform:Relays", name, None, opts)
        self.facts = []
        before, waits = backbone.router_id, list[Resource]([backbone.interface])
        for declared in backbone.topology.routes.values():
            router, port, leg = self._router(declared.via, backbone)
            address = port.all_fixed_ips[0]
            route = PoolRoute(
                declared.name,
                router_id=before,
                destination=str(declared.destination),
                next_hop=address,
                next_router_id=router.id,
                opts=ResourceOptions(parent=self, depends_on=[leg, *waits]),
            )
            self.facts.append({"router_id": router.id, "address": address})
            before, waits = router.id, [leg, route]
        self.register_outputs({})

    def _router(self, interface: str, backbone: Backbone) -> tuple[openstack.networking.Router, openstack.networking.Port, RouterLeg]:
        """Declare one router by its interface, which has a port of its own: the gateway's address is the first router's."""
        child = ResourceOptions(parent=self)
        declared = backbone.topology.interfaces[interface]
        router = wiring.router(backbone.topology.routers[declared.router], None, TAGS, child)
        unplugged = Unplugged(declared.router, router.id, opts=child)
        at = wiring.At(router.id, backbone.network_id, backbone.subnet_id, unplugged)
        port, leg = wiring.interface_port(declared, at, TAGS, child)
        return router, port, leg
