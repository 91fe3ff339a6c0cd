"""Only a pass is a pass; only a living exception for exactly this result excuses anything else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from examiners import judge
from examiners.model import Result, Tier
from infra.outcome import CheckVerdict
from tests.fast.examiners.samples import TODAY, allowance, run

if TYPE_CHECKING:
    from examiners.exceptions import Allowance

VERDICTS = {
    Result.PASS: CheckVerdict.PASS,
    Result.FAIL: CheckVerdict.FAIL,
    Result.ERROR: CheckVerdict.ERROR,
    Result.UNKNOWN: CheckVerdict.ERROR,
    Result.NOT_CHECKED: CheckVerdict.ERROR,
    Result.FIXED: CheckVerdict.ERROR,
    Result.NOT_APPLICABLE: CheckVerdict.NOT_APPLICABLE,
    Result.INFORMATIONAL: CheckVerdict.SKIPPED,
}


def verdict(result: Result, *allowances: Allowance, tier: Tier = Tier.BOOTED) -> CheckVerdict:
    """What becomes of one finding."""
    (outcome,) = judge.judged(run(("one", result), tier=tier), allowances, TODAY).outcomes
    return outcome.verdict


@pytest.mark.parametrize("result", Result)
def test_every_word_of_an_examiner_has_its_verdict(result: Result) -> None:
    """What has no answer is an error."""
    assert verdict(result) is VERDICTS[result]


def test_an_exception_skips_what_it_is_for() -> None:
    """It is counted, and its reason is said."""
    judged = judge.judged(run(("one", Result.FAIL), ("two", Result.PASS)), [allowance("one")], TODAY)
    assert [outcome.verdict for outcome in judged.outcomes] == [CheckVerdict.SKIPPED, CheckVerdict.PASS]
    assert judged.excepted == ("one",)
    assert "a reason" in judged.outcomes[0].reason


@pytest.mark.parametrize("result", [Result.FAIL, Result.UNKNOWN])
def test_an_exception_that_is_over_fails(result: Result) -> None:
    """Also where the examiner could not tell."""
    over = allowance("one", result, TODAY - timedelta(days=1))
    judged = judge.judged(run(("one", result)), [over], TODAY)
    assert (judged.outcomes[0].verdict, judged.excepted) == (CheckVerdict.FAIL, ())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(allowance("two"), id="rule"),
        pytest.param(allowance("one", Result.ERROR), id="result"),
        pytest.param(allowance("one", scopes=("cis_level1_server",)), id="scope"),
        pytest.param(allowance("one", tiers=(Tier.OFFLINE,)), id="tier"),
    ],
)
def test_an_exception_for_something_else_excuses_nothing(other: Allowance) -> None:
    """Another rule, result, profile or tier."""
    assert verdict(Result.FAIL, other) is CheckVerdict.FAIL


def test_exceptions_that_nothing_needs_are_named() -> None:
    """Those that no run could have needed are not."""
    needed, idle, never_asked = allowance("one"), allowance("two"), allowance("two", scopes=("standard",))
    runs = [run(("one", Result.FAIL), ("two", Result.PASS))]
    assert judge.idle(runs, [needed, idle, never_asked]) == [idle]
