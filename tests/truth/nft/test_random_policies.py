"""The kernel decides what the guest's packet filter means: random policies, loaded as they are rendered, and packets that are really sent.

At every corner of what a policy allows, and one step beside it, what arrives is what the policy says, in both families and directions.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from infra.declaration.model import Protocol
from infra.policy.flows import expand
from infra.policy.rules import Direction
from infra.render import nftables
from infra.render.expectation import Expected, Packet, judge
from tests.fast.declaration import declared
from tests.fast.policy.tenants import PLATFORM, tenants
from tests.truth import netns
from tests.truth.counts import SCALE, Count
from tests.truth.nft.street import Street
from tests.truth.nft.wire import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Address, Tenant
    from infra.policy.rules import Nic, TenantPolicy

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]

EXAMPLES = int(os.environ.get("RINGFENCE_EXAMPLES", "20"))
ANSWERED = {Protocol.ICMP: (8, 13), Protocol.ICMPV6: (128,)}
"""ICMP requests that a kernel answers."""
RAW = (Protocol.ESP, Protocol.AH, Protocol.GRE)


def corners(street: Street, nic: Nic) -> list[tuple[Protocol, int | None, int | None]]:
    """Return protocols, and the ports or types at which a card's rules begin and end and those beside them."""
    matches = [rule.match for rule in street.policy.nic_rules(nic) if rule.match.protocol.has_ports]
    edges = {edge for match in matches for edge in (match.first, match.last) if edge is not None} | {22, 53}
    ports = sorted({edge + step for edge in edges for step in (-1, 0, 1) if 0 < edge + step < 2**16})
    ported = [(protocol, port, None) for protocol in (Protocol.TCP, Protocol.UDP, Protocol.SCTP) for port in ports]
    asked = [(protocol, kind, 0) for protocol, kinds in ANSWERED.items() for kind in kinds]
    return [*ported, *asked, *((protocol, None, None) for protocol in RAW)]


def questions(street: Street, nic: Nic, direction: Direction) -> Iterator[Packet]:
    """Yield a packet for every corner, between the card and everybody else, in one direction."""
    for protocol, first, last in corners(street, nic):
        for own in nic.addresses:
            if protocol in ANSWERED and own.version != {Protocol.ICMP: 4, Protocol.ICMPV6: 6}[protocol]:
                continue
            for other in street.strangers(own.version):
                ends: tuple[Address, Address] = (other, own) if direction is Direction.INGRESS else (own, other)
                yield Packet(*ends, protocol, first, last)


def expected(street: Street, nic: Nic, packets: list[Packet], direction: Direction) -> set[Packet]:
    """Return the packets that the card's own rules let through; the other end is not filtered."""
    rules = street.policy.nic_rules(nic)
    sides = (None, rules) if direction is Direction.INGRESS else (rules, None)
    return {packet for packet in packets if judge(packet, *sides).expected is Expected.ALLOWED}


@dataclass
class Sent:
    """What was sent, and what came of it otherwise than expected."""

    packets: int = 0
    arrived: int = 0
    wrong: list[str] = field(default_factory=list)


@contextlib.contextmanager
def streets(tenant: Tenant, policy: TenantPolicy, server: str) -> Iterator[dict[Direction, Street]]:
    """Give each direction a street of its own.

    On the same one, a packet of a protocol without ports would be the answer to one that went the other way, and pass as such.
    """
    with contextlib.ExitStack() as stack:
        yield {direction: stack.enter_context(contextlib.closing(Street(tenant, policy, server))) for direction in Direction}


def send(both: dict[Direction, Street], text: str, *, patience: float = PATIENCE) -> Sent:
    """Send everything to a server with a ruleset, and from it."""
    sent = Sent()
    for direction, street in both.items():
        street.load(text)
        street.forget()
        way = street.let_in if direction is Direction.INGRESS else street.let_out
        for name, nic in street.cards:
            packets = list(questions(street, nic, direction))
            wanted = expected(street, nic, packets, direction)
            found = way(packets, wanted, patience=patience)
            fate = {packet: "was lost" if packet in wanted else "got through" for packet in found ^ wanted}
            sent.wrong += [f"{name} {direction}: {packet} {fate[packet]}" for packet in sorted(fate, key=str)]
            sent.packets += len(packets)
            sent.arrived += len(found)
    return sent


@pytest.mark.parametrize("part", range(SCALE))
def test_the_kernel_lets_through_what_the_policy_says(part: int, request: pytest.FixtureRequest) -> None:
    """No packet gets through that no flow allows, and none is lost that a flow allows."""
    count = Count(subprocess.run(("nft", "--version"), capture_output=True, text=True, check=True).stdout.partition(" (")[0])
    begin = perf_counter()

    @seed(20261123 + part)
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
    @given(tenants())
    def one_policy(declaration: TenantDeclaration) -> None:
        policy = expand(declaration, PLATFORM)
        for server in list(declaration.tenant.servers)[:2]:
            with streets(declaration.tenant, policy, server) as both:
                sent = send(both, nftables.render(policy, server))
            count.asked += sent.packets
            count.passed += sent.arrived
            count.disagreements += len(sent.wrong)
            assert not sent.wrong

    try:
        one_policy()
    finally:
        count.seconds = perf_counter() - begin
        count.tell(request)


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Yield rulesets with one mistake each, as somebody might make it in the renderer, and what the mistake is."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if "flow " in line:
            yield f"without: {line.strip()}", "\n".join(lines[:number] + lines[number + 1 :])
    for mistake, old, new in MISTAKES:
        changed = re.sub(old, new, text)
        assert changed != text, mistake
        yield mistake, changed


MISTAKES = (
    ("a range one longer", r"dport 8000-8010", "dport 8000-8011"),
    ("a range one shorter", r"dport 8000-8010", "dport 8000-8009"),
    ("another protocol", r"udp dport 53 ", "tcp dport 53 "),
    ("a peer too wide", r"ip saddr 198\.51\.100\.0/24", "ip saddr 198.51.0.0/16"),
    ("a peer from the wrong end", r"ip saddr @internet_4", "ip daddr @internet_4"),
    ("a hole in the internet", r"\n *8\.0\.0\.0/7,", ""),
    ("the own zone in the internet", r" 10\.0\.2\.0/23,", " 10.0.0.0/22,"),
    ("output open", r"(hook output [^;]*; policy) drop", r"\1 accept"),
    ("input open", r"(hook input [^;]*; policy) drop", r"\1 accept"),
    ("no replies", r"ct state established ct direction reply accept", "ct state established ct direction reply drop"),
    ("no neighbours", r"[^\n]*neighbours[^\n]*\n", ""),
    ("no codes", r"icmp type 8 ", "icmp type 13 "),
)


def test_every_mistake_in_the_ruleset_shows(tmp_path: Path) -> None:
    """A ruleset with a line missing, a port more or a direction open does not pass for the right one; the right one does."""
    declaration = declared.tenant(
        tmp_path,
        {
            "flows.many": declared.flow("both", "web", "tcp", ports=["8000-8010"]),
            "flows.names": declared.flow("web", "internet", "udp", ports=[53]),
            "flows.alive": declared.flow("data", "web", "icmp", icmp={"type": 8}),
            "flows.alive6": declared.flow("both", "web", "icmpv6", icmp={"type": 128}),
            "flows.signals": declared.flow("partner", "web", "sctp", ports=[2905]),
            "flows.sealed": declared.flow("both", "web", "ah"),
            "flows.stock": declared.flow("partner", "web", "udp", ports=[8443]),
        },
    )
    policy = expand(declaration, PLATFORM)
    text = nftables.render(policy, "web")
    with streets(declaration.tenant, policy, "web") as both:
        assert not send(both, text).wrong
        survivors = [mistake for mistake, wrong in mutants(text) if not send(both, wrong, patience=0).wrong]
        assert not send(both, text, patience=0).wrong
    assert not survivors
