"""Ways to break what OVN holds, each with the words that name it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.drift.ovn.northbound import DROP_GROUP
from tests.fast.drift.changes import ACME
from tests.fast.drift.ovn.written import Row, Tables

Way = Callable[[Tables], object]
PORT, STRANGER = ACME.facts.servers["db"].nics["data"].port_id, "globex"
LSP, EDGE, NET = f"lsp-{PORT}", ACME.facts.edge_router_id, ACME.facts.zones["data"].network_id


def group_of(tables: Tables, lsp: str = LSP) -> Row:
    """Return the port group with rules that a port is in."""
    return next(row for row in tables["Port_Group"].values() if row["name"] != DROP_GROUP and lsp in row["ports"] and row["acls"])


def acl_of(tables: Tables) -> Row:
    """Return the ACL of a rule of that group."""
    return tables["ACL"][group_of(tables)["acls"][0]]


def globex(tables: Tables) -> str:
    """Return a port of another tenant's server."""
    return next(id_ for id_, row in tables["Logical_Switch_Port"].items() if STRANGER in id_ and row["port_security"])


def holder(table: str, name: str, column: str) -> Callable[[Tables], list[str]]:
    """Return what finds a column of a row."""

    def find(tables: Tables) -> list[str]:
        row = next(row for row in tables[table].values() if row["name"] == name)
        row[column] = row[column] if isinstance(row[column], list) else [row[column]]
        column_: list[str] = row[column]
        return column_

    return find


def put(table: str, row: Row, where: Callable[[Tables], list[str]] | None = None) -> Way:
    """Return what adds a row, to a column of another one."""

    def act(tables: Tables) -> None:
        tables[table][row["_uuid"]] = {"external_ids": {}, **row}
        if where:
            where(tables).append(row["_uuid"])

    return act


def setting(table: str, id_: str, **columns: object) -> Way:
    """Return what changes columns of a row."""
    return lambda tables: tables[table][id_].update(columns)


def again(table: str, column: str, **other: object) -> Way:
    """Return what adds a row of a router once more, with other columns where they are given."""

    def act(tables: Tables) -> None:
        router = next(row for row in tables["Logical_Router"].values() if row[column])
        id_ = router[column] if isinstance(router[column], str) else router[column][0]
        put(table, {**tables[table][id_], "_uuid": "x", **other})(tables)
        router[column] = [id_, *([] if isinstance(router[column], str) else router[column][1:]), "x"]

    return act


def acl(id_: str, match: str, action: str = "allow", **more: object) -> Row:
    """Return an ACL of somebody's."""
    return {"_uuid": id_, "direction": "to-lport", "priority": 1003, "action": action, "match": match, **more}


def _in_group(tables: Tables) -> list[str]:
    row = group_of(tables)
    column: list[str] = row["acls"]
    return column


def _lose_rule(tables: Tables) -> None:
    group_of(tables)["acls"].pop(0)


def _out(group: Callable[[Tables], Row]) -> Way:
    def act(tables: Tables) -> None:
        row = group(tables)
        row["ports"] = [each for each in ([row["ports"]] if isinstance(row["ports"], str) else row["ports"]) if each != LSP]

    return act


def _stranger(tables: Tables) -> None:
    row = group_of(tables)
    row["ports"] = [*([row["ports"]] if isinstance(row["ports"], str) else row["ports"]), globex(tables)]


def _lose_port(tables: Tables) -> None:
    holder("Logical_Switch", f"neutron-{NET}", "ports")(tables).remove(LSP)


def _prefix(tables: Tables) -> None:
    next(row for name, row in tables["Address_Set"].items() if "acme" in name and name.endswith("ip4"))["addresses"].append("9.9.9.9/32")


def leg(tables: Tables) -> Row:
    """Return the port of the router to that network."""
    return next(row for row in tables["Logical_Router_Port"].values() if EDGE in row["name"] and NET in row["name"])


SWITCH, ROUTER = f"neutron-{NET}", f"neutron-{EDGE}"
LR, LS = f"lr-{EDGE}", f"ls-{NET}"
NEW: dict[str, Any] = {"mac": "02:00:00:00:00:77", "networks": "10.66.0.1/24", "options": {}, "ipv6_ra_configs": {}}
GUEST: dict[str, Any] = {
    "type": "",
    "addresses": "unknown",
    "port_security": [],
    "options": {},
    "parent_name": [],
    "tag": [],
    "enabled": [],
}
WAYS: dict[str, tuple[Way, str]] = {
    "ACL that allows": (put("ACL", acl("x", "ip4"), _in_group), "undeclared ACL in OVN, group acme"),
    "ACL with the id of a rule of another group": (
        put("ACL", acl("x", "ip4", external_ids={"neutron:security_group_rule_id": "rule-of-nobody"}), _in_group),
        "undeclared ACL in OVN, group acme",
    ),
    "ACL of a rule twice": (lambda t: put("ACL", {**acl_of(t), "_uuid": "x"}, _in_group)(t), "undeclared ACL in OVN, group acme"),
    "ACL of a rule is wider": (lambda t: acl_of(t).update(match="ip4"), "Neutron's is"),
    "ACL of a rule goes before others": (lambda t: acl_of(t).update(priority=2000), "Neutron's is"),
    "ACL of a rule allows without tracking": (lambda t: acl_of(t).update(action="allow-stateless"), "Neutron's is"),
    "ACL of a rule has a column of its own": (lambda t: acl_of(t).update(tier=2), "has tier 2 in OVN"),
    "ACL of a rule is lost": (_lose_rule, "is not in OVN (to-lport 1002"),
    "ACL that drops is lost": (
        lambda t: holder("Port_Group", DROP_GROUP, "acls")(t).remove("acl-drop-to-lport"),
        "OVN lacks an ACL that drops what no rule allows: to-lport",
    ),
    "ACL that drops allows": (
        setting("ACL", "acl-drop-from-lport", action="allow"),
        "OVN lacks an ACL that drops what no rule allows: from",
    ),
    "ACL that drops drops less": (setting("ACL", "acl-drop-to-lport", match="outport == @neutron_pg_drop && ip4"), "OVN lacks an ACL"),
    "ACL that drops goes before those that allow": (setting("ACL", "acl-drop-to-lport", priority=1005), "OVN lacks an ACL"),
    "ACL that drops comes after anything else": (setting("ACL", "acl-drop-to-lport", priority=1), "OVN lacks an ACL"),
    "ACL before those that drop": (
        put("ACL", acl("x", "ip6"), holder("Port_Group", DROP_GROUP, "acls")),
        f"undeclared ACL in OVN, group {DROP_GROUP}: to-lport 1003 allow ip6",
    ),
    "group that drops is lost": (lambda t: t["Port_Group"].pop("pg-drop"), "OVN lacks an ACL that drops"),
    "out of the group that drops": (_out(lambda t: t["Port_Group"]["pg-drop"]), "port acme-db-data is not in OVN's group neutron_pg_drop"),
    "out of its group": (_out(group_of), "port acme-db-data is not in security group"),
    "stranger in a group": (_stranger, "in OVN, and not in Neutron"),
    "group is lost": (lambda t: t["Port_Group"].pop(group_of(t)["_uuid"]), "is not in OVN: no port group"),
    "port group of nobody's": (
        put("Port_Group", {"_uuid": "x", "name": "mine", "acls": [], "ports": LSP}),
        "undeclared port group mine in OVN holds port acme-db-data",
    ),
    "prefix too much": (_prefix, "other ip4 prefixes in OVN: too much 9.9.9.9/32"),
    "set is lost": (
        lambda t: t["Address_Set"].pop(next(name for name in t["Address_Set"] if "acme" in name and name.endswith("ip4"))),
        "the set is not there",
    ),
    "unknown addresses": (
        lambda t: t["Logical_Switch_Port"][LSP].update(addresses=[t["Logical_Switch_Port"][LSP]["addresses"], "unknown"]),
        "port acme-db-data gets frames for unknown addresses in OVN",
    ),
    "port security off": (setting("Logical_Switch_Port", LSP, port_security=[]), "port acme-db-data may send from any address in OVN"),
    "more to send from": (
        lambda t: t["Logical_Switch_Port"][LSP].update(port_security=[t["Logical_Switch_Port"][LSP]["port_security"], "02:00:00:00:00:77"]),
        "port acme-db-data may send from 02:00:00:00:00:77",
    ),
    "other addresses": (
        setting("Logical_Switch_Port", LSP, addresses="mac-x 10.0.0.99"),
        "port acme-db-data has addresses mac-x 10.0.0.99",
    ),
    "port switched off": (setting("Logical_Switch_Port", LSP, enabled=False), "port acme-db-data has enabled False in OVN"),
    "port of another type": (setting("Logical_Switch_Port", LSP, type="localport"), "port acme-db-data is of type localport in OVN"),
    "option of a port": (setting("Logical_Switch_Port", LSP, options={"pkt_clone_type": "x"}), "port acme-db-data has pkt_clone_type=x"),
    "copy of all packets": (setting("Logical_Switch_Port", LSP, mirror_rules="m"), "port acme-db-data has mirror_rules m in OVN"),
    "carried by another port": (
        setting("Logical_Switch_Port", LSP, parent_name="p", tag=5),
        "port acme-db-data is carried by port p in OVN",
    ),
    "answers to DHCP": (setting("Logical_Switch_Port", LSP, dhcpv4_options="d"), "port acme-db-data gets answers to DHCP in OVN"),
    "router's port leads elsewhere": (
        lambda t: next(row for row in t["Logical_Switch_Port"].values() if EDGE in row["name"] and row["type"] == "router").update(
            options={"router-port": "lrp-x"}
        ),
        "leads to lrp-x in OVN",
    ),
    "port of nobody's": (
        put("Logical_Switch_Port", {"_uuid": "x", "name": "guest", **GUEST}, holder("Logical_Switch", SWITCH, "ports")),
        "undeclared port guest of type of a server on network acme-data in OVN",
    ),
    "wire out of the cloud": (
        put(
            "Logical_Switch_Port",
            {"_uuid": "x", "name": "provnet-x", **GUEST, "type": "localnet"},
            holder("Logical_Switch", SWITCH, "ports"),
        ),
        "undeclared port provnet-x of type localnet on network acme-data in OVN",
    ),
    "port is lost": (_lose_port, "port acme-db-data is not on network acme-data in OVN"),
    "switch is lost": (lambda t: t["Logical_Switch"].pop(LS), "network acme-data has 0 switches in OVN"),
    "switch twice": (
        lambda t: put("Logical_Switch", {**t["Logical_Switch"][LS], "_uuid": "x", "ports": []})(t),
        "network acme-data has 2 switches in OVN",
    ),
    "ACL on a switch": (setting("Logical_Switch", LS, acls=["x"]), "network acme-data has acls ['x'] in OVN"),
    "load balancer of a switch": (setting("Logical_Switch", LS, load_balancer="x"), "network acme-data has load_balancer x in OVN"),
    "VLAN tags": (setting("Logical_Switch", LS, other_config={"vlan-passthru": "true"}), "network acme-data hands on VLAN tags in OVN"),
    "switch between clouds": (
        setting("Logical_Switch", LS, other_config={"interconn-ts": "x"}),
        "network acme-data has interconn-ts=x in OVN",
    ),
    "route": (
        put(
            "Logical_Router_Static_Route",
            {"_uuid": "x", "ip_prefix": "198.51.100.0/24", "nexthop": "10.0.0.9"},
            holder("Logical_Router", ROUTER, "static_routes"),
        ),
        "undeclared route of router acme-edge in OVN: 198.51.100.0/24 via 10.0.0.9",
    ),
    "route by the source": (
        setting("Logical_Router_Static_Route", f"route-{EDGE}-0", policy="src-ip"),
        "has policy src-ip in OVN",
    ),
    "route once more, for other packets": (
        again("Logical_Router_Static_Route", "static_routes", policy="src-ip"),
        "has policy src-ip in OVN",
    ),
    "route is lost": (
        lambda t: holder("Logical_Router", ROUTER, "static_routes")(t).clear(),
        "router acme-edge has no route to 0.0.0.0/0 via 172.24.4.1 in OVN",
    ),
    "translation": (
        put(
            "NAT",
            {"_uuid": "x", "type": "snat", "external_ip": "9.9.9.9", "logical_ip": "10.0.0.0/8"},
            holder("Logical_Router", ROUTER, "nat"),
        ),
        "undeclared translation of router acme-edge in OVN: snat 9.9.9.9 10.0.0.0/8",
    ),
    "translation is lost": (lambda t: holder("Logical_Router", ROUTER, "nat")(t).clear(), "router acme-edge has no translation snat"),
    "public address leads to another port": (
        lambda t: next(row for row in t["NAT"].values() if row["type"] == "dnat_and_snat").update(logical_port="port-x"),
        "leads to port port-x, Neutron's to",
    ),
    "policy": (
        put(
            "Logical_Router_Policy",
            {"_uuid": "x", "priority": 9, "match": "ip4", "action": "reroute"},
            holder("Logical_Router", ROUTER, "policies"),
        ),
        "undeclared policy of router acme-edge in OVN: 9 ip4 reroute",
    ),
    "load balancer of a router": (setting("Logical_Router", LR, load_balancer="x"), "router acme-edge has the undeclared load balancers x"),
    "router switched off": (setting("Logical_Router", LR, enabled=False), "router acme-edge has enabled False in OVN"),
    "option of a router": (
        setting("Logical_Router", LR, options={"lb_force_snat_ip": "x"}),
        "router acme-edge has lb_force_snat_ip=x in OVN",
    ),
    "router is lost": (lambda t: t["Logical_Router"].pop(LR), "router acme-edge is in OVN 0 times"),
    "port of a router": (
        put("Logical_Router_Port", {"_uuid": "x", "name": "lrp-x", **NEW}, holder("Logical_Router", ROUTER, "ports")),
        "undeclared port lrp-x (10.66.0.1/24) of router acme-edge in OVN",
    ),
    "port of a router is lost": (
        lambda t: holder("Logical_Router", ROUTER, "ports")(t).remove(leg(t)["_uuid"]),
        "router acme-edge has no port lrp-leg",
    ),
    "another address of a router": (lambda t: leg(t)["networks"].append("10.66.0.1/24"), "port of router acme-edge has 10.0"),
    "another MAC of a router": (lambda t: leg(t).update(mac="02:00:00:00:00:77"), "port of router acme-edge has MAC 02:00:00:00:00:77"),
    "router's port joined to another": (lambda t: leg(t).update(peer="lrp-x"), "has peer lrp-x in OVN"),
    "router announces": (lambda t: leg(t).update(ipv6_ra_configs={"address_mode": "slaac"}), "announces its prefix in OVN"),
    "neighbour written down": (
        lambda t: put("Static_MAC_Binding", {"_uuid": "x", "logical_port": leg(t)["name"], "ip": "10.0.1.12", "mac": "02:77"})(t),
        "undeclared neighbour of router acme-edge in OVN: 10.0.1.12 is at 02:77",
    ),
}
