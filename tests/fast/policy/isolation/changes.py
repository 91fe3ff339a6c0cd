"""Changes to the intended topology: leaks, each of which joins the two tenants, and harmless ones, which join nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from infra.neutron.snapshot import AddressScope, Network, Port, Router, Subnet, SubnetPool, SubPort, Trunk

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
    )
}


def transit_without_routes(cloud: Cloud) -> None:
    """Two routers on one network that know nothing of each other's prefixes."""
    cloud.network("transit", "platform", "10.6.0.0/24", gateway=False)
    for number, tenant in enumerate(("acme", "globex")):
        cloud.leg(f"{tenant}-edge", "transit", f"10.6.0.{number + 1}")


def another_zone(cloud: Cloud) -> None:
    """A second network of a tenant."""
    cloud.network("acme-data", "acme", "10.0.1.0/24")
    cloud.leg("acme-edge", "acme-data", "10.0.1.1")
    cloud.port("acme-db", "acme-data", "acme", "10.0.1.5", groups=("acme-open",))


def own_port_unguarded(cloud: Cloud) -> None:
    """Port security off: the port may claim any address, but nothing leads there."""
    cloud.change(Port, "acme-web-app", port_security_enabled=False, security_groups=())


def route_to_nowhere(cloud: Cloud) -> None:
    """A route whose next hop nobody owns."""
    cloud.route("acme-edge", "10.77.0.0/16", "10.0.0.200")


def shadowed_route(cloud: Cloud) -> None:
    """A route to the other's prefix that the router's own longer prefix overrides."""
    cloud.route("acme-edge", "10.0.0.0/24", "203.0.113.21")
    cloud.change(Subnet, "acme-app-0", cidr="10.0.0.0/25")
    cloud.network("acme-upper", "acme", "10.0.0.128/25")
    cloud.leg("acme-edge", "acme-upper", "10.0.0.129")


def unshared_scope(cloud: Cloud) -> None:
    """An address scope inside that the external network does not share."""
    cloud.add(AddressScope(id="scope"))
    cloud.add(SubnetPool(id="inner", prefixes=("10.0.0.0/8",), address_scope_id="scope"))
    cloud.change(Subnet, "globex-app-0", subnetpool_id="inner")


def port_made_by_the_platform(cloud: Cloud) -> None:
    """A port that the platform owns, attached to a tenant's server on its own network."""
    cloud.port("given", "acme-app", "platform", "10.0.0.80", groups=("acme-open",), device_id="acme-web")


HARMLESS = {
    change.__name__: change
    for change in (
        transit_without_routes,
        another_zone,
        own_port_unguarded,
        route_to_nowhere,
        shadowed_route,
        unshared_scope,
        untranslated_equals,
        port_made_by_the_platform,
    )
}
