"""The declarations of the tree as an inventory, with facts as the stacks would export them."""

from __future__ import annotations

from datetime import date
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from infra.declaration import load_tenant
from infra.policy.flows import expand
from ringfence.verify.inventory import Inventory, TenantInventory
from ringfence.verify.model import Node, NodeNic, NodeRole
from tests.fast import exported
from tests.fast.declaration.declared import EVERY_SERVICE, shipped_platform

if TYPE_CHECKING:
    from infra.declaration.model import Tenant
    from infra.outputs import TenantOutput

ROOT = Path(__file__).parents[4]
TODAY = date(2026, 1, 1)
SEGMENTS = {"acme": "172.30.0.0/28", "globex": "172.30.0.16/28"}
OUTSIDE = Node(
    "internet/host", "internet", NodeRole.OUTSIDE, (NodeNic("outside", "eth0", "02:00:00:00:00:01", (ip_address("203.0.113.10"),), (), ()),)
)


def facts(tenant: Tenant) -> TenantOutput:
    """Return what a tenant's stack exports."""
    segment = ip_network(SEGMENTS[tenant.name])
    servers = {}
    for number, (name, server) in enumerate(tenant.servers.items()):
        nics = {}
        for nic, (zone, host) in enumerate(server.zones.items()):
            addresses = [str(network[host]) for network in tenant.zones[zone].networks]
            nics[zone] = {"port_id": f"port-{tenant.name}-{name}-{zone}", "mac": mac(tenant.name, number, nic), "addresses": addresses}
        servers[name] = {
            "id": f"server-{tenant.name}-{name}",
            "management": str(segment[5 + number]),
            "management_port_id": f"port-{tenant.name}-{name}-management",
            "host_key": "ssh-ed25519 AAAA",
            "public": f"172.24.4.{100 + len(tenant.name)}" if server.public else None,
            "nics": nics,
            "volumes": {"root": f"root-{tenant.name}-{name}", "data": {disk: f"{disk}-{tenant.name}-{name}" for disk in server.data}},
        }
    ids = {
        "network_id": f"net-{tenant.name}-management",
        "subnet_id": f"sub-{tenant.name}-management",
        "router_id": f"router-{tenant.name}",
    }
    zones = {zone: {"network_id": f"net-{tenant.name}-{zone}", "subnet_ids": [f"sub-{tenant.name}-{zone}"]} for zone in tenant.zones}
    return exported.tenant(
        tenant.name,
        management={**ids, "cidr": str(segment)},
        zones=zones,
        groups={"zone-app": f"group-{tenant.name}"},
        servers=servers,
    )


def mac(tenant: str, number: int, nic: int) -> str:
    """Return a fixed MAC."""
    return f"fa:16:3e:{len(tenant):02x}:{number:02x}:{nic:02x}"


def without_backups(tenant: Tenant) -> Tenant:
    """Return a tenant that declares no backups: a test of backups declares its own, beside the records that belong to them."""
    servers = {name: server.model_copy(update={"backup": None}) for name, server in tenant.servers.items()}
    return tenant.model_copy(update={"servers": servers, "backup": None})


@cache
def inventory(*, services: bool = False) -> Inventory:
    """Return acme and globex with an outside, on a platform with every service or none; a test that changes one has `replace`d it."""
    platform = shipped_platform(EVERY_SERVICE if services else None)
    tenants = []
    for name in SEGMENTS:
        declaration = load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=TODAY)
        macs = {server: mac(name, number, 9) for number, server in enumerate(declaration.tenant.servers)}
        router = str(ip_network(SEGMENTS[name])[1])
        tenant = without_backups(declaration.tenant)
        tenants.append(TenantInventory(tenant, expand(declaration, platform), facts(tenant), router, macs))
    types = {name: f"type-{name}" for name in platform.volume_types}
    made = {"services": {"id": "services-id", "address": "172.29.0.200", "host_key": "ssh-ed25519 AAAA"}} if services else {}
    platform_facts = exported.platform(volume_types=types, **made)
    outer = {"acme": ip_address("172.24.4.60"), "globex": ip_address("172.24.4.61")}
    return Inventory(platform, platform_facts, tuple(tenants), outer, ((ip_address("172.24.4.1"), 5000),), OUTSIDE)
