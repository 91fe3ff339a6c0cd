"""Ways to break the platform's services in the cloud, and the words that have to name each."""

from __future__ import annotations

from tests.fast.drift.changes import ANY_RULE, BACKBONE, NET, Change, address, change, more
from tests.fast.drift.rows import PLATFORM_PROJECT, port, rule

SERVER = "platform-services"
SECOND_NIC = port("x", "", NET, ["10.0.0.99"], PLATFORM_PROJECT, device_id="server-services", device_owner="compute:nova")
EVERYTHING = {**ANY_RULE, "direction": "egress"}
ROUTE = {"destination": "172.30.0.0/16", "nexthop": "172.29.0.200"}
PAIR = [{"ip_address": "172.29.0.10", "mac_address": "mac-port-services"}]

WAYS: dict[str, tuple[Change, str]] = {
    "services server that answers everybody": (
        change("groups", SERVER, security_group_rules=[ANY_RULE]),
        "undeclared rule in platform-services: ingress IPv4 any all any",
    ),
    "services server that answers on another port": (
        change("groups", SERVER, security_group_rules=[rule("ingress", "172.30.0.0/16", 8080)]),
        "undeclared rule in platform-services: ingress IPv4 tcp 8080 172.30.0.0/16",
    ),
    "services server that may open anything": (
        change("groups", SERVER, security_group_rules=[EVERYTHING]),
        "undeclared rule in platform-services: egress IPv4 any all any",
    ),
    "services server that nobody may ask": (change("groups", SERVER, security_group_rules=[]), "missing rule in platform-services"),
    "bastion that may open more of the services server": (
        change("groups", "platform-bastion", security_group_rules=[rule("egress", "172.29.0.200", 80)]),
        "undeclared rule in platform-bastion: egress IPv4 tcp 80 172.29.0.200",
    ),
    "tenant's servers that may open more of the services server": (
        change("groups", "acme-management", security_group_rules=[rule("egress", "172.29.0.200/32", 22)]),
        "undeclared rule in acme-management: egress IPv4 tcp 22 172.29.0.200/32",
    ),
    "services server that forwards": (
        change("ports", SERVER, port_security_enabled=False),
        "port security is off on platform-services",
    ),
    "services server that poses as the bastion": (
        change("ports", SERVER, allowed_address_pairs=PAIR),
        "platform-services may also send from 172.29.0.10",
    ),
    "services server without its group": (change("ports", SERVER, security_groups=[]), "platform-services has groups none"),
    "services server in the bastion's group": (
        change("ports", SERVER, security_groups=["id-bastion-group"]),
        "platform-services has groups platform-bastion",
    ),
    "services server in a tenant's network": (
        more("ports", SECOND_NIC),
        "undeclared port without a name (x, 10.0.0.99) (compute:nova) of project platform on network acme-app",
    ),
    "services server with an address outside": (
        more("floating_ips", address("port-services", project_id=PLATFORM_PROJECT)),
        "undeclared public address 172.24.4.99 on platform-services",
    ),
    "services server that is another": (
        more("servers", {"id": "twin", "name": SERVER, "tenant_id": PLATFORM_PROJECT, "status": "ACTIVE"}),
        "undeclared server platform-services",
    ),
    "services server off": (change("servers", SERVER, status="SHUTOFF"), "platform-services"),
    "second server on the backbone": (
        more("ports", port("y", "intruder", BACKBONE, ["172.29.0.201"], PLATFORM_PROJECT)),
        "undeclared port intruder",
    ),
    "store that is not encrypted": (
        change("volumes", "platform-services-store", volume_type="plain", encrypted=False),
        "platform-services-store",
    ),
    "store that others may attach": (change("volumes", "platform-services-store", multiattach=True), "platform-services-store"),
    "store of another tenant": (
        change("volumes", "platform-services-store", **{"os-vol-tenant-attr:tenant_id": "project-acme"}),
        "platform-services-store",
    ),
    "tenant's traffic through the services server": (
        change("routers", "platform", routes=[ROUTE]),
        "172.29.0.200",
    ),
}
