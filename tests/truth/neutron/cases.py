"""Random rules that Neutron accepts, on random cards, and the packets at the corners of everything they say. Seeded."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from infra.neutron.snapshot import AddressGroup, Header, Network, Port, Project, SecurityGroup, Server, Snapshot, Subnet
from infra.neutron.snapshot.parts import AddressPair, FixedIp, Rule
from infra.neutron.snapshot.store import from_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import msgspec

    from infra.neutron.snapshot import Record

Address = IPv4Address | IPv6Address
Direction = Literal["ingress", "egress"]
DHCP = {67: 68, 68: 67, 546: 547, 547: 546}
"""Ports of DHCP's servers and clients, each with the other's (RFC 2131, RFC 8415)."""
PREFIXES = {
    4: ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.77/25", "10.0.0.3/32", "192.168.7.0/31", "255.255.255.255/32", "0.0.0.0/1"),
    6: ("::/0", "2001:db8::/32", "2001:db8:0:1::/64", "2001:db8:0:1::7/128", "fd00::/8", "2001:db8:0:1::ff/120", "8000::/1"),
}
PORTED = ("tcp", "udp", "sctp", "6", "17")
RANGED_ON_PAPER = ("dccp", "udplite")
WITH_PORTS = frozenset({6, 17, 33, 132, 136})
"""TCP, UDP, DCCP, SCTP and UDP-Lite."""
BARE = ("gre", "esp", "ah", "0", "99", "255", "112")
ICMP = {4: ("icmp", "1"), 6: ("ipv6-icmp", "58", "icmpv6", "icmp")}
PAIRS = ("10.0.9.0/28", "10.0.1.200/32", "172.16.5.5/32", "2001:db8:0:1::aa00/120", "fd00::7/128")
WHOLE = ("0.0.0.0/0", "::/0", "10.0.9.0/28")
MAC = "02:00:00:00:{:02x}:{:02x}"
ND = frozenset({130, 131, 132, 133, 134, 135, 136, 137, 143})
"""ICMPv6 types that belong to the link: they are judged by the implicit table, not by rules."""


def rule(random: Random, groups: list[str], address_groups: dict[str, int]) -> Rule:
    """Return a random rule of either family with a prefix, a group, an address group or anybody at its remote end."""
    family = random.choice((4, 4, 6))
    remote: dict[str, str] = {}
    end = random.choice(("prefix", "prefix", "group", "addresses", "anybody"))
    fitting = [name for name, version in address_groups.items() if version == family]
    if end == "prefix":
        remote["prefix"] = random.choice(PREFIXES[family])
    elif end == "group":
        remote["group"] = random.choice(groups)
    elif end == "addresses" and fitting:
        remote["addresses"] = random.choice(fitting)
    protocol, first, last = _service(random, family)
    return Rule(
        direction=random.choice(("ingress", "egress")),
        id=f"r{random.getrandbits(60):x}",
        ethertype="IPv4" if family == 4 else "IPv6",
        protocol=protocol,
        port_range_min=first,
        port_range_max=last,
        remote_ip_prefix=remote.get("prefix"),
        remote_group_id=remote.get("group"),
        remote_address_group_id=remote.get("addresses"),
    )


def _service(random: Random, family: int) -> tuple[str | None, int | None, int | None]:
    kind = random.choice(("any", "ported", "ported", "ported", "icmp", "bare", "paper"))
    if kind == "any":
        return None, None, None
    if kind == "icmp":
        number, code = random.choice(((None, None), (8, None), (8, 0), (3, 4), (255, None), (128, 0), (0, None)))
        return random.choice(ICMP[family]), number, code
    if kind == "bare":
        return random.choice(BARE), None, None
    protocol = random.choice(PORTED if kind == "ported" else RANGED_ON_PAPER)
    if random.random() < 0.2:
        return protocol, None, None
    first = random.choice((1, 22, 80, 443, 1023, 1024, 5432, 32768, 65535))
    return protocol, first, random.choice((first, min(first + 7, 65535), min(first + 1000, 65535), 65535))


@dataclass(frozen=True)
class Card:
    """A filtered port of the case."""

    name: str
    mac: str
    four: str
    six: str


@dataclass(frozen=True)
class Case:
    """A snapshot of one network with filtered cards."""

    snapshot: Snapshot
    cards: tuple[Card, ...]


def case(seed: int, cards: int, rules: int, pairs: Sequence[str] = ()) -> Case:
    """Return a random case; every card has one to three of the groups and at most one address pair, every group about ``rules`` rules."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    groups = [f"group-{number}" for number in range(cards)]
    families = {f"addresses-{number}": random.choice((4, 6)) for number in range(4)}
    records: list[Record] = [Project(id="acme", name="acme"), Network(id="net", name="net", project_id="acme")]
    records += [Subnet(id="four", network_id="net", cidr="10.0.0.0/16"), Subnet(id="six", network_id="net", cidr="2001:db8:0:1::/64")]
    for name, family in families.items():
        prefixes = tuple(str(ip_network(text, strict=False)) for text in random.sample(PREFIXES[family][1:], 3))
        records.append(AddressGroup(id=name, name=name, addresses=prefixes))
    for group in groups:
        made = tuple(rule(random, groups, families) for _ in range(random.randint(1, rules)))
        records.append(SecurityGroup(id=group, name=group, project_id="acme", rules=made))
    made_cards = []
    for number in range(cards):
        card = Card(f"card-{number}", MAC.format(1, number), f"10.0.{number % 3}.{number + 5}", f"2001:db8:0:1::{number + 5:x}")
        made_cards.append(card)
        fixed = (FixedIp(subnet_id="four", ip_address=card.four), FixedIp(subnet_id="six", ip_address=card.six))
        chosen = tuple(random.sample(groups, min(len(groups), random.randint(1, 3))))
        records.append(Server(id=f"server-{number}", name=f"server-{number}", project_id="acme"))
        records.append(
            Port(
                id=card.name,
                name=card.name,
                network_id="net",
                project_id="acme",
                mac_address=card.mac,
                fixed_ips=fixed,
                security_groups=chosen,
                allowed_address_pairs=(AddressPair(ip_address=random.choice(pairs)),) if pairs and random.random() < 0.5 else (),
                device_owner="compute:nova",
                device_id=f"server-{number}",
            )
        )
    return Case(from_records(Header(format=1, origin="synthetic", driver="ovn"), records), tuple(made_cards))


@dataclass(frozen=True)
class Packet:
    """One packet to or from a card: the other end's address, protocol number, and port or (type << 8 | code)."""

    card: Card
    direction: Direction
    peer: Address
    protocol: int
    detail: int
    sender: Address | None = None
    """Where a packet from the card says that it is from, if not from the card's address."""

    @property
    def l4(self) -> int:
        """The point of the layer-4 axis."""
        return self.protocol << 16 | self.detail

    @property
    def own(self) -> Address:
        """The address at the card's end."""
        return self.sender or ip_address(self.card.four if self.peer.version == 4 else self.card.six)

    @property
    def ends(self) -> tuple[Address, Address]:
        """Source and destination."""
        return (self.peer, self.own) if self.direction == "ingress" else (self.own, self.peer)

    @property
    def source_port(self) -> int:
        """DHCP's, or one that no rule names, so that no packet looks like another one's answer."""
        return DHCP.get(self.detail, 20_000)


def packets(random: Random, snapshot: Snapshot, card: Card, limit: int) -> Iterator[Packet]:
    """Yield packets at the corners, plus and minus one, of what the rules of a card's groups *say*, read from the API's own words."""
    port = next(port for port in snapshot.ports if port.id == card.name)
    groups = {group.id: group for group in snapshot.security_groups}
    rules = [rule for group in port.security_groups for rule in groups[group].rules]
    corners = [(rule, peer, service) for rule in rules for peer in _peers(snapshot, rule) for service in _services(rule)]
    for rule, peer, (protocol, detail) in random.sample(corners, min(limit, len(corners))):
        direction = rule.direction if random.random() < 0.9 else "egress" if rule.direction == "ingress" else "ingress"
        if protocol != 58 or detail >> 8 not in ND:
            yield Packet(card, direction, peer, protocol, detail)


def _peers(snapshot: Snapshot, rule: Rule) -> list[Address]:
    version = 4 if rule.ethertype == "IPv4" else 6
    texts = [rule.remote_ip_prefix] if rule.remote_ip_prefix else []
    if rule.remote_address_group_id:
        texts = [text for group in snapshot.address_groups if group.id == rule.remote_address_group_id for text in group.addresses]
    if rule.remote_group_id:
        members = [port for port in snapshot.ports if rule.remote_group_id in port.security_groups]
        texts = [fixed.ip_address or "" for port in members for fixed in port.fixed_ips]
        texts += [pair.ip_address for port in members for pair in port.allowed_address_pairs]
    texts = [text for text in texts if ip_network(text, strict=False).version == version] or ["10.0.0.9" if version == 4 else "2001:db8::9"]
    found = set()
    for text in texts:
        network = ip_network(text, strict=False)
        for value in (int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1):
            if 0 <= value < 1 << network.max_prefixlen:
                found.add(ip_address(value) if version == 4 else IPv6Address(value))
    return sorted(found, key=int)


def _services(rule: Rule) -> list[tuple[int, int]]:
    """Return (protocol, detail) around what a rule says, and beside its protocol."""
    icmp = 58 if rule.ethertype == "IPv6" else 1
    numbers = {"tcp": 6, "udp": 17, "sctp": 132, "dccp": 33, "udplite": 136, "gre": 47, "esp": 50, "ah": 51,
               "icmp": icmp, "ipv6-icmp": 58, "icmpv6": 58}  # fmt: skip
    text = rule.protocol
    number = 6 if text is None else numbers.get(text) if text in numbers else int(text)
    if number is None:
        raise ValueError(text)
    if number == 1 and rule.ethertype == "IPv6":
        number = 58
    first, last = rule.port_range_min, rule.port_range_max
    if number in {1, 58}:
        kind, code = first if first is not None else 8, last or 0
        return [(number, t << 8 | c) for t in (kind - 1, kind, kind + 1) for c in (code, code + 1) if 0 <= t <= 255]
    if number not in WITH_PORTS:
        return [(number, 0), ((number + 1) % 256 if number + 1 not in {1, 58, *WITH_PORTS} else 200, 0)]
    ports = {p for p in ((first or 1) - 1, first or 1, last or 65535, (last or 65535) + 1) if 0 <= p <= 65535}
    return [*((number, port) for port in sorted(ports)), (17 if number == 6 else 6, first or 80)]


def plain(record: msgspec.Struct) -> dict[str, Any]:
    """Return a record with all its fields, as Neutron has them."""
    return {name: getattr(record, name) for name in record.__struct_fields__}
