"""What the model says that the hybrid driver enforces, judged by the kernel's own iptables: packets over real bridges."""

from __future__ import annotations

import dataclasses
from platform import release
from time import perf_counter

import pytest

from infra.neutron.semantics import drivers, filters
from infra.neutron.semantics.drivers import PROFILES
from infra.neutron.semantics.filters import Filters
from infra.neutron.semantics.services import Driver
from tests.truth import netns
from tests.truth.counts import SCALE
from tests.truth.neutron.bridges import Bridges
from tests.truth.neutron.cases import PAIRS, WHOLE, Case, Packet, case
from tests.truth.neutron.implicit import from_anywhere, strangers, unforeseen, without_rules
from tests.truth.neutron.iptables_driver import answers, fill, sendable
from tests.truth.neutron.mistakes import as_ovn, forgotten, no_codes, one_port_more, prefix_too_wide
from tests.truth.neutron.model import CARDS, PACKETS, RULES, Model, ask, compare, disagreements, judged, nothing

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]


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


def test_iptables_make_everybody_a_member_by_a_pair_of_every_address() -> None:
    """A member whose address pair is a whole family makes its group everybody (row 8): no disagreement."""
    made = case(77, 30, RULES, WHOLE)
    truth = through_iptables(made, sendable(ask(made, 77)))
    assert disagreements(compare(list(truth), truth.__getitem__, Model(made, Driver.IPTABLES_HYBRID), implicit=True)) == []


def test_iptables_let_pass_without_a_rule_what_the_profile_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ICMPv6 type and DHCP, both ways: the profile has what the kernel does, and without a line (every 13th is tried) it has not."""
    made = case(9, 3, RULES)
    truth = through_iptables(made, without_rules(made))
    assert unforeseen(made, Driver.IPTABLES_HYBRID, truth) == []
    assert unforeseen(made, Driver.IPTABLES_HYBRID, truth, nothing), "DHCP servers are let in"
    profile = PROFILES[Driver.IPTABLES_HYBRID]
    for left_out in profile.implicit[::13]:
        rest = tuple(item for item in profile.implicit if item is not left_out)
        monkeypatch.setitem(PROFILES, Driver.IPTABLES_HYBRID, dataclasses.replace(profile, implicit=rest))
        assert unforeseen(made, Driver.IPTABLES_HYBRID, truth), left_out


def test_iptables_let_a_card_send_from_its_own_addresses_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets from the corners of what each card has, and its neighbour: those pass that the model says are the card's."""
    made = case(10, 12, RULES, PAIRS)
    asked = from_anywhere(made)
    truth = through_iptables(made, asked)
    assert strangers(made, Driver.IPTABLES_HYBRID, truth) == []
    for forgotten_part in ("link_local", "_pairs"):
        with monkeypatch.context() as patch:
            patch.setattr(drivers, forgotten_part, lambda _: [])
            assert strangers(made, Driver.IPTABLES_HYBRID, truth), forgotten_part


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
