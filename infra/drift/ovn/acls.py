"""The ACL that Neutron makes of a rule of a security group (neutron/common/ovn/acl.py; a truth test holds both beside each other). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

from infra.drift.ovn.northbound import DROP_GROUP, address_set_name, group_name
from infra.errors import CloudError

if TYPE_CHECKING:
    from infra.drift.found import Json

ALLOW, DROP = 1002, 1001
"""Priorities (neutron/common/ovn/constants.py)."""
DROPS = {1000, 1001}
"""Those of ACLs that drop, by the version of Neutron: before 2026 there was room between the two for what is logged."""
DIRECTIONS = {"ingress": ("to-lport", "outport", "src"), "egress": ("from-lport", "inport", "dst")}
FAMILIES = {"IPv4": ("ip4", "icmp4"), "IPv6": ("ip6", "icmp6")}
TRANSPORTS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "sctp": "sctp", "132": "sctp"}
ICMP = {"icmp", "1", "ipv6-icmp", "icmpv6", "58"}
NUMBERS = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "igmp": 2,
    "ip": 0,
    "ipip": 4,
    "hopopt": 0,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "udplite": 136,
    "vrrp": 112,
}
"""Other protocols that Neutron has names for (neutron_lib.constants.IP_PROTOCOL_MAP)."""


@dataclass(frozen=True, slots=True)
class Acl:
    """What an ACL does; its log and its name do nothing."""

    direction: str
    priority: int
    action: str
    match: str

    def __str__(self) -> str:
        """Return it in a line."""
        return f"{self.direction} {self.priority} {self.action} {self.match}"


def of_row(row: Json) -> Acl:
    """Return what an ACL of OVN does. Raises ``KeyError`` for a column that is not there."""
    return Acl(row["direction"], row["priority"], row["action"], row["match"])


def drops() -> tuple[Acl, Acl]:
    """Return the two that stop what no rule allows, of the group that every filtered port is in."""
    one, other = (Acl(lport, DROP, "drop", f"{port} == @{DROP_GROUP} && ip") for lport, port, _ in DIRECTIONS.values())
    return one, other


def of_rule(group: Json, rule: Json) -> Acl:
    """Return the ACL of a rule. Raises ``KeyError`` for an attribute that is not there, :class:`CloudError` for an unknown protocol."""
    lport, port, end = DIRECTIONS[rule["direction"]]
    family, icmp = FAMILIES[rule["ethertype"]]
    match = [f"{port} == @{group_name(group['id'])}", family]
    if prefix := rule.get("normalized_cidr") or rule["remote_ip_prefix"]:
        match.append(f"{family}.{end} == {ip_network(prefix, strict=False)}")
    if peers := rule["remote_group_id"]:
        match.append(f"{family}.{end} == ${group_name(peers)}_{family}")
    if peers := rule.get("remote_address_group_id"):
        match.append(f"{family}.{end} == ${address_set_name(peers, family)}")
    match += _protocol(rule, icmp)
    action = "allow-related" if group.get("stateful", True) else "allow-stateless"
    return Acl(lport, ALLOW, action, " && ".join(match))


def _protocol(rule: Json, icmp: str) -> list[str]:
    first, last, protocol = rule["port_range_min"], rule["port_range_max"], rule["protocol"]
    if protocol is None:
        return []
    name = str(protocol)
    if name in TRANSPORTS:
        word = TRANSPORTS[name]
        if first is not None and first == last:
            return [word, f"{word}.dst == {first}"]
        ends = ((">=", first), ("<=", last))
        return [word, *(f"{word}.dst {sign} {port}" for sign, port in ends if port is not None)]
    if name in ICMP:
        parts = (("type", first), ("code", last))
        return [icmp, *(f"{icmp}.{part} == {value}" for part, value in parts if value is not None)]
    number = NUMBERS.get(name, int(name) if name.isdecimal() else None)
    if number is None:
        raise CloudError.of("a rule has a protocol that is not known here", where=f"rule {rule.get('id')}", expected="a number", got=name)
    return [f"ip.proto == {number}"]
