"""Neutron's groups allow exactly what the policy allows, in words that Neutron takes and the provider carries."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from infra.declaration.model import Protocol
from infra.policy.flows import expand
from infra.policy.rules import Direction, Family, Group, Match, Origin, Rule, TenantPolicy
from infra.render.security_groups import AddressGroup, SecurityRule, address_groups, security_groups
from tests.fast.policy.tenants import PLATFORM, tenants

if TYPE_CHECKING:
    from infra.declaration import TenantDeclaration

FAMILIES = {"IPv4": Family.IPV4, "IPv6": Family.IPV6}
PROTOCOLS = {"ipv6-icmp": Protocol.ICMPV6}


def meaning(rule: SecurityRule, sets: dict[str, AddressGroup]) -> set[tuple[object, ...]]:
    """Read a rule as Neutron does once the provider has sent it: a 0 is left out, and what is left out means every."""
    arguments = rule.arguments
    first, last = (arguments.get(key) or None for key in ("port_range_min", "port_range_max"))
    protocol = PROTOCOLS.get(arguments["protocol"]) or Protocol(arguments["protocol"])
    match = Match(protocol, first, last)
    prefixes = sets[rule.address_group].prefixes if rule.address_group else (arguments["remote_ip_prefix"],)
    return {(Direction(arguments["direction"]), FAMILIES[arguments["ethertype"]], match, ip_network(prefix)) for prefix in prefixes}


@given(tenants())
def test_groups_allow_exactly_the_policy(declaration: TenantDeclaration) -> None:
    """Read back, the rules of every group are the policy's rules, no more and no less."""
    policy = expand(declaration, PLATFORM)
    sets = {group.name: group for group in address_groups(policy)}
    for group in security_groups(policy):
        read = [part for rule in group.rules for part in meaning(rule, sets)]
        wanted = {(rule.direction, rule.family, rule.match, rule.peer) for rule in policy.groups[group.key].rules}
        assert set(read) == wanted
        assert len(read) == len(set(read)), "Neutron refuses a rule that is there already"


@given(tenants())
def test_names_of_rules_are_unique_and_say_what_is_allowed(declaration: TenantDeclaration) -> None:
    """A resource's name is its identity: no two rules share one, and it does not depend on the flow's name."""
    policy = expand(declaration, PLATFORM)
    named = [rule.name for group in security_groups(policy) for rule in group.rules]
    assert len(set(named)) == len(named)
    renamed = {f"other-{name}": flow for name, flow in declaration.tenant.flows.items()}
    other = type(declaration)(declaration.tenant.model_copy(update={"flows": renamed}), declaration.lines)
    assert [rule.name for group in security_groups(expand(other, PLATFORM)) for rule in group.rules] == named


@given(tenants())
def test_address_groups_are_of_one_family_each(declaration: TenantDeclaration) -> None:
    """Each set of prefixes that a rule names exists, has one family, and is named by a rule."""
    policy = expand(declaration, PLATFORM)
    made = {group.name: group for group in address_groups(policy)}
    used = {rule.address_group for group in security_groups(policy) for rule in group.rules} - {""}
    assert set(made) == used
    for group in made.values():
        assert len({ip_network(prefix).version for prefix in group.prefixes}) == 1


def rendered(*rules: Rule) -> list[SecurityRule]:
    """Render rules as the group of a server."""
    policy = TenantPolicy("acme", {"server-web": Group("server-web", "a test", rules)}, ())
    return list(security_groups(policy)[0].rules)


def rule(match: Match, *, flow: str = "shop", family: Family = Family.IPV4, peer: str = "10.0.0.0/24") -> Rule:
    """Return an ingress rule of a flow."""
    return Rule(Direction.INGRESS, family, match, ip_network(peer), Origin("acme", flow, "owner", "reason"))


ARGUMENTS: dict[str, tuple[Match, dict[str, object]]] = {
    "a port": (Match(Protocol.TCP, 443, 443), {"protocol": "tcp", "port_range_min": 443, "port_range_max": 443}),
    "a range": (Match(Protocol.UDP, 10, 20), {"protocol": "udp", "port_range_min": 10, "port_range_max": 20}),
    "an ICMP type with every code": (Match(Protocol.ICMP, 8), {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0}),
    "an ICMP type and code": (Match(Protocol.ICMP, 13, 2), {"protocol": "icmp", "port_range_min": 13, "port_range_max": 2}),
    "every ICMP type": (Match(Protocol.ICMP), {"protocol": "icmp"}),
    "a protocol": (Match(Protocol.ESP), {"protocol": "esp"}),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_match_in_the_words_of_the_provider(name: str) -> None:
    """The provider takes both ends of a port range or none, and leaves out what is 0."""
    match, expected = ARGUMENTS[name]
    (made,) = rendered(rule(match))
    common: dict[str, object] = {"direction": "ingress", "ethertype": "IPv4", "remote_ip_prefix": "10.0.0.0/24", "description": "flow shop"}
    assert made.arguments == common | expected


def test_icmpv6_has_the_name_that_neutron_stores() -> None:
    """An alias would come back under another name and look like a change."""
    (made,) = rendered(rule(Match(Protocol.ICMPV6, 128), family=Family.IPV6, peer="fd00::/64"))
    assert (made.arguments["protocol"], made.arguments["ethertype"]) == ("ipv6-icmp", "IPv6")


def test_two_flows_that_want_one_rule_share_it() -> None:
    """Neutron has each rule once; its description names both flows."""
    match = Match(Protocol.TCP, 443, 443)
    (made,) = rendered(rule(match, flow="shop"), rule(match, flow="stock"))
    assert made.arguments["description"] == "flow shop, stock"
    assert made.name == "acme-server-web-ingress-tcp-443-10.0.0.0/24"
