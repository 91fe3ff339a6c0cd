"""What is compared by its id, what has to be shown, and what an ordinary cloud has otherwise without any harm."""

from __future__ import annotations

from tests.fast.drift.changes import NET, Change, both, change, more, without
from tests.fast.drift.rows import PLATFORM_PROJECT, leg, network, port

TWINS = {
    "networks": ("acme-app", "network"),
    "subnets": ("acme-app-4", "subnet"),
    "routers": ("acme-edge", "router"),
    "ports": ("acme-db-data", "port"),
    "groups": ("acme-server-db", "security group"),
    "address_groups": ("acme-internet-4", "address group"),
    "servers": ("acme-db", "server"),
    "volumes": ("acme-db-db", "volume"),
}
"""A name and what a kind is called, for every kind that has names."""
DECISIVE = (
    ("ports", "acme-db-data", "admin_state_up"),
    ("ports", "acme-db-data", "port_security_enabled"),
    ("ports", "acme-db-data", "binding:vif_type"),
    ("servers", "acme-db", "status"),
    ("routers", "acme-edge", "external_gateway_info"),
    ("networks", "acme-app", "admin_state_up"),
    ("subnets", "acme-app-4", "allocation_pools"),
    ("subnets", "acme-app-4", "dns_nameservers"),
    ("routers", "acme-edge", "admin_state_up"),
    ("volumes", "acme-db-db", "multiattach"),
)
OPERATORS = network("spare", "net-spare", PLATFORM_PROJECT, [])
OPERATORS_PORT = port("spare", "spare", "net-spare", ["10.77.0.5"], PLATFORM_PROJECT)
METADATA = {"device_owner": "network:distributed", "device_id": f"ovnmeta-{NET}"}
HARMLESS: dict[str, Change] = {
    "metadata port of OVN": more("ports", port("m", "", NET, ["10.0.0.2"], "project-acme", **METADATA)),
    "highly available legs": change("ports", "leg-edge-acme-net-acme-app-4", device_owner="network:ha_router_replicated_interface"),
    "distributed router": both(
        change("ports", "leg-edge-acme-net-acme-app-4", device_owner="network:router_interface_distributed"),
        more("ports", leg("edge-acme", NET, "10.0.0.200", "network:router_centralized_snat")),
    ),
    "gateway's own port": more("ports", leg("edge-acme", "public", "172.24.4.60", "network:router_gateway")),
    "what Nova writes while it moves a server": change("ports", "acme-db-data", **{"binding:profile": {"migrating_to": "other"}}),
    "extensions that show nothing": change("routers", "acme-edge", enable_ndp_proxy=False, conntrack_helpers=[], evpn_vni=None),
    "no extension for stateless groups": without("groups", "stateful"),
}
