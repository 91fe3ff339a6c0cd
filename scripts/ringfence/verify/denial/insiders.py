"""What a tenant's own people try and must not: the reader to change anything, the deployer to touch what belongs to the platform. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.verify.denial.attempts import (
    IN_USE,
    OK,
    Attempt,
    Call,
    Json,
    Who,
    first_server,
    group_of,
    has_servers,
    network_of,
    port_of,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.inventory import TenantInventory


def within(tenant: TenantInventory) -> Iterator[Attempt]:
    """Yield what a tenant's own people try: the reader to change anything, the deployer to touch what belongs to the platform."""
    for name, (call, twin, granted) in {**_by_reader(tenant), **(_by_reader_on_servers(tenant) if has_servers(tenant) else {})}.items():
        words = f"{tenant.name}'s reader {name}"
        yield Attempt(words, tenant.name, Who.READER, call, tenant.name, twin, granted=granted)
    for name, (call, twin) in {**_by_deployer(tenant), **(_by_deployer_on_ports(tenant) if has_servers(tenant) else {})}.items():
        yield Attempt(f"{tenant.name}'s deployer {name}", tenant.name, Who.DEPLOYER, call, tenant.name, twin)


def _by_reader(tenant: TenantInventory) -> dict[str, tuple[Call, Call, frozenset[int]]]:
    """Return nothing that a quota could refuse: Neutron and Cinder ask the quota before they ask who it is."""
    network = f"/networks/{network_of(tenant)}"
    rule = {"security_group_id": group_of(tenant), "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
    seen = show("network", network)
    return {
        "adds a rule to its security group": (Call("network", "POST", "/security-group-rules", {"security_group_rule": rule}), seen, OK),
        "changes its network": (Call("network", "PUT", network, {"network": {"description": ""}}), seen, OK),
    }


def _by_reader_on_servers(tenant: TenantInventory) -> dict[str, tuple[Call, Call, frozenset[int]]]:
    server = first_server(tenant)
    path, volume = f"/servers/{server.id}", f"/volumes/{server.volumes.root}"
    seen = show("compute", path)
    kept = Call("block_storage", "PUT", volume, {"volume": {"description": None}})
    delete = Call("block_storage", "DELETE", volume)
    off = Call("network", "PUT", f"/ports/{port_of(tenant)}", {"port": {"port_security_enabled": False}})
    return {
        "changes its server": (Call("compute", "PUT", path, {"server": {"description": None}}), seen, OK),
        "reboots its server": (Call("compute", "POST", f"{path}/action", {"reboot": {"type": "SOFT"}}), seen, OK),
        "turns port security off": (off, seen, OK),
        "changes its volume": (kept, kept, OK),
        "deletes its volume": (delete, delete, IN_USE),
    }


def _by_deployer(tenant: TenantInventory) -> dict[str, tuple[Call, Call]]:
    facts = tenant.facts
    segment, subnet = f"/networks/{facts.management.network_id}", f"/subnets/{facts.management.subnet_id}"
    enter = {"port": {"network_id": facts.management.network_id, "name": "intruder", "port_security_enabled": False}}
    routes: Json = {"subnet": {"host_routes": []}}
    router: Json = {"router": {"routes": []}}
    lent, own = show("network", segment), show("network", f"/networks/{network_of(tenant)}")
    return {
        "plugs an open port into its management segment": (Call("network", "POST", "/ports", enter), lent),
        "changes its management segment": (Call("network", "PUT", segment, {"network": {"description": ""}}), lent),
        "gives its management segment other routes": (Call("network", "PUT", subnet, routes), show("network", subnet)),
        "changes its management router": (Call("network", "PUT", f"/routers/{facts.management.router_id}", router), lent),
        "changes its edge router": (Call("network", "PUT", f"/routers/{facts.edge_router_id}", router), lent),
        "lists all projects": (show("identity", "/projects"), own),
        "lists all users": (show("identity", "/users"), own),
        "lists hypervisors": (show("compute", "/os-hypervisors"), own),
    }


def _by_deployer_on_ports(tenant: TenantInventory) -> dict[str, tuple[Call, Call]]:
    port = f"/ports/{first_server(tenant).management_port_id}"
    off = {"port": {"port_security_enabled": False, "security_groups": []}}
    pairs = {"port": {"allowed_address_pairs": [{"ip_address": "0.0.0.0/0"}]}}
    return {
        "turns port security off on its management port": (Call("network", "PUT", port, off), show("network", port)),
        "lets its management port send from every address": (Call("network", "PUT", port, pairs), show("network", port)),
    }
