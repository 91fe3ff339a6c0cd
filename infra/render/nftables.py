"""The packet filter inside a server, rendered from the same policy as the security groups outside it.

The text is the whole ruleset and replaces the former one (``replace-ruleset`` in the image). It drops whatever is not named, in
both address families and all three directions. Two things differ from the usual "accept established" set:

* Only *replies* pass without a flow. A packet that goes the way its connection was opened must match a flow every time, so a flow that is
  taken away ends its connections too.
* A NIC takes packets for its own addresses and sends packets from them, and no others: an address of another NIC does not answer.

Where the platform keeps logs, the kernel says what a NIC drops, with the NIC's name and the direction, and no more often than a reader
can bear. Where it does not, nobody would read it, and the filter is the one of before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.model import Protocol
from infra.policy.bastion import MANAGEMENT_FLOW, login_rules
from infra.policy.rules import Direction, Family
from infra.policy.services import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from infra.declaration.model import Address, Network, Platform
    from infra.policy.rules import Nic, Rule, TenantPolicy

TABLE = "ringfence"
REPLIES = "replies"
JUMP_REPLIES = f"jump {REPLIES}"
MANAGEMENT_NIC = "mgmt0"
INDENT = "    "
IP = {Family.IPV4: "ip", Family.IPV6: "ip6"}
PROTOCOL_FAMILY = {Family.IPV4: "ipv4", Family.IPV6: "ipv6"}
SET_TYPE = {Family.IPV4: "ipv4_addr", Family.IPV6: "ipv6_addr"}
# RFC 792 and RFC 4443: errors about a packet that was allowed. Conntrack calls them related; no other kind of related packet passes.
ERRORS = (
    "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }",
)
SUFFIX = {Direction.INGRESS: "in", Direction.EGRESS: "out"}
NOT_ITS_ADDRESS, DENIED = "not this card's address", "denied"
LOGGED = "limit rate 1/second burst 20 packets counter log prefix"
"""What is dropped is said once a second, and twenty times at once: a flood fills no journal."""
# RFC 4861, 7.1: neighbour discovery counts only with hop limit 255, that is, from the same link. Routers are configured, not discovered.
NEIGHBOURS = "ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } icmpv6 code 0"


@dataclass(frozen=True, slots=True)
class ManagementAccess:
    """Who may open SSH on a management NIC, and on which port it listens."""

    ssh_from: tuple[Network, ...]
    ssh_port: int


@dataclass(frozen=True, slots=True)
class _Nic:
    """One network card: its name in the server, what it is for, and its rules in both directions."""

    name: str
    purpose: str
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]


def server_access(platform: Platform) -> ManagementAccess:
    """Return who manages a server: the bastion. The first boot opens SSH for it, until the server's policy is there."""
    return ManagementAccess(tuple(rule.peer for rule in login_rules(platform)), platform.ssh_port)


def nic_names(policy: TenantPolicy, server: str) -> tuple[tuple[str, Nic], ...]:
    """Return a server's NICs in zones under their names in the server: ``zone0``, ``zone1``, in the order of the declaration."""
    return tuple((f"zone{number}", nic) for number, nic in enumerate(policy.server_nics(server)))


def render(policy: TenantPolicy, server: str) -> str:
    """Return the whole ruleset of a tenant's server. Raises ``KeyError`` when the policy does not know the server."""
    named = nic_names(policy, server)
    if not named:
        raise KeyError(server)
    families = {address.version for _, nic in named for address in nic.addresses}
    rules = [rule for _, nic in named for rule in policy.nic_rules(nic) if rule.family in families]
    management = policy.groups[names.MANAGEMENT].rules
    logged = _is_logged(management)
    nics = [_zone_nic(name, nic, policy.nic_rules(nic), logged=logged) for name, nic in named]
    nics.append(_management_nic(management))
    return _ruleset(f"server {server} of tenant {policy.tenant}", _sets(rules), nics)


def render_platform(server: str, address: Address, rules: Sequence[Rule]) -> str:
    """Return the whole ruleset of a server of the platform: its only NIC is on the backbone and has a declared address."""
    logged = _is_logged(rules)
    links = {way: tuple(_link((address,), way, MANAGEMENT_NIC if logged else "")) for way in Direction}
    return _ruleset(f"server {server} of the platform", (), [_management_nic(rules, links)])


def _is_logged(management: Iterable[Rule]) -> bool:
    """Tell whether somebody keeps what is said of drops: the rules of the management NIC have the platform's service for it."""
    return any(rule.origin.flow == Service.LOGS.flow for rule in management)


def _note(nic: str, direction: Direction, what: str) -> str:
    """Return the rule that says what is dropped of a NIC's packets; it drops nothing itself."""
    return f'{LOGGED} "{TABLE} {nic} {SUFFIX[direction]} {what}: "'


def _ruleset(subject: str, sets: Iterable[str], nics: Sequence[_Nic]) -> str:
    """Put the parts together: named sets, one pair of chains per NIC, and the three hooks."""
    replies = ["ct state established ct direction reply accept"]
    replies += [f"ct state related {errors} accept" for errors in ERRORS]
    body = [*sets, *_block(f"chain {REPLIES}", replies), *(line for nic in nics for line in _nic_chains(nic)), *_hooks(nics)]
    head = (f"# The packet filter of {subject}: rendered from its declaration, replaced as a whole.", "flush ruleset", "")
    return "\n".join((*head, f"table inet {TABLE} {{", *(f"{INDENT}{line}" if line else "" for line in body), "}", ""))


def _block(head: str, lines: Iterable[str]) -> list[str]:
    return [f"{head} {{", *(f"{INDENT}{line}" for line in lines), "}", ""]


def _hooks(nics: Sequence[_Nic]) -> list[str]:
    lines: list[str] = []
    for hook, key, suffix in (("input", "iifname", "in"), ("output", "oifname", "out")):
        chain = [f"type filter hook {hook} priority filter; policy drop;"]
        chain += [f'{key} "lo" accept', 'ct state invalid counter drop comment "invalid"']
        chain += [f'{key} "{nic.name}" jump {nic.name}_{suffix}' for nic in nics]
        lines += _block(f"chain {hook}", [*chain, 'counter comment "denied"'])
    forward = ["type filter hook forward priority filter; policy drop;", 'counter comment "denied"']
    return [*lines, *_block("chain forward", forward)[:-1]]


def _nic_chains(nic: _Nic) -> list[str]:
    lines = [f"# {nic.name}: {nic.purpose}"]
    for suffix, rules in (("in", nic.incoming), ("out", nic.outgoing)):
        lines += _block(f"chain {nic.name}_{suffix}", rules)
    return lines


def _zone_nic(name: str, nic: Nic, rules: Sequence[Rule], *, logged: bool) -> _Nic:
    families = {address.version for address in nic.addresses}
    usable = [rule for rule in rules if rule.family in families]
    both = {
        way: (*_link(nic.addresses, way, name if logged else ""), JUMP_REPLIES, *_flows(usable, way), *_last(name, way, logged=logged))
        for way in Direction
    }
    return _Nic(name, f"zone {nic.zone}", both[Direction.INGRESS], both[Direction.EGRESS])


def _last(nic: str, direction: Direction, *, logged: bool) -> tuple[str, ...]:
    """Return the end of a NIC's chain: what comes so far is denied by the hook."""
    return (_note(nic, direction, DENIED),) if logged else ()


def _link(own: Sequence[Address], direction: Direction, logged: str = "") -> Iterator[str]:
    """Yield what holds a NIC to its own addresses; an IPv6 neighbour is asked for before that, on multicast addresses.

    ``logged`` is the NIC's name, where drops are said.
    """
    end = "daddr" if direction is Direction.INGRESS else "saddr"
    for family in Family:
        mine = [str(address) for address in own if address.version == family]
        if family is Family.IPV6 and mine:
            yield f'{NEIGHBOURS} counter accept comment "neighbours"'
        foreign = f"{IP[family]} {end} != {_listed(mine)}" if mine else f"meta nfproto {PROTOCOL_FAMILY[family]}"
        if logged:
            yield f"{foreign} {_note(logged, direction, NOT_ITS_ADDRESS)}"
        yield f'{foreign} counter drop comment "{NOT_ITS_ADDRESS}"'


def _said_in_zone(rule: Rule) -> str:
    return f"flow {rule.origin.flow}"


def _flows(rules: Sequence[Rule], direction: Direction, said: Callable[[Rule], str] = _said_in_zone) -> Iterator[str]:
    """Yield one line per allow, in the order of the policy; prefixes of a named set become one line that names the set."""
    end = "saddr" if direction is Direction.INGRESS else "daddr"
    lines = (
        f'{IP[rule.family]} {end} {_peer(rule)} {_packet(rule)} ct state new,established counter accept comment "{said(rule)}"'
        for rule in rules
        if rule.direction is direction
    )
    return iter(dict.fromkeys(lines))


def _management_nic(rules: Sequence[Rule], links: Mapping[Direction, tuple[str, ...]] | None = None) -> _Nic:
    """Return the management NIC; ``links`` holds it to its own address, where that one is declared and not Neutron's to choose."""

    def said(rule: Rule) -> str:
        return "bastion" if links is None and rule.origin.flow == MANAGEMENT_FLOW else rule.origin.flow

    logged = _is_logged(rules)
    ways = {
        way: (*(links or {}).get(way, ()), JUMP_REPLIES, *_flows(rules, way, said), *_last(MANAGEMENT_NIC, way, logged=logged))
        for way in Direction
    }
    return _Nic(MANAGEMENT_NIC, "management", ways[Direction.INGRESS], ways[Direction.EGRESS])


def _sets(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield the named sets that rules refer to, in the order of their names."""
    members: dict[tuple[str, Family], set[Network]] = {}
    for rule in rules:
        if rule.peer_set:
            members.setdefault((rule.peer_set, rule.family), set()).add(rule.peer)
    for (name, family), networks in sorted(members.items()):
        elements = [f"{INDENT}{_shortest(network)}," for network in sorted(networks)]
        head = [f"type {SET_TYPE[family]}", "flags interval", "elements = {", *elements, "}"]
        yield from _block(f"set {_set_name(name, family)}", head)


def _set_name(peer_set: str, family: Family) -> str:
    return f"{peer_set.replace('-', '_')}_{family}"


def _peer(rule: Rule) -> str:
    return f"@{_set_name(rule.peer_set, rule.family)}" if rule.peer_set else _shortest(rule.peer)


def _packet(rule: Rule) -> str:
    """Render what a rule says about the packet above IP."""
    match = rule.match
    if match.protocol.has_types and match.first is not None:
        name = {Protocol.ICMP: "icmp", Protocol.ICMPV6: "icmpv6"}[match.protocol]
        code = "" if match.last is None else f" {name} code {match.last}"
        return f"{name} type {match.first}{code}"
    if match.protocol.has_ports and match.first is not None:
        ports = str(match.first) if match.first == match.last else f"{match.first}-{match.last}"
        return f"{match.protocol.value} dport {ports}"
    if match.protocol is Protocol.AH and rule.family is Family.IPV6:
        # To nft an IPv6 authentication header is an extension, and what it protects is the protocol (RFC 8200, 4.1).
        return f"ip6 nexthdr {match.protocol.number}"
    return f"meta l4proto {match.protocol.number}"


def _shortest(network: Network) -> str:
    """Render a prefix as nft lists it: a single address without its length."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _listed(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"{{ {', '.join(values)} }}"
