"""The management backbone: its network, the platform's router and the pool that the tenants' management subnets come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.declaration import addresses, names
from infra.dynamic.router_leg import RouterLeg, Unplugged

if TYPE_CHECKING:
    from infra.declaration.model import Platform

TAGS = names.tag_list({"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY})


class Backbone(ComponentResource):
    """A network on which the bastion and one router per tenant meet. The platform's router leads outside, the tenants' do not."""

    network_id: Output[str]
    subnet_id: Output[str]
    router_id: Output[str]
    pool_id: Output[str]
    interface: RouterLeg

    def __init__(self, name: str, platform: Platform, external_network_id: Input[str], opts: ResourceOptions) -> None:
        """Declare the backbone of a platform."""
        super().__init__("ringfence:platform:Backbone", name, None, opts)
        child = ResourceOptions(parent=self)
        network = openstack.networking.Network(names.BACKBONE, name=names.BACKBONE, tags=TAGS, opts=child)
        subnet = openstack.networking.Subnet(
            names.BACKBONE,
            name=names.BACKBONE,
            network_id=network.id,
            cidr=str(platform.backbone.cidr),
            ip_version=4,
            enable_dhcp=False,
            gateway_ip=str(addresses.host(platform.backbone.cidr, platform.backbone.router)),
            tags=TAGS,
            opts=child,
        )
        router = openstack.networking.Router(
            names.PLATFORM, name=names.PLATFORM, external_network_id=external_network_id, tags=TAGS, opts=child
        )
        unplugged = Unplugged(names.PLATFORM, router.id, opts=child)
        leg = ResourceOptions(parent=self, depends_on=[unplugged])
        self.interface = RouterLeg(names.PLATFORM, router_id=router.id, subnet_id=subnet.id, opts=leg)
        pool = openstack.networking.SubnetPool(
            names.MANAGEMENT_POOL,
            name=names.MANAGEMENT_POOL,
            prefixes=[str(platform.pool.cidr)],
            default_prefixlen=platform.pool.prefix,
            min_prefixlen=platform.pool.prefix,
            max_prefixlen=platform.pool.prefix,
            tags=TAGS,
            opts=child,
        )
        self.network_id, self.subnet_id, self.router_id, self.pool_id = network.id, subnet.id, router.id, pool.id
        self.register_outputs({"network_id": network.id, "router_id": router.id, "pool_id": pool.id})
