"""Further routers of the platform, for more tenants than one router may have routes to (docs/adr/0014).

Each has one leg, on the backbone, and no gateway. What a router has no route for itself, it hands to the next one by one route for the
whole pool: the longest prefix wins, so no router needs to know which tenants another one knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Output, Resource, ResourceOptions

from infra.components.backbone import TAGS
from infra.declaration import names
from infra.dynamic.management_route import PoolRoute
from infra.dynamic.router_leg import RouterLeg, Unplugged

if TYPE_CHECKING:
    from infra.components.backbone import Backbone
    from infra.declaration.model import Platform


class Relays(ComponentResource):
    """The second router and those after it; ``facts`` are the id and the address of each."""

    facts: list[dict[str, Output[str]]]

    def __init__(self, name: str, platform: Platform, backbone: Backbone, opts: ResourceOptions) -> None:
        """Declare as many as the platform's declaration says."""
        super().__init__("ringfence:platform:Relays", name, None, opts)
        self.facts = []
        before, waits = backbone.router_id, list[Resource]([backbone.interface])
        for number in range(2, platform.backbone.routers + 1):
            relay = names.further_router(number)
            router, port, leg = self._router(relay, backbone)
            address = port.all_fixed_ips[0]
            route = PoolRoute(
                relay,
                router_id=before,
                destination=str(platform.pool.cidr),
                next_hop=address,
                next_router_id=router.id,
                opts=ResourceOptions(parent=self, depends_on=[leg, *waits]),
            )
            self.facts.append({"router_id": router.id, "address": address})
            before, waits = router.id, [leg, route]
        self.register_outputs({})

    def _router(self, name: str, backbone: Backbone) -> tuple[openstack.networking.Router, openstack.networking.Port, RouterLeg]:
        """Declare one router and its leg, by a port of its own: the gateway's address is the first router's."""
        child = ResourceOptions(parent=self)
        router = openstack.networking.Router(name, name=name, tags=TAGS, opts=child)
        unplugged = Unplugged(name, router.id, opts=child)
        port = openstack.networking.Port(
            name,
            name=name,
            network_id=backbone.network_id,
            fixed_ips=[openstack.networking.PortFixedIpArgs(subnet_id=backbone.subnet_id)],
            tags=TAGS,
            opts=ResourceOptions(parent=self, ignore_changes=["securityGroupIds", "deviceId", "deviceOwner"]),
        )
        leg = RouterLeg(name, router_id=router.id, port_id=port.id, opts=ResourceOptions(parent=self, depends_on=[unplugged]))
        return router, port, leg
