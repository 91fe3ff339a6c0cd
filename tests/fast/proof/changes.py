"""Changes to the intended topology that leak: each joins the two tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from infra.neutron.snapshot import AddressScope, Network, Router, Subnet, SubnetPool, SubPort, Trunk
from tests.fast.neutron.clouds import OPEN

if TYPE_CHECKING:
    from tests.fast.neutron.clouds import Cloud


def foreign_leg(cloud: Cloud) -> None:
    """A tenant's router gets a leg on the other's network."""
    cloud.leg("acme-edge", "globex-app", "10.0.0.2")


def shared_network(cloud: Cloud) -> None:
    """A port of one tenant on the other's network."""
    cloud.port("spy", "acme-app", "globex", "10.0.0.77", groups=("globex-open",))


def port_lent_to_a_server(cloud: Cloud) -> None:
    """A port that one project owns, attached to the other's server."""
    cloud.port("lent", "acme-app", "acme", "10.0.0.77", groups=("acme-open",), device_id="globex-web")


def subport_lent(cloud: Cloud) -> None:
    """A subport on one tenant's network, under a trunk of the other's server."""
    cloud.port("sub", "acme-app", "acme", "10.0.0.78", groups=("acme-open",), device_owner="trunk:subport")
    cloud.add(Trunk(id="trunk", port_id="globex-web-app", sub_ports=(SubPort(port_id="sub", segmentation_id=7),)))


def route_to_the_other_management(cloud: Cloud) -> None:
    """A management router learns the way to the other's management router."""
    cloud.route("acme-management", "172.30.0.16/28", "172.29.0.11")


def default_route_on_management(cloud: Cloud) -> None:
    """A management router gets a default route to the platform's router, which knows every tenant."""
    cloud.route("acme-management", "0.0.0.0/0", "172.29.0.1")


def server_on_the_backbone(cloud: Cloud) -> None:
    """A tenant's server on the backbone can hand packets to every management router."""
    cloud.port("stray", "backbone", "acme", "172.29.0.99", groups=("acme-open",))


def server_on_the_external_network(cloud: Cloud) -> None:
    """A tenant's server on the external network can hand packets for private addresses to the others' routers."""
    cloud.port("direct", "public", "acme", "203.0.113.99", groups=("acme-open",))


def data_zone(cloud: Cloud) -> None:
    """A second network of globex', with a prefix that nobody else has."""
    cloud.network("globex-data", "globex", "10.9.0.0/24")
    cloud.leg("globex-edge", "globex-data", "10.9.0.1")
    cloud.port("globex-db", "globex-data", "globex", "10.9.0.5", groups=("globex-open",))


def route_over_the_external_network(cloud: Cloud) -> None:
    """An extra route to the other's router over the external network."""
    data_zone(cloud)
    cloud.route("acme-edge", "10.9.0.0/24", "203.0.113.21")


def route_to_a_floating_ip(cloud: Cloud) -> None:
    """An extra route whose next hop is the other's floating IP: its router answers for that address and forwards."""
    data_zone(cloud)
    cloud.route("acme-edge", "10.9.0.0/24", "203.0.113.61")


def port_with_a_false_label(cloud: Cloud) -> None:
    """A port of one tenant on the other's network, whose ``device_id`` names a server of the other."""
    cloud.port("masked", "acme-app", "globex", "10.0.0.79", groups=("globex-open",), device_id="acme-web")


def port_that_poses_as_the_platforms(cloud: Cloud) -> None:
    """The same, but it names a server of the platform."""
    cloud.server("platform-agent", "platform")
    cloud.port("masked", "acme-app", "globex", "10.0.0.79", groups=("globex-open",), device_id="platform-agent")


def untranslated_router(cloud: Cloud) -> None:
    """Without translation the networks outside may have a route to the private addresses."""
    data_zone(cloud)
    untranslated_equals(cloud)


def untranslated_equals(cloud: Cloud) -> None:
    """The same where every address behind the router is one that the other tenant has as well: its packets for those stay with it."""
    router = cloud.records["Router globex-edge"]
    assert isinstance(router, Router)
    cloud.change(Router, "globex-edge", gateways=(msgspec.structs.replace(router.gateways[0], enable_snat=False),))


def common_address_scope(cloud: Cloud) -> None:
    """Addresses of one scope are routed without translation."""
    data_zone(cloud)
    cloud.add(AddressScope(id="scope"))
    for pool, prefix in (("inner", "10.0.0.0/8"), ("outer", "203.0.113.0/24")):
        cloud.add(SubnetPool(id=pool, prefixes=(prefix,), address_scope_id="scope"))
    cloud.change(Subnet, "globex-data-0", subnetpool_id="inner")
    cloud.change(Subnet, "public-0", subnetpool_id="outer")


def same_wire(cloud: Cloud) -> None:
    """Two networks with one physical network and tag are one wire."""
    for network in ("acme-app", "globex-app"):
        cloud.change(Network, network, provider_network_type="vlan", provider_physical_network="p", provider_segmentation_id=7)


def physical_gateway(cloud: Cloud) -> None:
    """Two VLANs whose gateway is no router of Neutron's: a physical router must be assumed to join them."""
    for tag, tenant in enumerate(("acme", "globex")):
        cloud.network(
            f"{tenant}-vlan",
            tenant,
            f"10.5.{tag}.0/24",
            provider_network_type="vlan",
            provider_physical_network="p",
            provider_segmentation_id=tag,
        )
        cloud.port(f"{tenant}-on-vlan", f"{tenant}-vlan", tenant, f"10.5.{tag}.9", groups=(f"{tenant}-open",))


def server_as_next_hop(cloud: Cloud) -> None:
    """A route whose next hop is a server of the other tenant."""
    shared_leg(cloud)
    cloud.route("acme-edge", "10.77.0.0/16", "10.6.0.9")


def shared_leg(cloud: Cloud) -> None:
    """A transit network with a server of the other tenant on it."""
    cloud.network("transit", "globex", "10.6.0.0/24", gateway=False)
    cloud.leg("acme-edge", "transit", "10.6.0.1")
    cloud.port("globex-transit", "transit", "globex", "10.6.0.9", groups=("globex-open",))


def routed_ipv6_leg(cloud: Cloud) -> None:
    """IPv6 alone joins the two."""
    cloud.network("acme-six", "acme", "fd00:a::/64")
    cloud.network("globex-six", "globex", "fd00:b::/64")
    for router, network, address in (("acme-edge", "acme-six", "fd00:a::1"), ("acme-edge", "globex-six", "fd00:b::1")):
        cloud.leg(router, network, address)
    cloud.port("acme-six-port", "acme-six", "acme", "fd00:a::5", groups=("acme-open",))
    cloud.port("globex-six-port", "globex-six", "globex", "fd00:b::5", groups=("globex-open",))


def forged_dhcp_port(cloud: Cloud) -> None:
    """A port on the other's network that calls itself a DHCP agent's: Neutron makes those in the name of the network's project."""
    cloud.port("fake", "acme-app", "globex", "10.0.0.80", device_owner="network:dhcp", device_id="dhcp-fake")


def forged_leg(cloud: Cloud) -> None:
    """A port that calls itself a leg of somebody else's router."""
    cloud.port("fake", "acme-app", "globex", "10.0.0.80", device_owner="network:router_interface", device_id="platform-router")


def forged_port_on_a_shared_network(cloud: Cloud) -> None:
    """The same on a network of the platform's that both tenants use."""
    cloud.network("services", "platform", "172.31.0.0/24", gateway=False)
    cloud.port("acme-card", "services", "acme", "172.31.0.11", groups=("acme-open",))
    cloud.port("fake", "services", "globex", "172.31.0.80", device_owner="network:distributed")


def one_number_of_an_overlay(cloud: Cloud) -> None:
    """Two networks with one type and number of an overlay."""
    for kind, tenant in (("vxlan", "acme"), ("VXLAN", "globex")):
        cloud.change(Network, f"{tenant}-app", provider_network_type=kind, provider_segmentation_id=77)


def one_wire_in_capitals(cloud: Cloud) -> None:
    """The name of a physical network with and without capitals."""
    for name, tenant in (("physnet1", "acme"), ("Physnet1 ", "globex")):
        cloud.change(Network, f"{tenant}-app", provider_network_type="vlan", provider_physical_network=name, provider_segmentation_id=7)


def transit(cloud: Cloud, **fields: object) -> None:
    """A server of the platform with a port towards each tenant's router, and a route of each to the other over it."""
    data_zone(cloud)
    cloud.server("firewall", "platform")
    cloud.group("transit", "platform", *OPEN)
    for number, tenant in enumerate(("acme", "globex")):
        cloud.network(f"transit-{tenant}", "platform", f"10.8.{number}.0/24", gateway=False)
        cloud.leg(f"{tenant}-edge", f"transit-{tenant}", f"10.8.{number}.1", project="platform")
        shape = {"groups": ("transit",), "device_id": "firewall", **fields}
        cloud.port(f"firewall-{tenant}", f"transit-{tenant}", "platform", f"10.8.{number}.10", **shape)  # type: ignore[arg-type]
    cloud.route("acme-edge", "10.9.0.0/24", "10.8.0.10")


def platform_server_as_next_hop(cloud: Cloud) -> None:
    """It has no filter, so it may send what it got from one tenant to the other."""
    transit(cloud, port_security_enabled=False, groups=())


def platform_server_with_address_pairs(cloud: Cloud) -> None:
    """Its address pairs let it send with the tenants' addresses."""
    transit(cloud, pairs=("10.0.0.0/8",))


def platform_pair_of_servers_as_next_hop(cloud: Cloud) -> None:
    """The next hop is an address that two servers share."""
    transit(cloud, pairs=("10.8.0.20/32", "0.0.0.0/0"))
    cloud.route("acme-edge", "10.9.0.0/25", "10.8.0.20")


LEAKS = {
    change.__name__: change
    for change in (
        foreign_leg,
        shared_network,
        port_lent_to_a_server,
        subport_lent,
        route_to_the_other_management,
        default_route_on_management,
        server_on_the_backbone,
        server_on_the_external_network,
        route_over_the_external_network,
        route_to_a_floating_ip,
        port_with_a_false_label,
        port_that_poses_as_the_platforms,
        untranslated_router,
        common_address_scope,
        same_wire,
        physical_gateway,
        shared_leg,
        server_as_next_hop,
        routed_ipv6_leg,
        forged_dhcp_port,
        forged_leg,
        forged_port_on_a_shared_network,
        one_number_of_an_overlay,
        one_wire_in_capitals,
        platform_server_as_next_hop,
        platform_server_with_address_pairs,
        platform_pair_of_servers_as_next_hop,
    )
}
