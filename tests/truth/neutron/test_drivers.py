"""What the model says a driver enforces, judged by the driver's own translator and the real switch, packet by packet."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import pytest

from infra.neutron.filters import Filters
from infra.neutron.services import Driver
from tests.truth.neutron.cases import case
from tests.truth.neutron.daemons import Ovn, Switch
from tests.truth.neutron.environment import translate
from tests.truth.neutron.model import CARDS, RULES, Model, ask, disagreements
from tests.truth.neutron.ovn_driver import delivered, fill
from tests.truth.neutron.ovs_driver import answers, flow_line, only, prefixes_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.neutron.parts import Rule
    from infra.policy.isolation.fabric import Allow
    from tests.truth.neutron.cases import Packet

    Rectangles = Callable[[Filters, Rule, int], list[Allow]]

pytestmark = pytest.mark.truth

SCALE = int(os.environ.get("RINGFENCE_TRUTH_SCALE", "1"))
"""1 in the test run: at least 10,000 packets per driver. ``./scripts/bench truth`` takes ten times as many."""

PACKETS = 10_000
"""Least number of packets of one seed."""


def passes(model: Model, *, implicit: bool) -> Callable[[Packet], bool]:
    """Return the model's answer to a packet, with the driver's implicit allows or without."""
    return lambda packet: model.passes(packet, implicit=implicit)


@pytest.mark.parametrize("seed", range(SCALE))
def test_ovn_agrees_on_every_corner(seed: int, tmp_path: Path) -> None:
    """At least 10,000 packets through Neutron's ACLs in a real OVN: no disagreement."""
    made = case(seed, CARDS, RULES)
    asked = ask(made, seed)
    assert len(asked) >= PACKETS
    with Ovn(tmp_path) as ovn:
        fill(ovn.begin(), made)
        tracer = ovn.tracer()
        wrong = disagreements(asked, lambda packet: delivered(tracer, packet), passes(Model(made, Driver.OVN), implicit=True))
        tracer.close()
    assert wrong == [], "\n".join(wrong[:20])


@pytest.mark.parametrize("seed", range(SCALE))
def test_open_vswitch_agrees_on_every_corner(seed: int, tmp_path: Path) -> None:
    """At least 10,000 packets through Neutron's flows in a real Open vSwitch: no disagreement."""
    made = case(1000 + seed, CARDS, RULES)
    numbered = prefixes_only(made)
    told = translate(ovs=[rule for _, rule in numbered])["flows"]
    lines = {flow_line(flow, card) for (card, _), flows in zip(numbered, told, strict=True) for flow in flows}
    asked = ask(made, seed)
    assert len(asked) >= PACKETS
    with Switch(tmp_path) as switch:
        truth = answers(switch.begin(), made, sorted(lines), asked)
    wrong = disagreements(asked, truth.__getitem__, passes(only(made, numbered), implicit=False))
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
        assert disagreements(asked, truth.__getitem__, passes(Model(made, Driver.OVN), implicit=True)), mistake.__name__
    monkeypatch.setattr(Filters, "rectangles", real)
    assert disagreements(asked, truth.__getitem__, passes(Model(made, Driver.OVN), implicit=True)) == []


def test_the_cards_of_a_case_are_distinct() -> None:
    """No two cards share an address, or the switch could deliver to the wrong one."""
    cards = case(0, CARDS, RULES).cards
    assert len({card.four for card in cards}) == len({card.six for card in cards}) == len(cards)
