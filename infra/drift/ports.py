"""Ports of the cloud against the declaration, both ways, and whatever else leads to one: trunks and forwardings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift.found import owner
from infra.neutron import owners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.deviation import ComparedObject
    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.drift.wanted import Wanted, WantedPort
    from infra.outcome import Deviation

SERVERS = ("compute:", "baremetal:")
"""Beginnings of the owners that Nova gives the ports of its servers."""
LOST = frozenset({"unbound", "binding_failed"})
"""Types of a binding that no host has. A server whose NIC lost it runs on, and does not start again."""
OF_NOVA = frozenset({"os_vif_delegation", "migrating_to", "numa_affinity_policy"})
"""What Nova itself writes into a port's binding profile and what changes nothing about who may send what."""


def ports(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare the ports on the party's networks, its servers and in its project."""
    pairs, others, problems = scope.match("ports", wanted.ports)
    yield from problems
    for row in others:
        if not _is_expected(scope, row):
            where = scope.names.of("networks", row["network_id"])
            made_by = f" of {scope.names.project(owner(row))}" if owner(row) != scope.project else ""
            kind = f" ({row['device_owner']})" if row["device_owner"] else ""
            yield scope.undeclared("ports", row, f"{kind}{made_by} on network {where}")
    for name, row in pairs.items():
        port = scope.subject("ports", row, name)
        yield from _port(scope, port, row, wanted.ports[name])
        yield from _place(scope, port, row, wanted.ports[name])
        yield from _binding(scope, port, row)


def _is_expected(scope: Scope, row: Json) -> bool:
    """Whether a port is a router's, which is compared with the routers, or the one that serves a network's metadata."""
    if owners.is_routers(row["device_owner"]):
        return True
    network = scope.names.row("networks", row["network_id"])
    mates = [other for other in scope.whole.by["network"][row["network_id"]] if other["device_owner"] == owners.METADATA]
    is_metadata = owners.is_metadata(row["device_owner"], row["device_id"], row["network_id"])
    return is_metadata and mates == [row] and owner(row) == owner(network)


def _port(scope: Scope, port: ComparedObject, row: Json, want: WantedPort) -> Iterator[Deviation]:
    """Compare what a port may send, and what it is made with."""
    made = scope.made.get("ports", port.name)
    told = made.outputs if made else {}
    if not row["port_security_enabled"]:
        yield port.different(f"port security is off on {port.name}")
    if row.get("allowed_address_pairs"):
        pairs = ", ".join(_pair(pair) for pair in row["allowed_address_pairs"])
        yield port.further(f"{port.name} may also send from {pairs} (allowed address pairs)")
    known = {made.id: group for group in want.groups if (made := scope.made.get("groups", group))}
    groups = {known.get(group) or scope.names.of("groups", group) for group in row["security_groups"]}
    if groups != want.groups:
        yield port.different(f"{port.name} has groups {_listed(groups)}, declared {', '.join(sorted(want.groups))}")
    fixed = {entry["ip_address"] for entry in row["fixed_ips"]}
    if fixed != want.addresses:
        yield port.different(f"{port.name} has addresses {', '.join(sorted(fixed))}, declared {', '.join(sorted(want.addresses))}")
    mac = {"mac_address": told["macAddress"]} if told.get("macAddress") else {}
    yield from port.differing(row, {"admin_state_up": True, **mac})
    usual: dict[str, object] = {"extra_dhcp_opts": [], "mac_learning_enabled": False, "trusted": None}
    yield from port.unusual(row, {"binding:vnic_type": "normal", **usual})


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _place(scope: Scope, port: ComparedObject, row: Json, want: WantedPort) -> Iterator[Deviation]:
    """Compare whose a port is, on which network, and of which server."""
    network, server = scope.made.get("networks", want.network), scope.made.get("servers", want.server)
    if network and row["network_id"] != network.id:
        yield port.different(f"{port} is on network {scope.names.of('networks', row['network_id'])}, declared {want.network}")
    if server and row["device_id"] != server.id:
        at = scope.names.of("servers", row["device_id"]) if row["device_id"] else "nothing"
        yield port.different(f"{port} is plugged into {at}, declared {want.server}")
    if row["device_id"] and not row["device_owner"].startswith(SERVERS):
        trusted = ": its host takes it for infrastructure and does not filter it" if owners.is_trusted(row["device_owner"]) else ""
        yield port.different(f"{port} has device_owner {row['device_owner'] or 'none'}, declared a server's{trusted}")
    yield from scope.owned(port, row)


def _pair(pair: Json) -> str:
    return f"{pair['ip_address']} with MAC {pair['mac_address']}" if pair.get("mac_address") else str(pair["ip_address"])


def _binding(scope: Scope, port: ComparedObject, row: Json) -> Iterator[Deviation]:
    """Check that a host has the port, that it filters there, and that the port is nobody else's subport."""
    if row["binding:vif_type"] in LOST:
        yield port.different(f"{port} has lost its binding ({row['binding:vif_type']}): its server runs on, and cannot start again")
    elif row["status"] == "DOWN" and scope.names.row("servers", row["device_id"]).get("status") == "ACTIVE":
        yield port.different(f"{port} is DOWN while its server runs")
    if (row.get("binding:vif_details") or {}).get("port_filter") is False:
        yield port.different(f"{port} is not filtered by its host (binding:vif_details port_filter false)")
    strange = {key: value for key, value in (row.get("binding:profile") or {}).items() if key not in OF_NOVA and value}
    if strange:
        listed = ", ".join(f"{key} {value}" for key, value in sorted(strange.items()))
        yield port.further(f"{port} has an undeclared binding profile: {listed}", f"openstack port unset --binding-profile {port.id}")


def detours(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Find trunks that carry a port and forwardings that lead to one, whoever made them."""
    ours = {row["id"]: scope.names.of("ports", row["id"]) for row in scope.found.ports}
    ours |= {made.id: name for name in wanted.ports if (made := scope.made.get("ports", name))}
    for trunk in scope.found.trunks:
        found = scope.subject("trunks", trunk)
        what = f"{found} of {scope.names.project(owner(trunk))}"
        subs = [sub for sub in trunk.get("sub_ports") or () if sub["port_id"] in ours]
        if trunk["port_id"] in ours or not subs:
            yield found.undeclared(f"undeclared {what} on port {scope.names.of('ports', trunk['port_id'])}")
        for sub in subs:
            tag = f"{sub.get('segmentation_type')} {sub.get('segmentation_id')}"
            on = scope.names.of("ports", trunk["port_id"])
            yield found.further(f"{what} carries port {ours[sub['port_id']]} as {tag} on port {on}")
    for address in scope.found.floating_ips:
        for row in address.get("port_forwardings") or ():
            target = scope.names.of("ports", row.get("internal_port_id"))
            outer = f"{address['floating_ip_address']} {row.get('protocol')} {row.get('external_port') or row.get('external_port_range')}"
            inner = f"{target} {row.get('internal_port') or row.get('internal_port_range')}"
            whose = scope.names.project(owner(address))
            found = scope.subject("floating_ips", address)
            undo = f"openstack floating ip port forwarding delete {address['id']} {row.get('id', '')}"
            yield found.further(f"undeclared forwarding from public address {outer} of {whose} to port {inner}", undo)
