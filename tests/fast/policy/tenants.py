"""Random tenants that are right: the material for properties that must hold for every declaration."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from infra.declaration import Lines, TenantDeclaration, addresses
from infra.declaration.addresses import EndpointKind
from infra.declaration.model import INTERNET, Flow, Platform, PortRange, Protocol, Tenant
from infra.policy.flows import families
from infra.render.expectation import Packet
from tests.fast.declaration.declared import PLATFORM as PLATFORM_TREE

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.declaration.model import Address

PLATFORM = Platform.model_validate(PLATFORM_TREE)
EXTERNALS = {"partner": ["198.51.100.0/24"], "depot": ["203.0.113.7/32", "2001:db8:5::/48"]}
PORTS = {"ssh": 22, "web": 443, "sql": 5432, "low": 1, "high": 65535, "range": 8000}

PROTOCOLS = st.sampled_from(Protocol)
ICMP_TYPES = st.sampled_from([None, 8, 128])
RANGES = st.lists(
    st.tuples(st.sampled_from(sorted(PORTS.values())), st.sampled_from([0, 1, 10])).map(
        lambda drawn: PortRange(first=drawn[0], last=min(sum(drawn), 65535))
    ),
    min_size=1,
    max_size=2,
)


@st.composite
def tenants(draw: Callable[[st.SearchStrategy[object]], object]) -> TenantDeclaration:
    """Draw a tenant: up to three zones, four servers and six flows, whose ends have an address family in common."""
    dual = draw(st.lists(st.booleans(), min_size=1, max_size=3))
    assert isinstance(dual, list)
    zones = {f"z{n}": {"cidr": f"10.0.{n}.0/24"} | ({"cidr6": f"fd00:0:0:{n}::/64"} if six else {}) for n, six in enumerate(dual)}
    places = st.lists(st.sampled_from(sorted(zones)), min_size=1, max_size=len(zones), unique=True)
    several = draw(st.lists(places, max_size=4))
    assert isinstance(several, list)
    servers = {f"s{n}": {"zones": dict.fromkeys(names, n + 10), "flavor": "small", "root": 2} for n, names in enumerate(several)}
    tree = {
        "name": "random",
        "region": "north",
        "labels": {"classification": "internal", "service": "random"},
        "zones": zones,
        "externals": {name: {"cidrs": cidrs} for name, cidrs in EXTERNALS.items()},
        "servers": servers,
    }
    bare = Tenant.model_validate(tree)
    drawn = draw(st.lists(flows(bare), max_size=6))
    assert isinstance(drawn, list)
    declared = {f"f{number}": flow for number, flow in enumerate(drawn)}
    return TenantDeclaration(bare.model_copy(update={"flows": declared}), Lines("Pulumi.random.yaml"))


def flows(tenant: Tenant) -> st.SearchStrategy[Flow]:
    """Draw a flow with at least one end inside the tenant, in which a packet can travel."""
    ends = st.sampled_from([*tenant.zones, *tenant.servers, *tenant.externals, INTERNET])

    def flow(source: str, destination: str, protocol: Protocol, numbers: list[PortRange], kind: int | None) -> Flow:
        tree: dict[str, object] = {"from": source, "to": destination, "protocol": protocol, "reason": "a reason", "owner": "an owner"}
        if protocol.has_ports:
            tree["ports"] = numbers
        if protocol.has_types and kind:
            tree["icmp"] = {"type": kind}
        return Flow.model_validate(tree)

    return st.builds(flow, ends, ends, PROTOCOLS, RANGES, ICMP_TYPES).filter(lambda flow: _can_travel(tenant, flow))


def _can_travel(tenant: Tenant, flow: Flow) -> bool:
    kinds = [addresses.kind(tenant, end) for end in (flow.source, flow.destination)]
    inside = any(kind is not None and kind.is_inside for kind in kinds)
    loop = flow.source == flow.destination and kinds[0] is EndpointKind.SERVER
    possible = families(flow, addresses.endpoint(tenant, flow.source), addresses.endpoint(tenant, flow.destination))
    return inside and not loop and bool(possible)


def packets(tenant: Tenant) -> st.SearchStrategy[Packet]:
    """Draw a packet between addresses that matter: servers', and others inside and outside the tenant's prefixes."""
    own = [
        one for name, server in tenant.servers.items() for zone in server.zones for one in addresses.server_addresses(tenant, name, zone)
    ]
    known: list[Address] = [*own, *(addresses.host(network, 200) for zone in tenant.zones.values() for network in zone.networks)]
    known += [ip_address(text) for text in ("198.51.100.77", "203.0.113.7", "203.0.113.8", "2001:db8:5::1", "2001:db8:6::1", "172.30.0.5")]
    known += [ip_address(text) for text in ("172.29.0.10", "169.254.169.254", "10.9.9.9", "fe80::1", "fd00:9::1", "8.8.8.8")]
    numbers = st.sampled_from(sorted({port + more for port in PORTS.values() for more in (-1, 0, 1, 2, 10, 11) if 0 < port + more < 2**16}))

    def packet(ends: tuple[Address, Address], protocol: Protocol, number: int, kind: int) -> Packet:
        if protocol.has_types:
            return Packet(*ends, protocol, kind, 0)
        return Packet(*ends, protocol, number) if protocol.has_ports else Packet(*ends, protocol)

    pairs = st.tuples(st.sampled_from(known), st.sampled_from(known)).filter(lambda pair: pair[0].version == pair[1].version)
    return st.builds(packet, pairs, st.sampled_from(Protocol), numbers, st.sampled_from([3, 8, 128]))


def networks() -> st.SearchStrategy[IPv4Network | IPv6Network]:
    """Draw prefixes that often touch each other."""
    four = st.builds(lambda number, length: ip_network((number << 24, length), strict=False), st.integers(0, 255), st.integers(0, 32))
    near = st.builds(lambda host, length: ip_network((0x0A000000 + host, length), strict=False), st.integers(0, 2**16), st.integers(8, 32))
    six = st.builds(
        lambda host, length: ip_network(((0xFD << 120) + host, length), strict=False), st.integers(0, 2**20), st.integers(7, 128)
    )
    return st.one_of(four, near, six)
