"""Synthetic clouds as snapshots: many tenants that look alike, as real ones do. Seeded: equal shapes give equal bytes.

Every tenant has the same private addresses (10.0.z.0/24, and fd00:0:0:z::/64 where it is dual-stack), three zones behind a router that
translates to one public network, groups with remote groups, prefixes, ICMP and IPv6, and here and there a public address. Some tenants
also have a NIC in a shared services network, where only groups keep them apart. The cloud is isolated, except for what is declared
public; what breaks it is the business of the tests that mutate it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

from infra.neutron.snapshot import (
    FixedIp,
    FloatingIp,
    Gateway,
    Header,
    Network,
    Port,
    Project,
    RbacPolicy,
    Role,
    Router,
    Rule,
    SecurityGroup,
    Server,
    Subnet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.neutron.snapshot import Record

ZONES: Final = ("web", "app", "db")
SERVICES: Final = "172.31"
"""The shared services network, /16."""
HELPERS: Final = {"dns": ("udp", 53), "ntp": ("udp", 123), "log": ("tcp", 6514)}
"""What the platform offers there, each on an address of its own."""

_WORDS: Final = ("project", "network", "subnet", "router", "port", "group", "rule", "server", "floating", "rbac")
_NUMBERS: Final = {word: number for number, word in enumerate(_WORDS, start=1)}


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a cloud is. ``rules`` is per tenant; ``joined`` tenants have NICs in the shared network; every third is dual-stack.

    Every ``edited_every``-th tenant has other rules than the seed alone would give it, as after a change; 0 leaves all as they are.
    """

    tenants: int = 5000
    servers: int = 20
    rules: int = 200
    joined: int = 40
    public_every: int = 20
    seed: int = 2026
    edited_every: int = 0


def header() -> Header:
    """Return the header of a synthetic snapshot."""
    return Header(format=1, origin="synthetic", driver="ovn", cloud="synthetic")


def records(shape: Shape) -> Iterator[Record]:
    """Yield the records of a cloud."""
    yield from _platform(shape)
    for number in range(1, shape.tenants + 1):
        yield from _Tenant(number, shape).records()


def identifier(kind: str, tenant: int, number: int = 0) -> str:
    """Return an id that looks like a UUID and says what it is."""
    return f"{_NUMBERS[kind]:08x}-{tenant >> 16:04x}-{tenant & 0xFFFF:04x}-0000-{number:012x}"


def _platform(shape: Shape) -> Iterator[Record]:
    """The platform's project, the public network, and the services network with its helpers."""
    project = identifier("project", 0)
    public, shared = identifier("network", 0, 1), identifier("network", 0, 2)
    yield Project(id=project, name="platform", role=Role.PLATFORM)
    yield Network(id=public, project_id=project, name="public", external=True)
    yield Subnet(id=identifier("subnet", 0, 1), network_id=public, cidr="198.18.0.0/15", gateway_ip="198.18.0.1")
    yield Network(id=shared, project_id=project, name="services")
    yield Subnet(id=identifier("subnet", 0, 2), network_id=shared, cidr=f"{SERVICES}.0.0/16")
    group = identifier("group", 0)
    allowed = [
        Rule(direction="ingress", protocol=protocol, port_range_min=port, port_range_max=port, remote_ip_prefix=f"{SERVICES}.0.0/16")
        for protocol, port in HELPERS.values()
    ]
    yield SecurityGroup(id=group, project_id=project, name="services", rules=_numbered(0, 0, allowed))
    for number, name in enumerate(HELPERS):
        address = FixedIp(subnet_id=identifier("subnet", 0, 2), ip_address=_helper(number))
        server = identifier("server", 0, number)
        yield Server(id=server, name=name, project_id=project)
        yield Port(
            id=identifier("port", 0, number),
            network_id=shared,
            project_id=project,
            name=name,
            device_owner="compute:nova",
            device_id=server,
            fixed_ips=(address,),
            security_groups=(group,),
        )
    for tenant in range(1, min(shape.joined, shape.tenants) + 1):
        yield RbacPolicy(
            id=identifier("rbac", tenant),
            object_type="network",
            object_id=shared,
            action="access_as_shared",
            target_project=identifier("project", tenant),
            project_id=project,
        )


def _helper(number: int) -> str:
    return f"{SERVICES}.0.{10 + number}"


def _numbered(tenant: int, group: int, rules: list[Rule]) -> tuple[Rule, ...]:
    """Give the rules of a group their ids."""
    fields = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id")
    return tuple(
        Rule(id=identifier("rule", tenant, group << 16 | number), **{field: getattr(rule, field) for field in fields})
        for number, rule in enumerate(rules)
    )


_PUBLIC_ADDRESSES: Final = 16
_LAST_PORT: Final = 65535


class _Tenant:
    """One tenant's records."""

    def __init__(self, number: int, shape: Shape) -> None:
        self.number, self.shape = number, shape
        edited = bool(shape.edited_every) and number % shape.edited_every == 0
        self.random = Random(shape.seed + edited << 32 | number)  # noqa: S311 - test data
        self.project = identifier("project", number)
        self.dual = number % 3 == 0
        self.joined = number <= shape.joined
        self.groups = {name: identifier("group", number, place) for place, name in enumerate(("base", *ZONES, "services"))}

    def records(self) -> Iterator[Record]:
        """Yield everything that belongs to the tenant."""
        yield Project(id=self.project, name=f"tenant-{self.number}")
        yield from self._networks()
        yield from self._security_groups()
        for place in range(self.shape.servers):
            yield from self._server(place)

    def _networks(self) -> Iterator[Record]:
        router = identifier("router", self.number)
        outside = FixedIp(subnet_id=identifier("subnet", 0, 1), ip_address=self._public(0))
        gateway = Gateway(network_id=identifier("network", 0, 1), external_fixed_ips=(outside,))
        yield Router(id=router, project_id=self.project, name="edge", gateways=(gateway,))
        for zone, name in enumerate(ZONES):
            network = identifier("network", self.number, zone)
            yield Network(id=network, project_id=self.project, name=name)
            fixed = []
            for family, cidr, host in self._subnets(zone):
                subnet = identifier("subnet", self.number, zone << 1 | family)
                yield Subnet(id=subnet, network_id=network, project_id=self.project, cidr=cidr, gateway_ip=f"{host}1", enable_dhcp=False)
                fixed.append(FixedIp(subnet_id=subnet, ip_address=f"{host}1"))
            yield Port(
                id=identifier("port", self.number, 1 << 16 | zone),
                network_id=network,
                project_id=self.project,
                device_owner="network:router_interface",
                device_id=router,
                fixed_ips=tuple(fixed),
            )

    def _subnets(self, zone: int) -> Iterator[tuple[int, str, str]]:
        """Yield (family 0 or 1, prefix, how its addresses begin)."""
        yield 0, f"10.0.{zone}.0/24", f"10.0.{zone}."
        if self.dual:
            yield 1, f"fd00:0:0:{zone}::/64", f"fd00:0:0:{zone}::"

    def _public(self, number: int) -> str:
        """Return the tenant's public address of that number: 0 is the router's, the others are for servers."""
        host = 256 + self.number * _PUBLIC_ADDRESSES + number
        return f"198.{18 + (host >> 16)}.{host >> 8 & 255}.{host & 255}"

    def _security_groups(self) -> Iterator[Record]:
        base = self.groups["base"]
        common = [
            Rule(direction="egress"),
            Rule(direction="ingress", protocol="icmp", remote_group_id=base),
            Rule(direction="ingress", protocol="tcp", port_range_min=22, port_range_max=22, remote_ip_prefix="10.0.0.0/24"),
        ]
        if self.dual:
            common += [
                Rule(direction="egress", ethertype="IPv6"),
                Rule(direction="ingress", ethertype="IPv6", protocol="ipv6-icmp", remote_group_id=base),
            ]
        yield self._group("base", common)
        share = (self.shape.rules - len(common)) // len(ZONES)
        for place, name in enumerate(ZONES):
            peer = self.groups[ZONES[place - 1]] if place else None
            count = share if place else self.shape.rules - len(common) - share * (len(ZONES) - 1)
            rules = [self._filler(peer) for _ in range(count)]
            if not place:
                rules[0] = Rule(direction="ingress", protocol="tcp", port_range_min=443, port_range_max=443, remote_ip_prefix="0.0.0.0/0")
            yield self._group(name, rules)
        if self.joined:
            allowed = [
                Rule(
                    direction="egress",
                    protocol=protocol,
                    port_range_min=port,
                    port_range_max=port,
                    remote_ip_prefix=f"{_helper(number)}/32",
                )
                for number, (protocol, port) in enumerate(HELPERS.values())
            ]
            yield self._group("services", [*allowed, Rule(direction="ingress", protocol="icmp", remote_ip_prefix=f"{_helper(0)}/32")])

    def _group(self, name: str, rules: list[Rule]) -> SecurityGroup:
        place = list(self.groups).index(name)
        return SecurityGroup(id=self.groups[name], project_id=self.project, name=name, rules=_numbered(self.number, place, rules))

    def _filler(self, peer: str | None) -> Rule:
        """Return one of the many rules that collect in a group over the years: a service for an address, a subnet, a site or a group."""
        six = self.dual and self._chance(0.3)
        first = self.random.choice(_PORTS)
        last = min(first + (self.random.choice((9, 99, 999)) if self._chance(0.1) else 0), _LAST_PORT)
        group = peer if self._chance(0.1) else None
        return Rule(
            direction="ingress" if group or self._chance(0.8) else "egress",
            ethertype="IPv6" if six else "IPv4",
            protocol="tcp" if self._chance(0.8) else "udp",
            port_range_min=first,
            port_range_max=last,
            remote_group_id=group,
            remote_ip_prefix=None if group else self._prefix(six=six),
        )

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _prefix(self, *, six: bool) -> str:
        """Return an address (60 %), a subnet (33 %) or a site (7 %) of the addresses that all tenants have."""
        kind = self.random.choices(("address", "subnet", "site"), (60, 33, 7))[0]
        site, subnet, host = (self.random.randrange(limit) for limit in (4, 64, 256))
        if six:
            return f"fd00:0:0:{subnet:x}::{host:x}/128" if kind == "address" else f"fd00:0:0:{subnet:x}::/64"
        return {"address": f"10.{site}.{subnet}.{host}/32", "subnet": f"10.{site}.{subnet}.0/24", "site": f"10.{site}.0.0/16"}[kind]

    def _server(self, place: int) -> Iterator[Record]:
        zone = place % len(ZONES)
        server, port = identifier("server", self.number, place), identifier("port", self.number, place)
        name = f"{ZONES[zone]}{place}"
        yield Server(id=server, name=name, project_id=self.project)
        addresses = tuple(
            FixedIp(
                subnet_id=identifier("subnet", self.number, zone << 1 | family),
                ip_address=f"{host}{10 + place:x}" if family else f"{host}{10 + place}",
            )
            for family, _, host in self._subnets(zone)
        )
        network = identifier("network", self.number, zone)
        groups = (self.groups["base"], self.groups[ZONES[zone]])
        yield self._port(port, network, server, name=name, fixed_ips=addresses, security_groups=groups)
        number = place // self.shape.public_every + 1
        if place % self.shape.public_every == 0 and number < _PUBLIC_ADDRESSES:
            yield FloatingIp(
                id=identifier("floating", self.number, place),
                floating_network_id=identifier("network", 0, 1),
                floating_ip_address=self._public(number),
                project_id=self.project,
                port_id=port,
                fixed_ip_address=addresses[0].ip_address,
                router_id=identifier("router", self.number),
            )
        if place == 0 and self.joined:
            address = f"{SERVICES}.{1 + self.number // 250}.{self.number % 250}"
            shared = FixedIp(subnet_id=identifier("subnet", 0, 2), ip_address=address)
            nic, network = identifier("port", self.number, 2 << 16), identifier("network", 0, 2)
            services = (self.groups["services"],)
            yield self._port(nic, network, server, name=f"{name}-services", fixed_ips=(shared,), security_groups=services)

    def _port(self, port: str, network: str, server: str, **fields: Any) -> Port:  # noqa: ANN401 - fields of Port, checked there
        return Port(id=port, network_id=network, project_id=self.project, device_owner="compute:nova", device_id=server, **fields)


_PORTS: Final = sorted(Random(294).sample(range(1, 60000), 294))  # noqa: S311 - test data
"""The services of the data centre: a few hundred, as measured on real rule sets."""
