"""What the model says a driver enforces, judged by the driver's own translator and the real switch, packet by packet."""

from __future__ import annotations

import dataclasses
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from infra.neutron.filters import Filters
from infra.neutron.services import Driver
from tests.truth.counts import SCALE, Count
from tests.truth.neutron.cases import case
from tests.truth.neutron.daemons import Ovn, Switch
from tests.truth.neutron.environment import translate
from tests.truth.neutron.model import CARDS, RULES, Model, Told, ask, compare, disagreements
from tests.truth.neutron.ovn_driver import delivered, fill
from tests.truth.neutron.ovs_driver import answers, flow_line, only, prefixes_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.neutron.parts import Rule
    from infra.policy.isolation.fabric import Allow

    Rectangles = Callable[[Filters, Rule, int], list[Allow]]

pytestmark = pytest.mark.truth

PACKETS = 10_000
"""Least number of packets of one seed."""


def judged(judge: str, told: list[Told], seconds: float) -> Count:
    """Count what a switch was asked."""
    return Count(
        judge,
        asked=len(told),
        passed=sum(one.real for one in told),
        explained=sum(one.real is one.model is not one.said for one in told),
        disagreements=len(disagreements(told)),
        seconds=seconds,
    )


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


@pytest.mark.parametrize("seed", range(SCALE))
def test_open_vswitch_agrees_on_every_corner(seed: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """At least 10,000 packets through Neutron's flows in a real Open vSwitch: no disagreement."""
    made = case(1000 + seed, CARDS, RULES)
    numbered = prefixes_only(made)
    flows_of = translate(ovs=[rule for _, rule in numbered])["flows"]
    lines = {flow_line(flow, card) for (card, _), flows in zip(numbered, flows_of, strict=True) for flow in flows}
    asked = ask(made, seed)
    assert len(asked) >= PACKETS
    with Switch(tmp_path) as switch:
        switch.begin()
        begin = perf_counter()
        truth = answers(switch, made, sorted(lines), asked)
        seconds = perf_counter() - begin
        judge = switch.version("ovs-vswitchd")
    told = compare(asked, truth.__getitem__, only(made, numbered), implicit=False)
    judged(judge, told, seconds).tell(request)
    wrong = disagreements(told)
    assert wrong == [], "\n".join(wrong[:20])


def one_port_more(real: Rectangles) -> Rectangles:
    """Break the model: TCP ranges end one port too late."""

    def broken(self: Filters, rule: Rule, number: int) -> list[Allow]:
        wider = rule.port_range_max is not None and rule.protocol == "tcp"
        return [dataclasses.replace(a, l4_hi=a.l4_hi + 1) if wider else a for a in real(self, rule, number)]

    return broken


def no_codes(real: Rectangles) -> Rectangles:
    """Break the model: ICMP codes are ignored."""

    def broken(self: Filters, rule: Rule, number: int) -> list[Allow]:
        icmp = rule.protocol in {"icmp", "1"}
        found = real(self, rule, number)
        return [dataclasses.replace(a, l4_lo=a.l4_lo & ~255, l4_hi=((a.l4_hi - 1) | 255) + 1) if icmp else a for a in found]

    return broken


def prefix_too_wide(real: Rectangles) -> Rectangles:
    """Break the model: every range of peers begins one address too early."""

    def broken(self: Filters, rule: Rule, number: int) -> list[Allow]:
        return [dataclasses.replace(a, first=max(0, a.first - 1)) for a in real(self, rule, number)]

    return broken


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


def test_the_cards_of_a_case_are_distinct() -> None:
    """No two cards share an address, or the switch could deliver to the wrong one."""
    cards = case(0, CARDS, RULES).cards
    assert len({card.four for card in cards}) == len({card.six for card in cards}) == len(cards)
