"""Changes to the intended topology that join nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.neutron.snapshot import AddressPair, AddressScope, Network, Port, Router, Subnet, SubnetPool
from tests.fast.proof.changes import transit, untranslated_equals

if TYPE_CHECKING:
    from tests.fast.neutron.clouds import Cloud


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


def neutrons_own_ports(cloud: Cloud) -> None:
    """What Neutron makes itself: in nobody's name, in the network's, in the router's; and a tenant's own label on its own network."""
    for number, (owner, project) in enumerate(
        (
            ("network:dhcp", "acme"),
            ("network:distributed", "acme"),
            ("network:floatingip_agent_gateway", ""),
            ("network:dhcp", "platform"),
        )
    ):
        cloud.port(f"own-{number}", "acme-app", project, f"10.0.0.{100 + number}", device_owner=owner, device_id=f"agent-{number}")
    cloud.network("transit", "platform", "10.6.0.0/24", gateway=False)
    cloud.leg("acme-edge", "transit", "10.6.0.1", project="acme")
    cloud.port("replica", "acme-app", "", "10.0.0.110", device_owner="network:router_ha_interface", device_id="acme-edge")
    cloud.port("gateway", "public", "", "203.0.113.20", device_owner="network:router_gateway", device_id="acme-edge")


def numbers_of_two_overlays(cloud: Cloud) -> None:
    """One number, of two types."""
    for kind, tenant in (("vxlan", "acme"), ("geneve", "globex")):
        cloud.change(Network, f"{tenant}-app", provider_network_type=kind, provider_segmentation_id=77)


def direct_ports_on_vlans(cloud: Cloud) -> None:
    """Ports that nothing filters, each on a VLAN of its own: the tag is the network's."""
    for number, tenant in enumerate(("acme", "globex")):
        fields = {"provider_network_type": "vlan", "provider_physical_network": "p", "provider_segmentation_id": 8 + number}
        cloud.network(f"{tenant}-fast", tenant, f"10.6.{number}.0/24", gateway=False, **fields)
        cloud.port(f"{tenant}-vf", f"{tenant}-fast", tenant, f"10.6.{number}.5", binding_vnic_type="direct")


def direct_port_on_ones_own_wire(cloud: Cloud) -> None:
    """An untagged network and a VLAN of one tenant on one physical network."""
    cloud.network("acme-flat", "acme", "10.6.0.0/24", gateway=False, provider_network_type="flat", provider_physical_network="p")
    fields = {"provider_network_type": "vlan", "provider_physical_network": "p", "provider_segmentation_id": 8}
    cloud.network("acme-vlan", "acme", "10.6.1.0/24", gateway=False, **fields)
    for name in ("acme-flat", "acme-vlan"):
        cloud.port(f"{name}-vf", name, "acme", groups=(), binding_vnic_type="direct")


def filtered_server_as_next_hop(cloud: Cloud) -> None:
    """The platform's server may send with its own addresses only: it forwards nothing."""
    transit(cloud)


def virtual_address_as_next_hop(cloud: Cloud) -> None:
    """Nor do two of them that share an address of their own network."""
    transit(cloud, pairs=("10.8.0.20/32", "10.8.1.20/32"))
    cloud.change(Port, "firewall-globex", allowed_address_pairs=())
    cloud.change(Port, "firewall-acme", allowed_address_pairs=(AddressPair(ip_address="10.8.0.20/32"),))
    cloud.route("acme-edge", "10.9.0.0/25", "10.8.0.20")


def unguarded_server_that_is_no_next_hop(cloud: Cloud) -> None:
    """A server of the platform without filters on both sides, to which no route leads."""
    transit(cloud, port_security_enabled=False, groups=())
    cloud.change(Router, "acme-edge", routes=())


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
        neutrons_own_ports,
        numbers_of_two_overlays,
        direct_ports_on_vlans,
        direct_port_on_ones_own_wire,
        filtered_server_as_next_hop,
        virtual_address_as_next_hop,
        unguarded_server_that_is_no_next_hop,
    )
}
