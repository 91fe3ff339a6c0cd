"""A tenant's policy as Neutron security groups: pure data, which the components hand to the provider unchanged.

The names of rules come from what they allow, not from the flow that wants it. So a flow that changes makes and removes exactly the rules
that differ, and one that is renamed none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.declaration.model import Protocol
from infra.policy.rules import Direction, Family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Network
    from infra.policy.rules import Match, Rule, TenantPolicy

ETHERTYPE = {Family.IPV4: "IPv4", Family.IPV6: "IPv6"}
# Neutron's own name for ICMPv6; "icmpv6" is an accepted alias which is stored under this name.
PROTOCOL_NAMES = {Protocol.ICMPV6: "ipv6-icmp"}
# The provider wants both ends or none, and leaves a 0 out of its request: Neutron then reads "every code". So code 0 cannot be asked for
# through it, and neither can type 0, which would come to every type; a declaration with either is refused (infra/declaration/checks).
EVERY_CODE = 0


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """A Neutron address group: a named set of prefixes of one family that rules refer to as one peer."""

    name: str
    description: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """A Neutron security group rule.

    ``name`` is the resource's name, unique within the tenant. ``arguments`` are the keyword arguments of
    ``pulumi_openstack.networking.SecGroupRule`` apart from ``security_group_id`` and, where ``address_group`` names one,
    ``remote_address_group_id``. The description changes when a flow is renamed, and Neutron refuses a second rule that differs in its
    description only: let the resource be deleted before it is replaced.
    """

    name: str
    address_group: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A Neutron security group; ``key`` is its name within the policy (``zone-app``, ``server-web``, ``management``)."""

    key: str
    name: str
    description: str
    rules: tuple[SecurityRule, ...]


def address_groups(policy: TenantPolicy) -> tuple[AddressGroup, ...]:
    """Return the address groups that the rules of a tenant refer to, in the order of their names."""
    members: dict[tuple[str, Family], set[Network]] = {}
    for rule in _all(policy):
        if rule.peer_set:
            members.setdefault((rule.peer_set, rule.family), set()).add(rule.peer)
    return tuple(
        AddressGroup(
            names.address_group(policy.tenant, peer_set, family),
            f"{peer_set}, {ETHERTYPE[family]}, as {policy.tenant} sees it",
            _prefixes(frozenset(networks)),
        )
        for (peer_set, family), networks in sorted(members.items())
    )


@lru_cache(maxsize=256)
def _prefixes(networks: frozenset[Network]) -> tuple[str, ...]:
    """Return prefixes in their order, as text: a hundred of them for ``internet``, at every look at the same tenant."""
    return tuple(map(str, sorted(networks)))


def security_groups(policy: TenantPolicy) -> tuple[SecurityGroup, ...]:
    """Return the security groups of a tenant in the order of the policy; none depends on another."""
    return tuple(
        SecurityGroup(key, names.group(policy.tenant, key), group.description, _rules(policy.tenant, key, group.rules))
        for key, group in policy.groups.items()
    )


def _all(policy: TenantPolicy) -> Iterable[Rule]:
    return (rule for group in policy.groups.values() for rule in group.rules)


def _rules(tenant: str, key: str, rules: tuple[Rule, ...]) -> tuple[SecurityRule, ...]:
    """Render the rules of a group, once each: two flows may well ask for the same rule, and Neutron takes it once."""
    wanted: dict[tuple[Direction, Family, Match, str], list[Rule]] = {}
    for rule in rules:
        peer = rule.peer_set or str(rule.peer)
        wanted.setdefault((rule.direction, rule.family, rule.match, peer), []).append(rule)
    return tuple(_rule(tenant, key, alike) for alike in wanted.values())


def _rule(tenant: str, key: str, alike: list[Rule]) -> SecurityRule:
    rule = alike[0]
    arguments: dict[str, Any] = {
        "direction": rule.direction.value,
        "ethertype": ETHERTYPE[rule.family],
        "protocol": PROTOCOL_NAMES.get(rule.match.protocol, rule.match.protocol.value),
    }
    if rule.match.first is not None:
        arguments["port_range_min"] = rule.match.first
        arguments["port_range_max"] = rule.match.last or EVERY_CODE
    address_group = names.address_group(tenant, rule.peer_set, rule.family) if rule.peer_set else ""
    if not address_group:
        arguments["remote_ip_prefix"] = str(rule.peer)
    flows = dict.fromkeys(one.origin.flow for one in alike)
    arguments["description"] = f"flow {', '.join(flows)}"
    return SecurityRule(_rule_name(tenant, key, rule), address_group, arguments)


def _rule_name(tenant: str, key: str, rule: Rule) -> str:
    peer = f"{rule.peer_set}-{rule.family}" if rule.peer_set else str(rule.peer)
    numbers = dict.fromkeys(part for part in (rule.match.first, rule.match.last) if part is not None)
    packet = "-".join(map(str, numbers))
    return names.group_rule(names.group(tenant, key), rule.direction.value, rule.match.protocol.value, packet, peer)
