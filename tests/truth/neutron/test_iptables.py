"""What the model says that the hybrid driver enforces, judged by the kernel's own iptables: packets over real bridges."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address, ip_network
from platform import release
from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal

import netaddr
import pytest

from infra.neutron import drivers, filters
from infra.neutron.compile import compile_fabric
from infra.neutron.drivers import PROFILES
from infra.neutron.filters import Filters
from infra.neutron.services import Driver
from infra.policy.isolation.ranges import touches
from tests.truth import netns
from tests.truth.counts import SCALE
from tests.truth.neutron.bridges import Bridges, Frame
from tests.truth.neutron.cases import PAIRS, Card, Case, Packet, case
from tests.truth.neutron.iptables_driver import Address, answers, crossed, fill, frame, sendable
from tests.truth.neutron.mistakes import as_ovn, forgotten, no_codes, one_port_more, prefix_too_wide
from tests.truth.neutron.model import CARDS, PACKETS, RULES, Model, Told, ask, compare, disagreements, judged

if TYPE_CHECKING:
    from infra.neutron.snapshot import Port

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]

BOTH: Final[tuple[Literal["ingress"], Literal["egress"]]] = ("ingress", "egress")


def through_iptables(made: Case, asked: list[Packet]) -> dict[Packet, bool]:
    """Return what the kernel does on a host whose iptables an agent filled for the case."""
    with Bridges(card.name for card in made.cards) as bridges:
        fill(bridges, made)
        return answers(bridges, made, asked)


@pytest.mark.parametrize("seed", range(SCALE))
def test_iptables_agree_on_every_corner(seed: int, request: pytest.FixtureRequest) -> None:
    """At least 10,000 packets over real bridges with an agent's iptables: no disagreement."""
    made = case(2000 + seed, CARDS, RULES, PAIRS)
    asked = sendable(ask(made, seed))
    assert len(asked) >= PACKETS
    begin = perf_counter()
    truth = through_iptables(made, asked)
    seconds = perf_counter() - begin
    told = compare(asked, truth.__getitem__, Model(made, Driver.IPTABLES_HYBRID), implicit=True)
    judged(f"iptables of Linux {release()}", told, seconds).tell(request)
    wrong = disagreements(told)
    assert wrong == [], "\n".join(wrong[:20])


def without_rules(made: Case) -> list[Packet]:
    """Return packets that may pass without a rule: every ICMPv6 type, and DHCP's."""
    neighbours = [ip_address(text) for text in ("fe80::1", "2001:db8:0:1::9")]
    kinds = [(58, kind << 8) for kind in range(256)]
    doors = [(17, port) for port in (67, 68, 546, 547)]
    return [
        Packet(card, direction, peer, *what)
        for card in made.cards
        for direction in BOTH
        for peer in neighbours
        for what in (*kinds, *doors)
    ] + [Packet(card, direction, ip_address("10.0.0.9"), *what) for card in made.cards for direction in BOTH for what in doors]


def announced(one: Told) -> bool:
    """Tell whether a router advertisement leaves a server in the model only: iptables drop it whatever the rules say (row 10)."""
    return one.packet.direction == "egress" and one.packet.l4 >> 8 == (58 << 16 | 134 << 8) >> 8 and one.model and not one.real


def test_iptables_let_pass_without_a_rule_what_the_profile_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ICMPv6 type and DHCP, both ways: the profile has what the kernel does, and without a line (every 13th is tried) it has not."""
    made = case(9, 3, RULES)
    asked = without_rules(made)
    truth = through_iptables(made, asked)

    def wrong() -> list[str]:
        return disagreements(compare(asked, truth.__getitem__, Model(made, Driver.IPTABLES_HYBRID), implicit=True), announced)

    assert wrong() == []
    profile = PROFILES[Driver.IPTABLES_HYBRID]
    for left_out in profile.implicit[::13]:
        rest = tuple(item for item in profile.implicit if item is not left_out)
        monkeypatch.setitem(PROFILES, Driver.IPTABLES_HYBRID, dataclasses.replace(profile, implicit=rest))
        assert wrong(), left_out


def corners(port: Port) -> list[Address]:
    """Return the ends, plus and minus one, of what a port is given: addresses, address pairs, and what its MAC makes (RFC 4291)."""
    texts = [fixed.ip_address or "" for fixed in port.fixed_ips] + [pair.ip_address for pair in port.allowed_address_pairs]
    spans = [ip_network(text, strict=False) for text in (*texts, str(netaddr.EUI(port.mac_address).ipv6_link_local()))]
    return [span[end] + step for span in spans for end in (0, -1) for step in (-1, 0, 1)]


def sent_from(card: Card, own: Address) -> Packet:
    """Return a packet that needs no rule: a DHCP client's or an echo request, row 10."""
    if own.version == 4:
        return Packet(card, "egress", ip_address("10.0.0.9"), 17, 67)
    return Packet(card, "egress", ip_address("2001:db8:0:1::9"), 58, 128 << 8)


def test_iptables_let_a_card_send_from_its_own_addresses_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets from the corners of what each card has, and its neighbour: those pass that the model says are the card's."""
    made = case(10, 12, RULES, PAIRS)
    given = [corners(port) for port in made.snapshot.ports]
    asked = [(number, own) for number in range(len(given)) for own in dict.fromkeys(given[number] + given[number - 1])]
    frames = [frame(sent_from(made.cards[card], own), own, number) for number, (card, own) in enumerate(asked)]
    with Bridges(card.name for card in made.cards) as bridges:
        fill(bridges, made)
        got = crossed(bridges, made, frames)

    def wrong() -> list[Frame]:
        sources = compile_fabric(made.snapshot, Driver.IPTABLES_HYBRID).builder.sources
        has = [touches(((own.version, int(own), int(own)),), sources(card)) for card, own in asked]
        return [one for one, model in zip(frames, has, strict=True) if (one in got) is not model]

    assert wrong() == []
    for forgotten_part in ("link_local", "_pairs"):
        with monkeypatch.context() as patch:
            patch.setattr(drivers, forgotten_part, lambda _: [])
            assert wrong(), forgotten_part


def test_a_wrong_model_is_caught_by_iptables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of several mistakes disagrees with the kernel on some packet."""
    made = case(8, CARDS, RULES, PAIRS)
    asked = sendable(ask(made, 8))
    real = Filters.rectangles
    truth = through_iptables(made, asked)

    def wrong() -> list[str]:
        return disagreements(compare(asked, truth.__getitem__, Model(made, Driver.IPTABLES_HYBRID), implicit=True))

    assert wrong() == []
    with monkeypatch.context() as patch:
        patch.setitem(PROFILES, Driver.IPTABLES_HYBRID, dataclasses.replace(PROFILES[Driver.IPTABLES_HYBRID], pairs_are_members=False))
        assert wrong(), "pairs"
    with monkeypatch.context() as patch:
        patch.setattr(filters, "enforced", as_ovn)
        assert wrong(), "services"
    for mistake in (one_port_more, no_codes, prefix_too_wide, forgotten("remote_group_id"), forgotten("remote_address_group_id")):
        monkeypatch.setattr(Filters, "rectangles", mistake(real))
        assert wrong(), mistake.__name__
