"""Networks in OVN: switches with the ports that Neutron tells of and no others, and what each port may send and receive. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.drift.ovn.northbound import ID, many, router_port_name, switch_name
from infra.drift.ovn.objects import further_columns, further_keys, of_ovn
from infra.errors import CloudError
from infra.neutron import owners

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.drift.deviation import ComparedObject
    from infra.drift.found import Json
    from infra.drift.ovn.northbound import Row
    from infra.drift.ovn.objects import Sight
    from infra.outcome import Deviation

OF_A_SWITCH = {ID, "copp", "dns_records", "external_ids", "name", "other_config", "ports", "qos_rules"}
"""Columns that are compared, and those that open no way: ACLs, load balancers and forwarding groups of a switch are not Neutron's."""
OF_A_PORT = {
    *(ID, "addresses", "dynamic_addresses", "enabled", "external_ids", "ha_chassis_group", "name", "options", "parent_name"),
    *("port_security", "tag", "tag_request", "type", "up", "dhcpv4_options", "dhcpv6_options", "peer"),
}
OF_THE_HOST = {"requested-chassis", "activation-strategy", "iface-id-ver"}
OPTIONS = {
    *OF_THE_HOST,
    *("router-port", "nat-addresses", "exclude-lb-vips-from-garp", "arp_proxy"),
    *("mcast_flood", "mcast_flood_reports", "vif-plug-type", "vif-plug-mtu-request"),
    *("vif-plug:representor:pf-mac", "vif-plug:representor:vf-num"),
    *("qos_min_rate", "qos_max_rate", "qos_burst", "qos_physical_network"),
}
"""Options that Neutron gives to ports; which router a port leads to is compared."""
SETTINGS = {"mcast_snoop", "mcast_flood_unregistered", "vlan-passthru", "broadcast-arps-to-all-routers", "fdb_age_threshold"}
"""Settings that Neutron gives to switches."""
IGNORED = "network:floatingip"
"""Ports that Neutron keeps out of OVN."""
PROVIDER = "provnet-"
LOCAL = "localport"
METADATA = ("network:distributed", "network:dhcp")
ADDRESSES_OF_A_ROUTER = {"router"}
UNKNOWN = "unknown"


def switches(sight: Sight) -> Iterator[Deviation]:
    """Compare the switch of every network: there, with its ports, and nothing else on it."""
    by_network: dict[str, set[str]] = defaultdict(set)
    for port in sight.scope.whole.found.ports:
        if port["device_owner"] != IGNORED:
            by_network[str(port["network_id"])].add(str(port["id"]))
    for network in sight.scope.found.networks:
        one = sight.scope.subject("networks", network)
        rows = sight.ovn.called("Logical_Switch", switch_name(str(network["id"])))
        if len(rows) != 1:
            yield one.missing(f"{one} has {len(rows)} switches in OVN, Neutron makes one")
        for row in rows:
            yield from further_columns(one, row, OF_A_SWITCH)
            yield from further_keys(one, row["other_config"], SETTINGS)
            if row["other_config"].get("vlan-passthru") == "true" and not network.get("vlan_transparent"):
                yield one.different(f"{one} hands on VLAN tags in OVN (vlan-passthru true)")
            yield from _ports(sight, one, row, by_network[str(network["id"])])


def _ports(sight: Sight, network: ComparedObject, row: Row, wanted: set[str]) -> Iterator[Deviation]:
    found = {str(port.get("name")): port for port in sight.ovn.of_row(row, "ports", "Logical_Switch_Port")}
    for name in sorted(found.keys() - wanted):
        port = found[name]
        if name.startswith(PROVIDER) and port["type"] == "localnet" and _is_provider(sight, network):
            continue
        text = f"undeclared port {name} of type {port['type'] or 'of a server'} on {network} in OVN"
        yield of_ovn("port", port).further(text, f"ovn-nbctl lsp-del {port[ID]}")
    for name in sorted(wanted - found.keys()):
        yield sight.scope.subject("ports", sight.scope.names.row("ports", name)).missing(
            f"port {sight.scope.names.of('ports', name)} is not on {network} in OVN"
        )


def _is_provider(sight: Sight, network: ComparedObject) -> bool:
    return bool(sight.scope.names.row("networks", network.id).get("provider:physical_network"))


def ports(sight: Sight) -> Iterator[Deviation]:
    """Compare what each port of the party may send and receive, and where it leads."""
    carried = {str(sub["port_id"]) for trunk in sight.scope.whole.found.trunks for sub in trunk.get("sub_ports") or ()}
    for port in sight.scope.found.ports:
        row = sight.ports.get(str(port["id"]))
        if row is None or port["device_owner"] == IGNORED:
            continue
        one = sight.scope.subject("ports", port)
        yield from _port(one, port, row)
        yield from further_columns(one, row, OF_A_PORT)
        answers = [column for column in ("dhcpv4_options", "dhcpv6_options") if many(row, column)]
        if answers and not any(sight.scope.names.row("subnets", str(fixed["subnet_id"]))["enable_dhcp"] for fixed in port["fixed_ips"]):
            yield one.different(f"{one} gets answers to DHCP in OVN ({', '.join(answers)}), and no subnet of it has DHCP in Neutron")
        if str(port["id"]) not in carried and (many(row, "parent_name") or many(row, "tag")):
            yield one.further(f"{one} is carried by port {', '.join(map(str, many(row, 'parent_name')))} in OVN, in no trunk of Neutron's")


def _port(one: ComparedObject, port: Json, row: Row) -> Iterator[Deviation]:
    kind = _type(port)
    if row["type"] != kind:
        yield one.different(f"{one} is of type {row['type'] or 'none'} in OVN, Neutron's is {kind or 'none'}")
    if bool(many(row, "enabled") in ([], [True])) is not bool(port["admin_state_up"]):
        yield one.different(f"{one} has enabled {row['enabled']} in OVN, Neutron admin_state_up {port['admin_state_up']}")
    options = row["options"]
    yield from further_keys(one, options, OPTIONS)
    if kind == "router":
        if options.get("router-port") != router_port_name(str(port["id"])):
            yield one.different(
                f"{one} leads to {options.get('router-port')} in OVN, Neutron's leads to {router_port_name(str(port['id']))}"
            )
        if set(many(row, "addresses")) != ADDRESSES_OF_A_ROUTER:
            yield one.different(f"{one} has addresses {_listed(many(row, 'addresses'))} in OVN, Neutron's has its router's")
    else:
        yield from _addresses(one, port, row, kind)


def _type(port: Json) -> str:
    """Return the type that Neutron gives a port. Raises :class:`CloudError` for one whose type depends on what is not known here."""
    if owners.is_router_port(port["device_owner"]) or owners.is_gateway(port["device_owner"]):
        return "router"
    if port["device_owner"] in METADATA:
        return LOCAL
    if port.get("binding:vnic_type", "normal") != "normal":
        got = str(port["binding:vnic_type"])
        raise CloudError.of("what OVN has to hold of such a port is not known here", where=f"port {port['id']}", expected="normal", got=got)
    return ""


def _addresses(one: ComparedObject, port: Json, row: Row, kind: str) -> Iterator[Deviation]:
    """Compare which addresses a port has, and which it may send from."""
    secure = bool(port["port_security_enabled"]) and not owners.is_trusted(port["device_owner"])
    own = {port["mac_address"]: {str(fixed["ip_address"]) for fixed in port["fixed_ips"]}}
    pairs = list(port.get("allowed_address_pairs") or ())
    if any((pair.get("mac_address") or port["mac_address"]) != port["mac_address"] for pair in pairs):
        raise CloudError.of("what OVN has to hold of such an address pair is not known here", where=str(one), expected="the port's own MAC")
    allowed = {port["mac_address"]: own[port["mac_address"]] | {str(pair["ip_address"]) for pair in pairs}} if secure else {}
    sent = _by_mac(many(row, "port_security"))
    if sent != allowed:
        yield one.different(f"{one} may send from {_said(sent) or 'any address'} in OVN, Neutron's from {_said(allowed) or 'any address'}")
    found = [address for address in many(row, "addresses") if address != UNKNOWN]
    if not secure and not kind:
        found = found or [f"{port['mac_address']} {' '.join(own[port['mac_address']])}".strip()]
    elif UNKNOWN in many(row, "addresses"):
        yield one.different(f"{one} gets frames for unknown addresses in OVN (port security is on in Neutron)")
    if _by_mac(found) != own:
        yield one.different(f"{one} has addresses {_listed(found)} in OVN, Neutron's has {_said(own)}")


def _by_mac(entries: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries:
        mac, *addresses = str(entry).split()
        found.setdefault(mac, set()).update(addresses)
    return found


def _said(by_mac: dict[str, set[str]]) -> str:
    return ", ".join(" ".join((mac, *sorted(addresses))) for mac, addresses in sorted(by_mac.items()))


def _listed(values: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, values))) or "none"
