"""The guest's packet filter says exactly what the policy says. That the kernel reads it so is proven in ``tests/truth/nft``."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from infra.declaration.model import Protocol
from infra.policy.bastion import platform_servers
from infra.policy.flows import expand, management_group
from infra.policy.rules import Direction, Family, Match, Nic, TenantPolicy
from infra.policy.services import Service
from infra.render import nftables
from tests.fast.policy.tenants import PLATFORM, tenants
from tests.fast.policy.test_services import SUBSETS, offering

if TYPE_CHECKING:
    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Address, Platform

FLOW = re.compile(
    r'(?P<ip>ip6?) (?P<end>[sd])addr (?P<peer>\S+) (?P<packet>.+) ct state new,established counter accept comment "(flow )?(?P<flow>\S+)"'
)
PACKET = re.compile(
    r"(tcp|udp|sctp) dport (\d+)(?:-(\d+))?|(icmp|icmpv6) type (\d+)(?: icmp(?:v6)? code (\d+))?|(?:meta l4proto|ip6 nexthdr) (\d+)"
)
FAMILY = {"ip": Family.IPV4, "ip6": Family.IPV6}
NUMBERS = {protocol.number: protocol for protocol in Protocol}


def chains(text: str) -> dict[str, list[str]]:
    """Return the lines of each chain and set by its name."""
    blocks: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if found := re.match(r" {4}(?:chain|set) (\S+) \{", line):
            name = found[1]
            blocks[name] = []
        elif line.startswith(" " * 8):
            blocks[name].append(line.strip())
    return blocks


def match_of(text: str) -> Match:
    """Read what a rule says about protocol and ports."""
    found = PACKET.fullmatch(text)
    assert found, text
    protocol, first, last, icmp, kind, code, number = found.groups()
    if protocol:
        return Match(Protocol(protocol), int(first), int(last or first))
    if icmp:
        return Match(Protocol(icmp), int(kind), int(code) if code else None)
    return Match(NUMBERS[int(number)])


def allowed(blocks: dict[str, list[str]], card: str) -> set[tuple[object, ...]]:
    """Read back every allow of a card: direction, family, match, peer."""
    result: set[tuple[object, ...]] = set()
    for suffix, direction, end in (("in", Direction.INGRESS, "s"), ("out", Direction.EGRESS, "d")):
        for line in blocks[f"{card}_{suffix}"]:
            if found := FLOW.fullmatch(line):
                assert found["end"] == end
                name = found["peer"].removeprefix("@")
                peers = [part.strip(",") for part in blocks[name] if "/" in part] if name != found["peer"] else [found["peer"]]
                result |= {(direction, FAMILY[found["ip"]], match_of(found["packet"]), ip_network(peer)) for peer in peers}
    return result


@given(tenants())
def test_the_guest_allows_exactly_the_policy(declaration: TenantDeclaration) -> None:
    """Read back, every card's chains hold the card's rules in its address families, no more and no less."""
    policy = expand(declaration, PLATFORM)
    for server in declaration.tenant.servers:
        blocks = chains(nftables.render(policy, server))
        for card, nic in nftables.nic_names(policy, server):
            versions = {address.version for address in nic.addresses}
            wanted = {(r.direction, r.family, r.match, r.peer) for r in policy.nic_rules(nic) if r.family in versions}
            assert allowed(blocks, card) == wanted


@given(tenants())
def test_every_direction_is_dropped_by_default(declaration: TenantDeclaration) -> None:
    """Input, output and forward drop; every card is asked in both directions, and beside the cards' chains loopback alone is accepted."""
    policy = expand(declaration, PLATFORM)
    for server in declaration.tenant.servers:
        text = nftables.render(policy, server)
        blocks = chains(text)
        cards = [name for name, _ in nftables.nic_names(policy, server)] + ["mgmt0"]
        for hook, key, suffix in (("input", "iifname", "in"), ("output", "oifname", "out")):
            assert blocks[hook][0] == f"type filter hook {hook} priority filter; policy drop;"
            assert [line for line in blocks[hook] if "jump" in line] == [f'{key} "{card}" jump {card}_{suffix}' for card in cards]
            assert [line for line in blocks[hook] if "accept" in line] == [f'{key} "lo" accept']
        assert blocks["forward"] == ["type filter hook forward priority filter; policy drop;", 'counter comment "denied"']
        assert text.count("flush ruleset") == 1


def rendered(server: str = "web", platform: Platform = PLATFORM) -> str:
    """Render a server of a tenant with one dual-stack and one IPv4 card and no flows."""
    groups = {"management": management_group("acme", platform)}
    policy = TenantPolicy(
        "acme", groups, (Nic("web", "app", _addresses("10.0.0.11", "fd00::b"), ()), Nic("web", "data", _addresses("10.0.1.11"), ()))
    )
    return nftables.render(policy, server)


def _addresses(*texts: str) -> tuple[Address, ...]:
    return tuple(ip_network(text).network_address for text in texts)


def unlogged(lines: list[str]) -> list[str]:
    """Leave out what says drops; such a line has no verdict."""
    notes = [line for line in lines if " log prefix " in line]
    assert not [line for line in notes if re.search(r"\b(accept|drop|jump|goto|return)\b", line.partition(" log prefix ")[0])], notes
    return [line for line in lines if line not in notes]


def test_management_is_ssh_from_the_bastion_and_nothing_else() -> None:
    """In: SSH from the bastion and replies; out: replies only."""
    blocks = chains(rendered())
    ssh = 'ip saddr 172.29.0.10 tcp dport 22 ct state new,established counter accept comment "bastion"'
    assert blocks["mgmt0_in"] == ["jump replies", ssh]
    assert blocks["mgmt0_out"] == ["jump replies"]


@pytest.mark.parametrize("services", SUBSETS, ids=", ".join)
def test_what_is_declared_goes_out_on_the_management_card(services: tuple[Service, ...]) -> None:
    """Each declared service, named in the filter's counter, and nothing more comes in."""
    platform = offering(services)
    blocks = chains(rendered(platform=platform))
    outgoing = unlogged(blocks["mgmt0_out"])
    assert unlogged(blocks["mgmt0_in"]) == chains(rendered())["mgmt0_in"]
    assert outgoing[0] == "jump replies"
    assert all(FLOW.fullmatch(line) for line in outgoing[1:])
    assert allowed(blocks, "mgmt0") == {
        (rule.direction, rule.family, rule.match, rule.peer) for rule in management_group("acme", platform).rules
    }
    assert {line.rpartition(" ")[2].strip('"') for line in outgoing[1:]} == {service.flow for service in services}


@pytest.mark.parametrize("services", [(), *SUBSETS], ids=lambda services: ", ".join(services) or "none")
def test_a_server_of_the_platform_allows_exactly_its_rules(services: tuple[Service, ...]) -> None:
    """Bastion and services server: read back, the one card holds the rules, from and to its own address only; nothing is forwarded."""
    platform = offering(services) if services else PLATFORM
    assert len(platform_servers(platform)) == (2 if services else 1)
    for server, rules in platform_servers(platform).items():
        own = ip_network("172.29.0.10" if server.endswith("bastion") else "172.29.0.200").network_address
        blocks = chains(nftables.render_platform(server, own, rules))
        assert allowed(blocks, "mgmt0") == {(rule.direction, rule.family, rule.match, rule.peer) for rule in rules}
        for chain, end in (("mgmt0_in", "daddr"), ("mgmt0_out", "saddr")):
            lines = unlogged(blocks[chain])
            assert lines[:2] == [
                f'ip {end} != {own} counter drop comment "not this card\'s address"',
                'meta nfproto ipv6 counter drop comment "not this card\'s address"',
            ]
            assert lines[2] == "jump replies"
            assert all(FLOW.fullmatch(line) for line in lines[3:])
        assert blocks["forward"] == ["type filter hook forward priority filter; policy drop;", 'counter comment "denied"']
        assert set(blocks) == {"replies", "mgmt0_in", "mgmt0_out", "input", "output", "forward"}


@pytest.mark.parametrize("services", [(), *SUBSETS], ids=lambda services: ", ".join(services) or "none")
def test_drops_are_said_by_card_and_direction_where_somebody_keeps_them(services: tuple[Service, ...]) -> None:
    """At the end of every card's chain and before what is not its address; without logs nothing is said, and the filter is as before."""
    platform = offering(services) if services else PLATFORM
    bare = rendered()
    text = rendered(platform=platform)
    servers = platform_servers(platform)
    owns = {name: ip_network("172.29.0.10" if name.endswith("bastion") else "172.29.0.200").network_address for name in servers}
    texts = [text, *(nftables.render_platform(name, owns[name], rules) for name, rules in servers.items())]
    if Service.LOGS not in services:
        assert not [each for each in texts if "log prefix" in each or "limit rate" in each]
        return
    for each in texts:
        blocks = chains(each)
        for name in set(blocks) - {"replies", "input", "output", "forward"}:
            card, _, way = name.partition("_")
            assert blocks[name][-1] == f'{nftables.LOGGED} "ringfence {card} {way} denied: "'
            for number, line in enumerate(blocks[name]):
                if line.endswith('counter drop comment "not this card\'s address"'):
                    foreign = line.removesuffix('counter drop comment "not this card\'s address"')
                    assert blocks[name][number - 1] == f'{foreign}{nftables.LOGGED} "ringfence {card} {way} not this card\'s address: "'
    assert unlogged(chains(text)["zone0_in"]) == chains(bare)["zone0_in"]


def test_a_card_without_ipv6_takes_no_ipv6() -> None:
    """Only a dual-stack card takes part in neighbour discovery, with hop limit 255 as RFC 4861 wants it; the other drops the family."""
    blocks = chains(rendered())
    discovery = f'{nftables.NEIGHBOURS} counter accept comment "neighbours"'
    assert discovery in blocks["zone0_in"]
    assert discovery in blocks["zone0_out"]
    assert "hoplimit 255" in discovery
    assert blocks["zone1_in"][1] == 'meta nfproto ipv6 counter drop comment "not this card\'s address"'
    assert not any("neighbours" in line for line in (*blocks["zone1_in"], *blocks["mgmt0_in"]))


def test_only_replies_pass_without_a_flow() -> None:
    """Established connections pass in the direction of the reply alone, and related packets only when they are ICMP errors."""
    first, *errors = chains(rendered())["replies"]
    assert first == "ct state established ct direction reply accept"
    assert all(line.startswith(("ct state related icmp type {", "ct state related icmpv6 type {")) for line in errors)


def test_a_server_that_nobody_declared_has_no_policy() -> None:
    """A misspelt name must not come out as an empty policy."""
    with pytest.raises(KeyError, match="wbe"):
        rendered("wbe")
