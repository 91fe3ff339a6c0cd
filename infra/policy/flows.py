"""Expansion: from the flows that people declare to the rules that every renderer, proof and probe is made from."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.declaration.addresses import EndpointKind
from infra.declaration.model import INTERNET, PortRange, Protocol
from infra.policy.bastion import login_rules
from infra.policy.internet import internet
from infra.policy.rules import Direction, Family, Group, Match, Nic, Origin, Rule, TenantPolicy
from infra.policy.services import client_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.declaration.held import TenantDeclaration
    from infra.declaration.model import Flow, Network, Platform, Tenant


def expand(declaration: TenantDeclaration, platform: Platform) -> TenantPolicy:
    """Return everything that a tenant's flows allow; what is not in the result is denied, and so is what a flow that has ended allowed.

    Every flow becomes an egress rule where it starts and an ingress rule where it ends, for each end that is inside the tenant,
    in each address family that both ends have.
    """
    tenant = declaration.tenant
    outside = internet(tenant, platform)
    living = [name for name in tenant.flows if name not in declaration.ended]
    rules = [rule for name in living for rule in _flow_rules(declaration, name, outside)]
    keys = [names.zone_group(zone) for zone in tenant.zones]
    keys += [names.server_group(server) for server in tenant.servers if _is_named(tenant, server)]
    groups = {key: Group(key, f"what flows allow for {key}", tuple(r for where, r in rules if where == key)) for key in keys}
    groups[names.MANAGEMENT] = management_group(declaration.tenant.name, platform)
    nics = tuple(_nic(tenant, server, zone, groups) for server, entry in tenant.servers.items() for zone in entry.zones)
    return TenantPolicy(tenant.name, groups, nics)


def management_group(tenant: str, platform: Platform) -> Group:
    """Return the group of every management NIC: SSH from the bastion, the platform's services, and nothing else in either direction."""
    services = client_rules(platform, tenant)
    description = "SSH from the bastion" + (", and to the platform's services" if services else "")
    return Group(names.MANAGEMENT, description, (*login_rules(platform, tenant), *services))


def matches(flow: Flow) -> tuple[Match, ...]:
    """Return what a flow's packets look like above IP: one match per port range, or one for its ICMP type or protocol."""
    if flow.protocol.has_ports:
        return tuple(Match(flow.protocol, ports.first, ports.last) for ports in merged(flow.ports))
    if flow.icmp is not None:
        return (Match(flow.protocol, flow.icmp.type, flow.icmp.code),)
    return (Match(flow.protocol),)


def merged(ranges: Iterable[PortRange]) -> tuple[PortRange, ...]:
    """Return the same ports as the fewest ranges, in order."""
    result: list[PortRange] = []
    for one in sorted(ranges, key=lambda ports: ports.first):
        if result and one.first <= result[-1].last + 1:
            result[-1] = PortRange(first=result[-1].first, last=max(one.last, result[-1].last))
        else:
            result.append(one)
    return tuple(result)


def families(flow: Flow, source: Iterable[Network], destination: Iterable[Network]) -> tuple[Family, ...]:
    """Return the address families in which a flow's packets can travel: both ends have it, and the protocol belongs to it."""
    common = {network.version for network in source} & {network.version for network in destination}
    common -= {Protocol.ICMP: {6}, Protocol.ICMPV6: {4}}.get(flow.protocol, set())
    return tuple(family for family in Family if family in common)


def _flow_rules(declaration: TenantDeclaration, name: str, outside: tuple[Network, ...]) -> Iterator[tuple[str, Rule]]:
    """Yield the rules of one flow, each with the key of the group it belongs to."""
    tenant, flow = declaration.tenant, declaration.tenant.flows[name]
    place = declaration.lines.of("flows", name)
    origin = Origin(tenant.name, name, flow.owner, flow.reason, place.file, place.line, flow.expires)
    ends = {Direction.EGRESS: (flow.source, flow.destination), Direction.INGRESS: (flow.destination, flow.source)}
    prefixes = {end: outside if end == INTERNET else addresses.endpoint(tenant, end) for end in (flow.source, flow.destination)}
    possible = families(flow, prefixes[flow.source], prefixes[flow.destination])
    for (direction, (here, there)), family, match in product(ends.items(), possible, matches(flow)):
        key = _group_key(tenant, here)
        for peer in prefixes[there] if key else ():
            if peer.version == family:
                yield key, Rule(direction, family, match, peer, origin, INTERNET if there == INTERNET else "")


def _group_key(tenant: Tenant, endpoint: str) -> str:
    """Return the key of the group that holds an endpoint's rules; empty for endpoints outside the tenant."""
    match addresses.kind(tenant, endpoint):
        case EndpointKind.ZONE:
            return names.zone_group(endpoint)
        case EndpointKind.SERVER:
            return names.server_group(endpoint)
        case _:
            return ""


def _is_named(tenant: Tenant, server: str) -> bool:
    return any(server in {flow.source, flow.destination} for flow in tenant.flows.values())


def _nic(tenant: Tenant, server: str, zone: str, groups: dict[str, Group]) -> Nic:
    carried = [names.zone_group(zone), names.server_group(server)]
    fixed = addresses.server_addresses(tenant, server, zone)
    return Nic(server, zone, fixed, tuple(key for key in carried if key in groups))
