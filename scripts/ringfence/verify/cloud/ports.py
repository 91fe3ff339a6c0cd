"""Ports of the cloud against the declaration, both ways, and whatever else leads to one: trunks and forwardings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.neutron import owners
from ringfence.verify.cloud.scope import differing, owner, unusual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.cloud.scope import Scope
    from ringfence.verify.cloud.wanted import Port, Wanted

Json = dict[str, Any]
SERVERS = ("compute:", "baremetal:")
"""Beginnings of the owners that Nova gives the ports of its servers."""
METADATA = "network:distributed"
"""The owner of the port by which OVN's agents serve metadata; Neutron makes one a network, for the device ``ovnmeta-<network>``."""
LOST = frozenset({"unbound", "binding_failed"})
"""Types of a binding that no host has. A server whose card lost it runs on, and does not start again."""
OF_NOVA = frozenset({"os_vif_delegation", "migrating_to", "numa_affinity_policy"})
"""What Nova itself writes into a port's binding profile and what changes nothing about who may send what."""


def ports(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Compare the ports on the party's networks, its servers and in its project."""
    pairs, others, problems = scope.match("ports", wanted.ports)
    yield from problems
    for row in others:
        if not _is_expected(scope, row):
            where = scope.names.of("networks", row["network_id"])
            made_by = f" of {scope.names.project(owner(row))}" if owner(row) != scope.project else ""
            kind = f" ({row['device_owner']})" if row["device_owner"] else ""
            yield f"undeclared port {scope.names.of('ports', row['id'])}{kind}{made_by} on network {where}"
    for name, row in pairs.items():
        yield from _port(scope, name, row, wanted.ports[name])


def _is_expected(scope: Scope, row: Json) -> bool:
    """Whether a port is a router's, which is compared with the routers, or the one that serves a network's metadata."""
    if owners.is_routers(row["device_owner"]):
        return True
    network = scope.names.row("networks", row["network_id"])
    mates = [other for other in scope.whole.by["network"][row["network_id"]] if other["device_owner"] == METADATA]
    return mates == [row] and row["device_id"] == f"ovnmeta-{row['network_id']}" and owner(row) == owner(network)


def _port(scope: Scope, name: str, row: Json, want: Port) -> Iterator[str]:
    made = scope.made.get("ports", name)
    told = made.outputs if made else {}
    network, server = scope.made.get("networks", want.network), scope.made.get("servers", want.server)
    if not row["port_security_enabled"]:
        yield f"port security is off on {name}"
    if row.get("allowed_address_pairs"):
        pairs = ", ".join(_pair(pair) for pair in row["allowed_address_pairs"])
        yield f"{name} may also send from {pairs} (allowed address pairs)"
    yield from _groups(scope, name, row, want)
    fixed = {entry["ip_address"] for entry in row["fixed_ips"]}
    if fixed != want.addresses:
        yield f"{name} has addresses {', '.join(sorted(fixed))}, declared {', '.join(sorted(want.addresses))}"
    if network and row["network_id"] != network.id:
        yield f"port {name} is on network {scope.names.of('networks', row['network_id'])}, declared {want.network}"
    if server and row["device_id"] != server.id:
        at = scope.names.of("servers", row["device_id"]) if row["device_id"] else "nothing"
        yield f"port {name} is plugged into {at}, declared {want.server}"
    what = f"port {name}"
    if row["device_id"] and not row["device_owner"].startswith(SERVERS):
        trusted = ": its host takes it for infrastructure and does not filter it" if owners.is_trusted(row["device_owner"]) else ""
        yield f"{what} has device_owner {row['device_owner'] or 'none'}, declared a server's{trusted}"
    yield from scope.owned(what, row)
    yield from differing(what, row, {"admin_state_up": True, **({"mac_address": told["macAddress"]} if told.get("macAddress") else {})})
    usual: dict[str, object] = {"extra_dhcp_opts": [], "mac_learning_enabled": False, "trusted": None}
    yield from unusual(what, row, {"binding:vnic_type": "normal", **usual})
    yield from _binding(scope, name, row)


def _groups(scope: Scope, name: str, row: Json, want: Port) -> Iterator[str]:
    known = {made.id: group for group in want.groups if (made := scope.made.get("groups", group))}
    found = {known.get(group) or scope.names.of("groups", group) for group in row["security_groups"]}
    if found != want.groups:
        yield f"{name} has groups {', '.join(sorted(found)) or 'none'}, declared {', '.join(sorted(want.groups))}"


def _pair(pair: Json) -> str:
    return f"{pair['ip_address']} with MAC {pair['mac_address']}" if pair.get("mac_address") else str(pair["ip_address"])


def _binding(scope: Scope, name: str, row: Json) -> Iterator[str]:
    """Check that a host has the port, that it filters there, and that the port is nobody else's subport."""
    if row["binding:vif_type"] in LOST:
        yield f"port {name} has lost its binding ({row['binding:vif_type']}): its server runs on, and cannot start again"
    elif row["status"] == "DOWN" and scope.names.row("servers", row["device_id"]).get("status") == "ACTIVE":
        yield f"port {name} is DOWN while its server runs"
    if (row.get("binding:vif_details") or {}).get("port_filter") is False:
        yield f"port {name} is not filtered by its host (binding:vif_details port_filter false)"
    strange = {key: value for key, value in (row.get("binding:profile") or {}).items() if key not in OF_NOVA and value}
    if strange:
        yield f"port {name} has an undeclared binding profile: {', '.join(f'{key} {value}' for key, value in sorted(strange.items()))}"


def detours(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Find trunks that carry a port and forwardings that lead to one, whoever made them."""
    ours = {row["id"]: scope.names.of("ports", row["id"]) for row in scope.view.ports}
    ours |= {made.id: name for name in wanted.ports if (made := scope.made.get("ports", name))}
    for trunk in scope.view.trunks:
        what = f"trunk {scope.names.of('trunks', trunk['id'])} of {scope.names.project(owner(trunk))}"
        subs = [sub for sub in trunk.get("sub_ports") or () if sub["port_id"] in ours]
        if trunk["port_id"] in ours or not subs:
            yield f"undeclared {what} on port {scope.names.of('ports', trunk['port_id'])}"
        for sub in subs:
            tag = f"{sub.get('segmentation_type')} {sub.get('segmentation_id')}"
            yield f"{what} carries port {ours[sub['port_id']]} as {tag} on port {scope.names.of('ports', trunk['port_id'])}"
    for address in scope.view.floating_ips:
        for row in address.get("port_forwardings") or ():
            target = scope.names.of("ports", row.get("internal_port_id"))
            outer = f"{address['floating_ip_address']} {row.get('protocol')} {row.get('external_port') or row.get('external_port_range')}"
            inner = f"{target} {row.get('internal_port') or row.get('internal_port_range')}"
            yield f"undeclared forwarding from public address {outer} of {scope.names.project(owner(address))} to port {inner}"
