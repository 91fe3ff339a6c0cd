"""Routers in OVN: their ports, routes, policies and translations, against what Neutron tells of them. Pure."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from infra.drift.ovn.northbound import ID, many, router_name, router_port_name
from infra.drift.ovn.objects import further_columns, further_keys, of_ovn
from infra.neutron import owners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.deviation import ComparedObject
    from infra.drift.found import Json
    from infra.drift.ovn.northbound import Row
    from infra.drift.ovn.objects import Sight
    from infra.outcome import Deviation

OF_A_ROUTER = {ID, "copp", "enabled", "external_ids", "load_balancer", "load_balancer_group", "name", "nat", "options", "policies", "ports"}
OF_A_ROUTER |= {"static_routes"}
OF_A_PORT = {
    ID,
    "enabled",
    "external_ids",
    "gateway_chassis",
    "ha_chassis_group",
    "ipv6_prefix",
    "ipv6_ra_configs",
    "mac",
    "name",
    "networks",
}
OF_A_PORT |= {"options", "status"}
OF_A_ROUTE = {ID, "bfd", "external_ids", "ip_prefix", "nexthop", "options", "output_port"}
OF_A_NAT = {
    ID,
    "external_ids",
    "external_ip",
    "external_mac",
    "gateway_port",
    "logical_ip",
    "logical_port",
    "options",
    "type",
    "match",
    "priority",
}
OPTIONS = {"always_learn_from_arp_request", "dynamic_neigh_routers", "mac_binding_age_threshold", "snat-ct-zone", "mcast_relay"}
"""Options that Neutron gives to routers."""
OPTIONS_OF_A_PORT = {"gateway_mtu", "reside-on-redirect-chassis", "redirect-type"}
DEFAULTS = {4: "0.0.0.0/0", 6: "::/0"}

Nat = tuple[str, str, str]
"""Kind, outer and inner address."""


def routers(sight: Sight) -> Iterator[Deviation]:
    """Compare every router of the party: one, switched on as Neutron says, with its ports, routes and policies."""
    for router in sight.scope.found.routers:
        one = sight.scope.subject("routers", router)
        rows = sight.ovn.called("Logical_Router", router_name(str(router["id"])))
        if len(rows) != 1:
            yield one.missing(f"{one} is in OVN {len(rows)} times, Neutron makes one")
        for row in rows:
            yield from further_columns(one, row, OF_A_ROUTER)
            yield from further_keys(one, row["options"], OPTIONS)
            if (many(row, "enabled") in ([], [True])) is not bool(router["admin_state_up"]):
                yield one.different(f"{one} has enabled {row['enabled']} in OVN, Neutron admin_state_up {router['admin_state_up']}")
            yield from _ports(sight, one, router, row)
            yield from _routes(sight, one, router, row)
            for policy in sight.ovn.of_row(row, "policies", "Logical_Router_Policy"):
                text = f"undeclared policy of {one} in OVN: {policy['priority']} {policy['match']} {policy['action']}"
                yield of_ovn("policy", policy).further(text, f"ovn-nbctl lr-policy-del {row['name']} {policy[ID]}")
            yield from _balancers(sight, one, router, row)


def _own_ports(sight: Sight, router: Json) -> dict[str, Json]:
    ports = sight.scope.whole.by["device"].get(str(router["id"]), ())
    return {
        str(port["id"]): port
        for port in ports
        if owners.is_router_interface(port["device_owner"]) or owners.is_gateway(port["device_owner"])
    }


def _ports(sight: Sight, one: ComparedObject, router: Json, row: Row) -> Iterator[Deviation]:
    wanted = {router_port_name(id_): port for id_, port in _own_ports(sight, router).items()}
    found = {str(port["name"]): port for port in sight.ovn.of_row(row, "ports", "Logical_Router_Port")}
    for name in sorted(found.keys() - wanted.keys()):
        networks = ", ".join(map(str, many(found[name], "networks")))
        undo = f"ovn-nbctl lrp-del {found[name][ID]}"
        yield of_ovn("router port", found[name]).further(f"undeclared port {name} ({networks}) of {one} in OVN", undo)
    for name in sorted(wanted.keys() - found.keys()):
        yield one.missing(f"{one} has no port {name} in OVN")
    for name in wanted.keys() & found.keys():
        port, logical = wanted[name], found[name]
        subject = sight.scope.subject("ports", port)
        addresses = {_with_length(sight, fixed) for fixed in port["fixed_ips"]}
        if set(many(logical, "networks")) != addresses:
            given = ", ".join(sorted(many(logical, "networks")))
            yield subject.different(f"port of {one} has {given} in OVN, Neutron's has {', '.join(sorted(addresses))}")
        if logical["mac"] != port["mac_address"]:
            yield subject.different(f"port of {one} has MAC {logical['mac']} in OVN, Neutron's has {port['mac_address']}")
        yield from further_columns(subject, logical, OF_A_PORT)
        yield from further_keys(subject, logical["options"], OPTIONS_OF_A_PORT)
        if logical["ipv6_ra_configs"].get("address_mode") and not _announces(sight, port):
            yield subject.different(f"port of {one} announces its prefix in OVN, and no subnet of it does in Neutron (ipv6_ra_mode)")


def _announces(sight: Sight, port: Json) -> bool:
    subnets = (sight.scope.names.row("subnets", str(fixed["subnet_id"])) for fixed in port["fixed_ips"])
    return any(subnet["ipv6_ra_mode"] or subnet["ipv6_address_mode"] for subnet in subnets)


def _with_length(sight: Sight, fixed: Json) -> str:
    cidr = sight.scope.names.row("subnets", str(fixed["subnet_id"]))["cidr"]
    return f"{fixed['ip_address']}/{cidr.partition('/')[2]}"


def _routes(sight: Sight, one: ComparedObject, router: Json, row: Row) -> Iterator[Deviation]:
    wanted = {(str(ip_network(route["destination"])), str(route["nexthop"])) for route in router.get("routes") or ()}
    wanted |= set(_defaults(sight, router))
    there = set()
    for route in sight.ovn.of_row(row, "static_routes", "Logical_Router_Static_Route"):
        way = (route["ip_prefix"], route["nexthop"])
        thing = of_ovn("route", route, f"{way[0]} via {way[1]}")
        if way not in wanted:
            undo = f"ovn-nbctl remove Logical_Router {row['name']} static_routes {route[ID]}"
            yield thing.further(f"undeclared route of {one} in OVN: {way[0]} via {way[1]}", undo)
            continue
        there.add(way)
        yield from further_columns(thing, route, OF_A_ROUTE)
    for to, hop in sorted(wanted - there):
        yield one.missing(f"{one} has no route to {to} via {hop} in OVN")


def _defaults(sight: Sight, router: Json) -> Iterator[tuple[str, str]]:
    """Yield the routes outside: by the gateway of every subnet in which the router has an address there."""
    outside = router["external_gateway_info"] or {}
    for fixed in outside.get("external_fixed_ips") or ():
        subnet = sight.scope.names.row("subnets", str(fixed["subnet_id"]))
        if subnet["gateway_ip"]:
            yield DEFAULTS[subnet["ip_version"]], str(subnet["gateway_ip"])


def _balancers(sight: Sight, one: ComparedObject, router: Json, row: Row) -> Iterator[Deviation]:
    """Find load balancers: Neutron has none but those that forwardings of floating IPs are."""
    forwarded = any(
        address.get("port_forwardings") and address.get("router_id") == router["id"] for address in sight.scope.whole.found.floating_ips
    )
    found = [str(each) for column in ("load_balancer", "load_balancer_group") for each in many(row, column)]
    if found and not forwarded:
        yield one.further(f"{one} has the undeclared load balancers {', '.join(found)} in OVN", f"ovn-nbctl lr-lb-del {row['name']}")


def translations(sight: Sight) -> Iterator[Deviation]:
    """Compare the translations of every router of the party with its gateway and the floating IPs.

    A row may be there twice: Neutron writes it once more when two requests for one router meet (``update_nat_rules`` of its OVN client adds
    without a look). A second row with the same columns translates nothing else. So it is with routes.
    """
    for router in sight.scope.found.routers:
        there = set()
        one, wanted = sight.scope.subject("routers", router), _wanted(sight, router)
        for row in sight.ovn.called("Logical_Router", router_name(str(router["id"]))):
            for nat in sight.ovn.of_row(row, "nat", "NAT"):
                found: Nat = (nat["type"], nat["external_ip"], nat["logical_ip"])
                thing = of_ovn("translation", nat, f"{nat['external_ip']} {nat['logical_ip']}")
                if found not in wanted:
                    undo = f"ovn-nbctl remove Logical_Router {row['name']} nat {nat[ID]}"
                    yield thing.further(f"undeclared translation of {one} in OVN: {' '.join(found)}", undo)
                    continue
                there.add(found)
                port = wanted[found]
                if port and [port] != many(nat, "logical_port"):
                    yield thing.different(f"{thing} leads to port {nat['logical_port']}, Neutron's to {port}")
                yield from further_columns(thing, nat, OF_A_NAT)
        for nat_kind, outer, inner in sorted(wanted.keys() - there):
            yield one.missing(f"{one} has no translation {nat_kind} {outer} {inner} in OVN")


def _wanted(sight: Sight, router: Json) -> dict[Nat, str]:
    """Return the translations that a router has to have, each with the port that it leads to."""
    gateway = router["external_gateway_info"] or {}
    outer = [str(fixed["ip_address"]) for fixed in gateway.get("external_fixed_ips") or () if ":" not in str(fixed["ip_address"])]
    wanted: dict[Nat, str] = {}
    if outer and gateway.get("enable_snat", True):
        for port in _own_ports(sight, router).values():
            if owners.is_gateway(port["device_owner"]):
                continue
            for fixed in port["fixed_ips"]:
                cidr = sight.scope.names.row("subnets", str(fixed["subnet_id"]))["cidr"]
                if ":" not in cidr:
                    wanted["snat", outer[0], cidr] = ""
    for address in sight.scope.whole.found.floating_ips:
        if address.get("router_id") == router["id"] and address.get("port_id"):
            wanted["dnat_and_snat", str(address["floating_ip_address"]), str(address["fixed_ip_address"])] = str(address["port_id"])
    return wanted


def bindings(sight: Sight) -> Iterator[Deviation]:
    """Find MAC addresses that somebody wrote down for a port of one of the party's routers: packets go there instead."""
    own = {router_port_name(id_): router for router in sight.scope.found.routers for id_ in _own_ports(sight, router)}
    for row in sight.ovn.rows("Static_MAC_Binding").values():
        if row["logical_port"] in own:
            one = sight.scope.subject("routers", own[row["logical_port"]])
            text = f"undeclared neighbour of {one} in OVN: {row['ip']} is at {row['mac']}"
            yield of_ovn("neighbour", row, str(row["ip"])).further(text, f"ovn-nbctl destroy Static_MAC_Binding {row[ID]}")
