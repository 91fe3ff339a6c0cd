"""What Neutron writes into OVN of a cloud's records: the tests' own rendering, in the database's own form, to be broken row by row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from infra.drift.ovn.northbound import DROP_GROUP, TABLES
from tests.fast.drift.rows import PUBLIC, port

if TYPE_CHECKING:
    from infra.drift.found import Found

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
OUTSIDE = "172.24.4.0/24"
FAMILY = {"IPv4": "ip4", "IPv6": "ip6"}
TRUSTED = "network:"


def complete(found: Found) -> Found:
    """Return the cloud with what Neutron's rows have and other tests need not: ids of subnets and rules, ports of gateways."""
    outer = {"id": "id-outside", "name": "outside", "network_id": PUBLIC, "cidr": OUTSIDE, "gateway_ip": "172.24.4.1", "enable_dhcp": False}
    outer |= {"ipv6_ra_mode": None, "ipv6_address_mode": None}
    subnets = tuple({**row, "ip_version": 6 if ":" in row["cidr"] else 4} for row in (*found.subnets, outer))

    def placed(network: str, address: str) -> Row:
        held = (row for row in subnets if row["network_id"] == network and ip_address(address) in ip_network(row["cidr"]))
        return {"ip_address": address, "subnet_id": next(held)["id"]}

    routers, gateways = [], []
    for row in found.routers:
        info = row["external_gateway_info"]
        if info:
            fixed = [placed(PUBLIC, each["ip_address"]) for each in info["external_fixed_ips"]]
            more = {"device_owner": "network:router_gateway", "device_id": row["id"], "port_security_enabled": False}
            gateways.append(port(f"gateway-{row['id']}", "", PUBLIC, [each["ip_address"] for each in fixed], "", **more))
            info = {**info, "external_fixed_ips": fixed}
        routers.append({**row, "external_gateway_info": info})
    ports = [
        {**row, "fixed_ips": [placed(row["network_id"], each["ip_address"]) for each in row["fixed_ips"]]}
        for row in (*found.ports, *gateways)
    ]
    groups = [
        {
            **group,
            "security_group_rules": [{"id": f"rule-{group['id']}-{n}", **rule} for n, rule in enumerate(group["security_group_rules"])],
        }
        for group in found.groups
    ]
    return replace(found, subnets=subnets, routers=tuple(routers), ports=tuple(ports), groups=tuple(groups))


def underscored(text: str) -> str:
    """Return a name as OVN takes it."""
    return text.replace("-", "_")


def written(found: Found) -> Tables:
    """Return the tables."""
    tables: Tables = {table: {} for table in TABLES}
    _switches(found, tables)
    _groups(found, tables)
    _routers(found, tables)
    return tables


def _add(tables: Tables, table: str, id_: str, **columns: object) -> str:
    tables[table][id_] = {"_uuid": id_, "external_ids": {}, **columns}
    return id_


def _switches(found: Found, tables: Tables) -> None:
    held: dict[str, list[str]] = defaultdict(list)
    for row in found.ports:
        is_router = row["device_owner"].startswith("network:router")
        own = " ".join([row["mac_address"], *(fixed["ip_address"] for fixed in row["fixed_ips"])])
        secure = row["port_security_enabled"] and not row["device_owner"].startswith(TRUSTED)
        columns: Row = {"name": row["id"], "enabled": row["admin_state_up"], "type": "router" if is_router else "", "up": True}
        columns |= {"addresses": "router" if is_router else own, "port_security": own if secure else [], "options": {}}
        columns |= {key: [] for key in ("parent_name", "tag", "tag_request", "dhcpv4_options", "dhcpv6_options", "mirror_rules")}
        if is_router:
            columns["options"] = {"router-port": f"lrp-{row['id']}"}
        held[row["network_id"]].append(_add(tables, "Logical_Switch_Port", f"lsp-{row['id']}", **columns))
    for row in found.networks:
        columns = {key: [] for key in ("acls", "load_balancer", "load_balancer_group", "forwarding_groups", "qos_rules", "dns_records")}
        settings = {"mcast_snoop": "false", "vlan-passthru": "false"}
        columns |= {"name": f"neutron-{row['id']}", "ports": held[row["id"]], "other_config": settings}
        _add(tables, "Logical_Switch", f"ls-{row['id']}", **columns)


def _groups(found: Found, tables: Tables) -> None:
    drops = [
        _acl(tables, f"acl-drop-{side}", {"direction": side, "priority": 1001, "action": "drop", "match": f"{end} == @{DROP_GROUP} && ip"})
        for side, end in (("to-lport", "outport"), ("from-lport", "inport"))
    ]
    filtered = [f"lsp-{row['id']}" for row in found.ports if row["port_security_enabled"] and not row["device_owner"].startswith(TRUSTED)]
    _add(tables, "Port_Group", "pg-drop", name=DROP_GROUP, acls=drops, ports=filtered)
    for group in found.groups:
        name = underscored(f"pg-{group['id']}")
        rules = [_rule(tables, name, rule) for rule in group["security_group_rules"]]
        ports = [f"lsp-{row['id']}" for row in found.ports if group["id"] in row["security_groups"]]
        _add(tables, "Port_Group", name, name=name, acls=rules, ports=ports[0] if len(ports) == 1 else ports)
    for group in found.address_groups:
        for family, is_six in (("ip4", False), ("ip6", True)):
            name = underscored(f"ag-{group['id']}-{family}")
            _add(tables, "Address_Set", name, name=name, addresses=[each for each in group["addresses"] if (":" in each) is is_six])


def _acl(tables: Tables, id_: str, columns: Row) -> str:
    return _add(tables, "ACL", id_, name=[], severity=[], meter=[], log=False, label=0, options={}, **columns)


def _rule(tables: Tables, group: str, rule: Row) -> str:
    side, end, peer = ("to-lport", "outport", "src") if rule["direction"] == "ingress" else ("from-lport", "inport", "dst")
    family = FAMILY[rule["ethertype"]]
    words = [f"{end} == @{group}", family]
    if rule["remote_ip_prefix"]:
        words.append(f"{family}.{peer} == {rule['remote_ip_prefix']}")
    if rule["remote_address_group_id"]:
        words.append(f"{family}.{peer} == ${underscored('ag-' + rule['remote_address_group_id'])}_{family}")
    first, last, protocol = rule["port_range_min"], rule["port_range_max"], rule["protocol"]
    if protocol in {"tcp", "udp"}:
        words.append(protocol)
        words += [f"{protocol}.dst == {first}"] if first == last else [f"{protocol}.dst >= {first}", f"{protocol}.dst <= {last}"]
    elif protocol:
        icmp = "icmp4" if family == "ip4" else "icmp6"
        words.append(icmp)
        words += [f"{icmp}.{part} == {value}" for part, value in (("type", first), ("code", last)) if value is not None]
    columns: Row = {"direction": side, "priority": 1002, "action": "allow-related", "match": " && ".join(words)}
    id_ = _acl(tables, f"acl-{rule['id']}", columns)
    tables["ACL"][id_]["external_ids"] = {"neutron:security_group_rule_id": rule["id"]}
    return id_


def _routers(found: Found, tables: Tables) -> None:
    cidrs = {row["id"]: row for row in found.subnets}
    for router in found.routers:
        own = [row for row in found.ports if row["device_id"] == router["id"] and row["device_owner"].startswith("network:router")]
        legs = []
        for row in own:
            networks = [f"{each['ip_address']}/{cidrs[each['subnet_id']]['cidr'].partition('/')[2]}" for each in row["fixed_ips"]]
            columns: Row = {"name": f"lrp-{row['id']}", "mac": row["mac_address"], "networks": networks, "options": {}, "peer": []}
            legs.append(_add(tables, "Logical_Router_Port", f"lrp-row-{row['id']}", **columns, ipv6_ra_configs={}, enabled=[]))
        info = router["external_gateway_info"] or {}
        outer = info.get("external_fixed_ips", [])
        ways = [(route["destination"], route["nexthop"]) for route in router["routes"]]
        ways += [("0.0.0.0/0", cidrs[each["subnet_id"]]["gateway_ip"]) for each in outer]
        routes = [
            _add(tables, "Logical_Router_Static_Route", f"route-{router['id']}-{n}", ip_prefix=to, nexthop=hop, policy=[], route_table="")
            for n, (to, hop) in enumerate(ways)
        ]
        inside = [cidrs[each["subnet_id"]]["cidr"] for row in own if "gateway" not in row["device_owner"] for each in row["fixed_ips"]]
        nats: list[tuple[object, ...]] = [("snat", each["ip_address"], cidr, []) for each in outer for cidr in inside if ":" not in cidr]
        nats += [
            ("dnat_and_snat", row["floating_ip_address"], row["fixed_ip_address"], row["port_id"])
            for row in found.floating_ips
            if row["router_id"] == router["id"]
        ]
        keys = ("type", "external_ip", "logical_ip", "logical_port")
        translated = [_add(tables, "NAT", f"nat-{router['id']}-{n}", **dict(zip(keys, nat, strict=True))) for n, nat in enumerate(nats)]
        columns = {"name": f"neutron-{router['id']}", "enabled": router["admin_state_up"], "options": {"dynamic_neigh_routers": "true"}}
        columns |= {
            "ports": legs,
            "static_routes": routes,
            "nat": translated,
            "policies": [],
            "load_balancer": [],
            "load_balancer_group": [],
        }
        _add(tables, "Logical_Router", f"lr-{router['id']}", **columns)
