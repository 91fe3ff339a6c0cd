"""What the model says a driver enforces, judged by the driver's own translator and the real switch, packet by packet."""

from __future__ import annotations

import dataclasses
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from infra.neutron.semantics import drivers
from infra.neutron.semantics.drivers import PROFILES
from infra.neutron.semantics.filters import Filters
from infra.neutron.semantics.services import Driver
from tests.truth.counts import SCALE
from tests.truth.neutron.cases import PAIRS, WHOLE, case
from tests.truth.neutron.daemons import Ovn, Switch
from tests.truth.neutron.environment import translate
from tests.truth.neutron.implicit import from_anywhere, strangers, unforeseen, without_rules
from tests.truth.neutron.mistakes import forgotten, no_codes, one_port_more, prefix_too_wide
from tests.truth.neutron.model import CARDS, PACKETS, RULES, Model, ask, compare, disagreements, judged, nothing
from tests.truth.neutron.ovn_driver import delivered, fill
from tests.truth.neutron.ovs_driver import agents, answers, lost, tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.truth.neutron.cases import Case, Packet

pytestmark = pytest.mark.truth

NEIGHBOURLY = (255, 1, 64)
"""Hop limits of neighbour discovery (RFC 4861), of multicast listener discovery (RFC 3810), and of everything else."""


@pytest.mark.parametrize("seed", range(SCALE))
def test_ovn_agrees_on_every_corner(seed: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """At least 10,000 packets through Neutron's ACLs in a real OVN: no disagreement."""
    made = case(seed, CARDS, RULES)
    asked = ask(made, seed)
    assert len(asked) >= PACKETS
    with Ovn(tmp_path) as ovn:
        fill(ovn.begin(), made)
        tracer = ovn.tracer()
        begin = perf_counter()
        truth = {packet: delivered(tracer, packet) for packet in asked}
        seconds = perf_counter() - begin
        tracer.close()
        judge = ovn.version("ovn-trace")
    told = compare(asked, truth.__getitem__, Model(made, Driver.OVN), implicit=True)
    judged(judge, told, seconds).tell(request)
    wrong = disagreements(told)
    assert wrong == [], "\n".join(wrong[:20])


def through_open_vswitch(switch: Switch, made: Case, asked: list[Packet]) -> dict[Packet, bool]:
    """Return what a switch does that an agent filled for the case."""
    switch.begin().flows(tables(made, translate(ovs=agents(made))["flows"]))
    return answers(switch, made, asked)


@pytest.mark.parametrize("seed", range(SCALE))
def test_open_vswitch_agrees_on_every_corner(seed: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """At least 10,000 packets through an agent's flows in a real Open vSwitch: no disagreement but what the agent is known to lose."""
    made = case(1000 + seed, CARDS, RULES, PAIRS)
    asked = ask(made, seed)
    assert len(asked) >= PACKETS
    with Switch(tmp_path) as switch:
        begin = perf_counter()
        truth = through_open_vswitch(switch, made, asked)
        seconds = perf_counter() - begin
        judge = switch.version("ovs-vswitchd")
    told = compare(asked, truth.__getitem__, Model(made, Driver.OVS), implicit=True)
    judged(judge, told, seconds, lost(made)).tell(request)
    wrong = disagreements(told, lost(made))
    assert wrong == [], "\n".join(wrong[:20])


def test_open_vswitch_lets_no_more_in_by_a_pair_of_every_address(tmp_path: Path) -> None:
    """Where a member's address pair is a whole family the agent looks at its MAC address instead; the model lets everybody in (row 8)."""
    made = case(77, 30, RULES, WHOLE)
    asked = ask(made, 77)
    with Switch(tmp_path) as switch:
        truth = through_open_vswitch(switch, made, asked)
    told = compare(asked, truth.__getitem__, Model(made, Driver.OVS), implicit=True)
    assert [str(one) for one in told if one.real and not one.model] == []
    assert {one.real for one in told if one.model} == {True, False}


def test_a_wrong_model_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of three mistakes in the model disagrees with OVN on some corner: the comparison can fail."""
    made = case(7, 25, RULES)
    asked = ask(made, 7)
    real = Filters.rectangles
    with Ovn(tmp_path) as ovn:
        fill(ovn.begin(), made)
        tracer = ovn.tracer()
        truth = {packet: delivered(tracer, packet) for packet in asked}
        tracer.close()
    for mistake in (one_port_more, no_codes, prefix_too_wide):
        monkeypatch.setattr(Filters, "rectangles", mistake(real))
        assert disagreements(compare(asked, truth.__getitem__, Model(made, Driver.OVN), implicit=True)), mistake.__name__
    monkeypatch.setattr(Filters, "rectangles", real)
    assert disagreements(compare(asked, truth.__getitem__, Model(made, Driver.OVN), implicit=True)) == []


def test_a_wrong_model_is_caught_by_open_vswitch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets pass by groups, address groups and address pairs alone, so that forgetting one of them is noticed."""
    made = case(8, CARDS, RULES, PAIRS)
    asked = ask(made, 8)
    real = Filters.rectangles
    with Switch(tmp_path) as switch:
        truth = through_open_vswitch(switch, made, asked)

    known = lost(made)

    def wrong() -> list[str]:
        return disagreements(compare(asked, truth.__getitem__, Model(made, Driver.OVS), implicit=True), known)

    assert wrong() == []
    with monkeypatch.context() as patch:
        patch.setitem(PROFILES, Driver.OVS, dataclasses.replace(PROFILES[Driver.OVS], pairs_are_members=False))
        assert wrong(), "pairs"
    for mistake in (one_port_more, no_codes, prefix_too_wide, forgotten("remote_group_id"), forgotten("remote_address_group_id")):
        monkeypatch.setattr(Filters, "rectangles", mistake(real))
        assert wrong(), mistake.__name__


def test_ovn_lets_pass_without_a_rule_no_more_than_the_profile_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ICMPv6 type and DHCP, both ways, with the hop limits of neighbours: what OVN delivers, the profile has.

    The profile has more: OVN also looks at the addresses of multicast listeners' messages.
    """
    made = case(9, 3, RULES)
    asked = without_rules(made)
    with Ovn(tmp_path) as ovn:
        fill(ovn.begin(), made)
        tracer = ovn.tracer()
        truth = {packet: any(delivered(tracer, packet, hops) for hops in NEIGHBOURLY) for packet in asked}
        tracer.close()

    def unforeseen_types() -> set[tuple[str, int]]:
        told = compare(asked, truth.__getitem__, Model(made, Driver.OVN), implicit=True)
        return {(one.packet.direction, one.packet.detail >> 8) for one in told if one.real and not one.model}

    assert unforeseen_types() == set()
    monkeypatch.setitem(PROFILES, Driver.OVN, dataclasses.replace(PROFILES[Driver.OVN], implicit=()))
    neighbours = {(direction, kind) for direction in ("ingress", "egress") for kind in (133, 134, 135, 136)}
    assert unforeseen_types() == neighbours | {("ingress", kind) for kind in (130, 131, 132)}


def test_open_vswitch_lets_pass_without_a_rule_what_the_profile_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ICMPv6 type and DHCP, both ways: the profile has what the agent's flows do, and without a line of it it has not."""
    made = case(9, 3, RULES)
    with Switch(tmp_path) as switch:
        truth = through_open_vswitch(switch, made, without_rules(made))
    assert unforeseen(made, Driver.OVS, truth) == []
    assert unforeseen(made, Driver.OVS, truth, nothing), "DHCP servers are let in"
    profile = PROFILES[Driver.OVS]
    for left_out in profile.implicit:
        rest = tuple(item for item in profile.implicit if item is not left_out)
        monkeypatch.setitem(PROFILES, Driver.OVS, dataclasses.replace(profile, implicit=rest))
        assert unforeseen(made, Driver.OVS, truth), left_out


def test_open_vswitch_lets_a_card_send_from_its_own_addresses_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets from the corners of what each card has, and its neighbour: those pass that the model says are the card's."""
    made = case(10, 12, RULES, PAIRS)
    with Switch(tmp_path) as switch:
        truth = through_open_vswitch(switch, made, from_anywhere(made))
    assert strangers(made, Driver.OVS, truth) == []
    for forgotten_part in ("link_local", "_pairs"):
        with monkeypatch.context() as patch:
            patch.setattr(drivers, forgotten_part, lambda _: [])
            assert strangers(made, Driver.OVS, truth), forgotten_part


def test_the_cards_of_a_case_are_distinct() -> None:
    """No two cards share an address, or the switch could deliver to the wrong one."""
    cards = case(0, CARDS, RULES).cards
    assert len({card.four for card in cards}) == len({card.six for card in cards}) == len(cards)
