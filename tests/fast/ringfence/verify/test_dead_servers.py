"""A server, the bastion or the host outside that is dead, or dies in the middle: an error of what needs it, and of nothing else."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from infra.errors import GuestError
from infra.outcome import CheckVerdict
from ringfence.verify.probes import fleets
from ringfence.verify.probes.fleets import Fleet
from tests.fast.ringfence.verify.pretended import CASES, PLAN, Network, is_open

if TYPE_CHECKING:
    from ringfence.verify.model import Case

pytestmark = pytest.mark.fast

DEAD = "globex/db1"
SOME = [case for number, case in enumerate(CASES) if number % 23 == 0 or is_open(case)]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing settles in a pretended network."""
    monkeypatch.setattr(fleets, "SETTLE_SECONDS", 0.0)


def field(network: Network, *dead: str) -> Fleet:
    """Return all nodes with a program on each, but for those that could not be logged in to."""
    links = {name: network.link(node) for name, node in PLAN.nodes.items() if name not in dead}
    return Fleet(PLAN.nodes, dict(links), PLAN.ports, lost={name: GuestError.of("the login failed", where=name) for name in dead})


def verdicts(found: Fleet, cases: list[Case]) -> dict[str, tuple[CheckVerdict, str]]:
    """Run cases; what they come to, by their names."""
    found.listen()
    return {line.case.name: (line.outcome.verdict, line.outcome.reason) for line in found.run(cases, lambda _: None)}


def needing(*names: str) -> set[str]:
    """Return the names of the cases that need one of some nodes. Only the bastion knows whether the platform's router lives."""
    return {
        case.name
        for case in SOME
        if {case.source, case.target.node} & set(names) or (case.target.name.startswith("platform router") and "platform/bastion" in names)
    }


def test_everything_passes_while_everybody_lives() -> None:
    """The twin of all others: the pretended network is as declared."""
    found = verdicts(field(Network()), SOME)
    assert Counter(verdict for verdict, _ in found.values()) == {CheckVerdict.PASS: len(SOME)}


@pytest.mark.parametrize("dead", [(DEAD,), ("platform/bastion",), ("internet/host",), (DEAD, "acme/web"), tuple(PLAN.nodes)])
def test_whoever_could_not_be_logged_in_to_costs_what_needs_it(dead: tuple[str, ...]) -> None:
    """Every such case is an error with the reason, and every other one passes with its twins."""
    found = verdicts(field(Network(), *dead), SOME)
    assert {name for name, (verdict, _) in found.items() if verdict is CheckVerdict.ERROR} == needing(*dead)
    assert {verdict for name, (verdict, _) in found.items() if name not in needing(*dead)} <= {CheckVerdict.PASS}
    assert all("takes no part: the login failed" in found[name][1] for name in needing(*dead))
    assert len(found) == len(SOME)


ENDINGS = [
    ("run", 1),
    ("listen", 1),
    ("seen", 1),
    ("probe", 1),
    ("seen", 2),
    ("probe", 2),
    ("seen", 3),
    ("seen", 4),
    ("probe", 3),
    ("seen", 5),
]
"""Every request that a program gets until the end of the first batch."""


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_whoever_dies_in_the_middle_costs_what_needs_it(ending: tuple[str, int]) -> None:
    """At whatever request: none of its cases passes, each names it, and the others come to their verdict all the same."""
    fleet = field(Network({DEAD: ending}))
    found = verdicts(fleet, SOME)
    assert set(fleet.lost) == {DEAD}
    assert {name for name, (verdict, _) in found.items() if verdict is not CheckVerdict.PASS} == needing(DEAD)
    assert all(f"{DEAD} takes no part: the probe program did not answer" in found[name][1] for name in needing(DEAD))
    assert all(found[name][0] is CheckVerdict.ERROR for name in needing(DEAD))


def test_the_program_is_asked_as_often_as_the_table_of_endings_says() -> None:
    """The table has every request of a batch, and no request beyond it."""
    fleet = field(Network())
    verdicts(fleet, SOME)
    asked = fleet.links[DEAD].asked  # type: ignore[attr-defined]
    assert dict(asked) == dict(Counter(verb for verb, _ in ENDINGS))


@pytest.mark.parametrize(("fresh", "again"), [(60.0, 2), (0.0, 3)], ids=["at once", "after a while"])
def test_the_end_of_a_round_is_the_beginning_of_the_next(monkeypatch: pytest.MonkeyPatch, fresh: float, again: int) -> None:
    """Listeners are proven once between two batches, and anew when time has passed; a further run proves them itself in any case."""
    monkeypatch.setattr(fleets, "SIZE", 40)
    monkeypatch.setattr(fleets, "FRESH_SECONDS", fresh)
    fleet = field(Network())
    assert {verdict for verdict, _ in verdicts(fleet, SOME).values()} == {CheckVerdict.PASS}
    asked = fleet.links[DEAD].asked  # type: ignore[attr-defined]
    first, number = asked["probe"], fleet.meter.batches
    assert number > 1
    assert first == 3 + again * (number - 1)
    assert {line.outcome.verdict for line in fleet.run(SOME, lambda _: None)} == {CheckVerdict.PASS}
    assert asked["probe"] == 2 * first


def test_two_who_die_one_after_the_other() -> None:
    """The open questions are asked once more after each death."""
    fleet = field(Network({DEAD: ("probe", 1), "acme/web": ("seen", 4)}))
    found = verdicts(fleet, SOME)
    assert {name for name, (verdict, _) in found.items() if verdict is CheckVerdict.ERROR} == needing(DEAD, "acme/web")
    assert {verdict for name, (verdict, _) in found.items() if name not in needing(DEAD, "acme/web")} == {CheckVerdict.PASS}


def test_what_reached_a_server_before_it_died_fails() -> None:
    """A death hides nothing that was seen: the token that a denied probe was answered with, from a server that is gone by the end."""
    denied = next(
        c
        for c in SOME
        if c.target.node == DEAD and not is_open(c) and c.layer == "whole" and c.protocol == "tcp" and c.source == "globex/app1"
    )
    network = Network({DEAD: ("seen", 3)})
    network.sockets[denied.source, str(denied.target.address), denied.protocol, denied.port] = DEAD
    found = verdicts(field(network), SOME)
    assert found[denied.name][0] is CheckVerdict.FAIL
