from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.outcome import CheckVerdict
from ringfence.verify.run import spoofing

if TYPE_CHECKING:
    from infra.outcome import Outcome
    from ringfence.verify.probes.fleets import Fleet
    from ringfence.verify.probes.plan import MatrixPlan
    from tests.truth.agent.lan import Lan

pytestmark = pytest.mark.truth


def bad(outcomes: list[Outcome]) -> dict[str, str]:
    """Return what did not pass."""
    return {
        outcome.check: f"{outcome.verdict}: {outcome.reason}"
        for outcome in outcomes
        if outcome.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}
    }


def test_lies_are_stopped_and_truths_arrive(plan: MatrixPlan, field: Fleet) -> None:
    """With port security in force every honest frame arrives and no spoofed does, in both families."""
    outcomes = list(spoofing(plan, field, list(plan.cases())))
    assert bad(outcomes) == {}
    assert any("fd00:" in outcome.check for outcome in outcomes)


def test_lies_are_seen_without_port_security(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """With port security off, spoofed about addresses, about MACs and about the gateway are all caught, and said who saw them."""
    former = {name: lan.inside(name, "nft", "-s", "list", "ruleset") for name in ("acme", "globex")}
    for name in former:
        lan.inside(name, "nft", "delete", "table", "bridge", "security")
        lan.inside(name, "nft", "delete", "table", "bridge", "groups")
    try:
        found = bad(list(spoofing(plan, field, list(plan.cases()))))
    finally:
        for name, text in former.items():
            lan.inside(name, "nft", "-f", "-", told="flush ruleset\n" + text)
    for words in (
        "with a source address nobody has",
        "with the gateway's source address",
        "with a MAC nobody has",
        "claims to be the gateway",
    ):
        assert any(words in check for check in found), words
    assert all("seen by" in reason for reason in found.values())
