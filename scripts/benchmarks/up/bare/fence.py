"""What surrounds the tenant and belongs to the platform: its edge router and its management segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.up.bare.site import tagged
from infra.declaration import names

if TYPE_CHECKING:
    from benchmarks.up.bare.site import Site


@dataclass(frozen=True, slots=True)
class Segment:
    """The management segment, ready to be plugged in to."""

    network_id: str
    subnet_id: str


def edge(site: Site) -> str:
    """Make the router between the zones and the outside; return its id."""
    outside = {"network_id": site.order.facts.external_network_id}
    router = site.admin.network.create_router(name=names.edge_router(site.name), external_gateway_info=outside)
    return str(tagged(site.admin, router, site.tags()).id)


def management(site: Site, project_id: str) -> Segment:
    """Make the segment, share it with the project, and connect it to the backbone."""
    network, name, backbone = site.admin.network, names.management(site.name), site.order.facts.backbone
    router = site.start(lambda: tagged(site.admin, network.create_router(name=name), site.tags()))
    outside = site.start(_leg, site, names.backbone_port(site.name), backbone.network_id, backbone.subnet_id)
    segment = tagged(site.admin, network.create_network(name=name, is_port_security_enabled=True), site.tags())
    share = site.start(
        network.create_rbac_policy,
        action="access_as_shared",
        object_type="network",
        object_id=segment.id,
        target_project_id=project_id,
    )
    subnet = network.create_subnet(
        name=name,
        network_id=segment.id,
        subnet_pool_id=site.order.facts.pool_id,
        prefix_length=site.platform.pool.prefix,
        ip_version=4,
        gateway_ip=None,
        is_dhcp_enabled=False,
    )
    tagged(site.admin, subnet, site.tags())
    inside = _leg(site, name, segment.id, subnet.id)
    for port in (inside, outside.result()):
        network.add_interface_to_router(router.result().id, port=port.id)
    _route(site, subnet, _address(inside), _address(outside.result()))
    share.result()
    return Segment(str(segment.id), str(subnet.id))


def _route(site: Site, subnet: Any, inside: str, outside: str) -> None:  # noqa: ANN401 - Neutron's subnet
    """Give the platform's router the way back, and the servers their only route: to the backbone."""
    back = {"router": {"routes": [{"destination": subnet.cidr, "nexthop": outside}]}}
    site.admin.network.add_extra_routes_to_router(site.order.facts.router_id, back)
    site.admin.network.update_subnet(subnet, host_routes=[{"destination": str(site.platform.backbone.cidr), "nexthop": inside}])


def _leg(site: Site, name: str, network_id: str, subnet_id: str) -> Any:  # noqa: ANN401 - Neutron's port
    port = site.admin.network.create_port(name=name, network_id=network_id, fixed_ips=[{"subnet_id": subnet_id}])
    return tagged(site.admin, port, site.tags())


def _address(port: Any) -> str:  # noqa: ANN401 - Neutron's port
    return str(port.fixed_ips[0]["ip_address"])
