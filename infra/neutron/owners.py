"""What the owner of a port says: the one place that knows Neutron's words for ``device_owner``.

Read from ``neutron_lib/constants.py`` (neutron 29.0.0); ``tests/truth/neutron/test_owners.py`` compares the two. Every function takes the
text of the field, so that records, rows of the API and the SDK's objects can all be asked about.
"""

from __future__ import annotations

TRUSTED_PREFIX = "network:"
"""Beginning of the owners that drivers trust (``neutron_lib.utils.net.is_port_trusted``)."""

ROUTER_INTERFACE = "network:router_interface"
ROUTER_INTERFACES = frozenset({ROUTER_INTERFACE, "network:router_interface_distributed", "network:ha_router_replicated_interface"})
"""Ports by which somebody plugged a router in: plain, distributed, highly available (``ROUTER_INTERFACE_OWNERS``)."""

ROUTER_PORTS = ROUTER_INTERFACES | {"network:router_centralized_snat", "network:router_ha_interface"}
"""Ports in a router's namespace but its gateway: the second port of a distributed router, and the one by which replicas find each other."""

GATEWAY = "network:router_gateway"

METADATA = "network:distributed"
"""The port by which OVN's agents serve metadata; Neutron makes one of each network (``plugins/ml2/drivers/ovn/mech_driver``)."""

INFRASTRUCTURE = ROUTER_PORTS | {
    GATEWAY,
    "network:dhcp",
    METADATA,
    "network:floatingip",
    "network:floatingip_agent_gateway",
    "network:routed",
}
"""Owners of ports that Neutron itself makes and that the model knows: no server is behind them."""

NOT_MODELLED = frozenset({"network:local_ip", "network:vpn_router_gateway", "network:vpn_namespace"})
"""Neutron's own as well, but for services that the model does not know."""

LOAD_BALANCER_NAME = "ovn-lb-vip-"
"""Beginning of the *name* of the port that holds the address of a load balancer of OVN (ovn-octavia-provider, ``common/constants.py``)."""

LOAD_BALANCER_OWNERS = frozenset({"ovn-lb:vip", "neutron:LOADBALANCERV2"})
"""Owners of such a port where it has one: it has none before ovn-octavia-provider's releases of 2026."""

_SERVERS = ("compute:", "baremetal:", "manila:")
_OTHERS = frozenset({"", "trunk:subport", "Octavia", "Octavia:health-mgr", "kuryr:container"})


def is_trusted(owner: str) -> bool:
    """Tell whether drivers leave ports of this owner out of filtering (row 9)."""
    return owner.startswith(TRUSTED_PREFIX)


def is_router_interface(owner: str) -> bool:
    """Tell whether a port of this owner plugs a router in on an internal network; Neutron unplugs no other."""
    return owner in ROUTER_INTERFACES


def is_router_port(owner: str) -> bool:
    """Tell whether a router takes packets at a port of this owner on a network that is not its gateway's."""
    return owner in ROUTER_PORTS


def is_gateway(owner: str) -> bool:
    """Tell whether ports of this owner are routers' gateways."""
    return owner == GATEWAY


def is_routers(owner: str) -> bool:
    """Tell whether ``device_id`` of a port of this owner names a router."""
    return owner in ROUTER_PORTS or owner == GATEWAY


def is_metadata(owner: str, device: str, network: str) -> bool:
    """Tell whether a port says to serve the metadata of its network; whether it is the only one, and whose, says how far to believe it."""
    return owner == METADATA and device == f"ovnmeta-{network}"


def is_infrastructure(owner: str) -> bool:
    """Tell whether Neutron says to have made such a port itself, for something that the model knows."""
    return owner in INFRASTRUCTURE


def is_load_balancer(owner: str, name: str) -> bool:
    """Tell whether a port holds the address of a load balancer of OVN: its packets go on to members."""
    return owner in LOAD_BALANCER_OWNERS or name.startswith(LOAD_BALANCER_NAME)


def is_known(owner: str) -> bool:
    """Tell whether the model knows what is behind ports of this owner."""
    return owner in INFRASTRUCTURE or owner in _OTHERS or owner in LOAD_BALANCER_OWNERS or owner.startswith(_SERVERS)
