"""What security groups let pass between ports of a snapshot, for the checker: standard library and netaddr, nothing of ringfence.

A rule is read as an opening: addresses of peers, and an interval of layer 4. Where the drivers of Neutron differ, or a value is none that
is known here, the opening is as wide as any of them makes it (docs/proof.md, rows 1 to 10), so that what is closed here is closed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

from netaddr import IPNetwork, IPSet

Json = dict[str, Any]
EACH = {"IPv4": IPSet(["0.0.0.0/0"]), "IPv6": IPSet(["::/0"])}
EVERY = EACH["IPv4"] | EACH["IPv6"]
LINK_LOCAL = IPSet(["fe80::/10"])
ASKING = ("ovn", "iptables_hybrid")
"""Drivers that ask the groups of every receiver, of frames to all as well."""
FILTERED = ("normal", "virtio-forwarder")
NUMBERS = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58", "ipv6-icmp": "58", "sctp": "132"}
ICMP, ICMPV6, PORTED = 1, 58, (6, 17, 132)
PLATFORM = "the platform"
PROTOCOLS, BLOCK, TYPES = 256, 1 << 16, 1 << 8
"""Numbers of protocols, of layer-4 points in each, and of types of ICMP."""


class RefusedError(Exception):
    """The certificate does not prove what it says; the text says which condition fails and where."""


def demand(condition: object, what: str) -> None:
    """Refuse the certificate unless the condition holds."""
    if not condition:
        raise RefusedError(what)


class Opening(NamedTuple):
    """Packets that a rule lets pass: of one family, with these peers, layer 4 in ``[low, high)``.

    A point of layer 4 is protocol << 16 | port, or protocol << 16 | type << 8 | code.
    """

    family: str
    peers: IPSet
    low: int
    high: int


@dataclass(frozen=True)
class Cards:
    """Ports of one tenant on one wire that no rule tells apart, with the addresses they may send from and take packets at.

    ``groups`` is ``None`` when nothing filters them. The name is what a certificate calls them.
    """

    name: str
    tenant: str
    wire: str
    groups: tuple[str, ...] | None
    sources: IPSet
    targets: IPSet


def groups_of(port: Json) -> tuple[str, ...] | None:
    """Return the groups that guard a port; ``None`` without port security, with a trusted owner, or with a binding that is not filtered."""
    trusted = port.get("device_owner", "").startswith("network:")
    if trusted or not port.get("port_security_enabled", True) or port.get("binding_vnic_type", "normal") not in FILTERED:
        return None
    return tuple(sorted(port.get("security_groups", ())))


class Rules:
    """The groups of a snapshot."""

    def __init__(self, records: dict[str, list[Json]]) -> None:
        """Take the records by kind."""
        self.groups = {group["id"]: group for group in records["security_group"]}
        self.address_groups = {group["id"]: group["addresses"] for group in records["address_group"]}
        self.prefixes = {subnet["id"]: subnet["cidr"] for subnet in records["subnet"]}
        self.members: dict[str, list[Json]] = defaultdict(list)
        for port in records["port"]:
            for group in port.get("security_groups", ()):
                self.members[group].append(port)
        self.floods = records["snapshot"][0].get("driver") not in ASKING
        self.friends: dict[str, IPSet] = defaultdict(IPSet)
        self.known: dict[tuple[str, tuple[str, ...] | None, str], list[Opening]] = {}

    def addresses(self, ports: list[Json]) -> IPSet:
        """Return the addresses and address pairs of ports; all of the subnet where an address is not known yet."""
        fixed = [each for port in ports for each in port.get("fixed_ips", ())]
        texts = [each.get("ip_address") or self.prefixes[each["subnet_id"]] for each in fixed]
        texts += [pair["ip_address"] for port in ports for pair in port.get("allowed_address_pairs", ())]
        return IPSet([IPNetwork(text).cidr for text in texts])

    def cards(self, tenant: str, wire: str, ports: list[Json]) -> Cards:
        """Return ports with equal groups as one. What nothing filters may have every address, and so may a port to which none was given."""
        groups = groups_of(ports[0])
        own = self.addresses(ports) if groups is not None else EVERY
        sources = own if all(port.get("fixed_ips") for port in ports) else EVERY
        self.friends[tenant] |= sources
        name = f"{tenant} on {wire} with {'no filter' if groups is None else ', '.join(groups)}"
        return Cards(name, tenant, wire, groups, sources | LINK_LOCAL, sources | LINK_LOCAL)

    def peers(self, rule: Json, family: IPSet) -> IPSet:
        """Return the addresses that the remote end of a rule stands for; address pairs are members of a group."""
        prefix, group, several = (rule.get(f"remote_{kind}") for kind in ("ip_prefix", "group_id", "address_group_id"))
        demand(sum(map(bool, (prefix, group, several))) <= 1, f"a rule with several remote ends is not understood: {rule}")
        if group:
            return self.addresses(self.members[group]) & family
        if several:
            return IPSet([IPNetwork(text).cidr for text in self.address_groups[several]]) & family
        found = IPSet([IPNetwork(prefix).cidr]) & family if prefix else family
        demand(found, f"a rule with a prefix of the other family is not understood: {rule}")
        return found

    def opened(self, cards: Cards, direction: str) -> list[Opening]:
        """Return what the rules of cards let pass in a direction."""
        if cards.groups is None:
            return [Opening(family, EACH[family], 0, PROTOCOLS * BLOCK) for family in EACH]
        groups = [self.groups[group] for group in cards.groups]
        demand(len({group.get("stateful", True) for group in groups}) <= 1, f"{cards.name}: stateful and stateless groups together")
        rules = [rule for group in groups for rule in group.get("rules", ()) if rule["direction"] == direction]
        families = [rule.get("ethertype", "IPv4") for rule in rules]
        return [Opening(family, self.peers(rule, EACH[family]), *layer4(rule)) for family, rule in zip(families, rules, strict=True)]

    def through(self, cards: Cards, direction: str) -> list[Opening]:
        """Return what passes by a rule, or because connection tracking takes it for an answer.

        Answers come in to whatever the rules let out. They go out to whatever the rules let in from the tenant's own cards and the
        platform's: what they let in from a stranger passes already.
        """
        key = (cards.tenant, cards.groups, direction)
        if key not in self.known:
            other, askers = (
                ("egress", EVERY) if direction == "ingress" else ("ingress", self.friends[cards.tenant] | self.friends[PLATFORM])
            )
            self.known[key] = self.opened(cards, direction) + answers_to(self.opened(cards, other), askers)
        return self.known[key]

    def passes(self, source: Cards, target: Cards, sources: IPSet, destinations: IPSet) -> bool:
        """Tell whether a packet passes both filters."""
        out = [each for each in self.through(source, "egress") if each.peers & destinations]
        into = [each for each in self.through(target, "ingress") if each.peers & sources]
        return overlap(out, into)

    def passes_to_all(self, source: Cards, target: Cards) -> bool:
        """Tell whether a packet passes to a neighbour in a frame to all, as multicast does: no filter asks whose its destination is.

        It is nobody's answer. Where the driver is not known, or is Open vSwitch, receivers on the sender's host are not asked at all.
        """
        out = self.through(source, "egress")
        return bool(out) if self.floods else overlap(out, [each for each in self.opened(target, "ingress") if each.peers & source.sources])


def overlap(out: list[Opening], into: list[Opening]) -> bool:
    """Tell whether a packet is in an opening of each list, as far as family and layer 4 go."""
    return any(one.family == other.family and one.low < other.high and other.low < one.high for one in out for other in into)


def layer4(rule: Json) -> tuple[int, int]:
    """Return the layer-4 interval that a rule opens: ports where every driver heeds them, types and codes of ICMP, whole protocols else.

    Protocol 0, and every name that is not in the table, stands for all protocols (row 3); 1 as the first port, for 0 as well (row 5).
    """
    name, low, high = rule.get("protocol"), rule.get("port_range_min", -1), rule.get("port_range_max", -1)
    text = NUMBERS.get(str(name).lower(), str(name))
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < PROTOCOLS:
        return 0, PROTOCOLS * BLOCK
    number = ICMPV6 if int(text) == ICMP and rule.get("ethertype") == "IPv6" else int(text)
    start = number * BLOCK
    if number in PORTED and low in range(BLOCK) and high in range(low, BLOCK):
        return start + (low if low > 1 else 0), start + high + 1
    if number in (ICMP, ICMPV6) and low in range(TYPES - 1):
        first, last = (high, high) if high in range(TYPES) else (0, TYPES - 1)
        return start + low * TYPES + first, start + low * TYPES + last + 1
    return start, start + BLOCK


def answers_to(asked: list[Opening], askers: IPSet) -> list[Opening]:
    """Return what may be taken for answers to packets, whether those were delivered or not: their protocols, and ICMP, any port or type."""
    found = [each._replace(peers=each.peers & askers) for each in asked]
    same = [each._replace(low=each.low // BLOCK * BLOCK, high=-(-each.high // BLOCK) * BLOCK) for each in found]
    return same + [each._replace(low=icmp * BLOCK, high=(icmp + 1) * BLOCK) for each in found for icmp in (ICMP, ICMPV6)]
