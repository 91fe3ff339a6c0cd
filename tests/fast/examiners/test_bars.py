"""A bar is met by a figure, and never for want of one."""

from __future__ import annotations

from datetime import timedelta

from examiners import bars, judge
from examiners.bars import EXCEPTED, UNEXCUSED, Bar
from examiners.model import Examiner, Result, Tier
from examiners.plan import BOOT
from infra.outcome import CheckVerdict
from tests.fast.examiners.samples import TODAY, allowance, run

SCOPE = "cis_level2_server"
NONE_LEFT, FEW_EXCEPTIONS = Bar(Examiner.OPENSCAP, SCOPE, UNEXCUSED, most=0), Bar(Examiner.OPENSCAP, SCOPE, EXCEPTED, most=1)
INDEX = Bar(Examiner.OPENSCAP, SCOPE, "index", least=90)


def score(bar: Bar, *findings: tuple[str, Result], days: int = 0, **figures: float) -> tuple[CheckVerdict, str]:
    """What becomes of a bar on a booted server; `one` and `two` are excepted until today."""
    allowances = [allowance(rule, expires=TODAY + timedelta(days=days)) for rule in ("one", "two")]
    judged = [judge.judged(run(*findings, figures=figures), allowances, TODAY)]
    found, _ = bars.scores(judged, bars.ON_SERVERS, [bar])
    return found.outcome.verdict, found.outcome.reason


def test_failures_and_what_has_no_answer_count_alike() -> None:
    """A pass, what does not apply and what is excepted do not count."""
    assert score(NONE_LEFT, ("one", Result.FAIL), ("good", Result.PASS), ("no", Result.NOT_APPLICABLE))[0] is CheckVerdict.PASS
    assert score(NONE_LEFT, ("three", Result.FAIL))[0] is CheckVerdict.FAIL
    assert score(NONE_LEFT, ("three", Result.UNKNOWN), ("four", Result.NOT_CHECKED)) == (CheckVerdict.FAIL, "2, at most 0: missed by 2")


def test_exceptions_have_a_bar_of_their_own() -> None:
    """And one that is over is a failure again."""
    assert score(FEW_EXCEPTIONS, ("one", Result.FAIL))[0] is CheckVerdict.PASS
    assert score(FEW_EXCEPTIONS, ("one", Result.FAIL), ("two", Result.FAIL)) == (CheckVerdict.FAIL, "2, at most 1: missed by 1")
    assert score(NONE_LEFT, ("one", Result.FAIL), days=-1)[0] is CheckVerdict.FAIL


def test_an_exception_of_what_nobody_looked_at_is_counted_apart() -> None:
    """The content has no check for it, which is no finding about the server."""
    listed = [allowance("one", Result.NOT_CHECKED), allowance("two")]
    found = bars.figures(judge.judged(run(("one", Result.NOT_CHECKED), ("two", Result.FAIL)), listed, TODAY))
    assert (found[UNEXCUSED], found[EXCEPTED], found[bars.UNCHECKED]) == (0, 1, 1)


def test_a_figure_must_be_large_enough() -> None:
    """At the bar it is met, below it is missed by the difference."""
    assert score(INDEX, index=90)[0] is CheckVerdict.PASS
    assert score(INDEX, index=87) == (CheckVerdict.FAIL, "87, at least 90: missed by 3")


def test_what_was_not_measured_is_no_met_bar() -> None:
    """Neither on the server after its second boot, which nobody examined, nor for a figure that nobody gave."""
    booted, rebooted = bars.scores([judge.judged(run(("good", Result.PASS)), (), TODAY)], bars.ON_SERVERS, [NONE_LEFT])
    assert (booted.outcome.verdict, rebooted.outcome.verdict) == (CheckVerdict.PASS, CheckVerdict.ERROR)
    assert score(INDEX)[0] is CheckVerdict.ERROR


def test_only_bars_of_the_tiers_that_were_asked_for_are_judged() -> None:
    """Files alone say nothing of a server."""
    assert {found.tier for found in bars.scores([], [Tier.OFFLINE])} == {Tier.OFFLINE}
    assert {found.tier for found in bars.scores([], bars.ON_SERVERS)} == set(bars.ON_SERVERS)


def test_only_bars_of_what_is_examined_are_judged() -> None:
    """A run of one profile misses no bar of another, and nobody compares where there is nothing to compare with."""
    names = {bar.name for bar in bars.chosen({Examiner.OPENSCAP, Examiner.MACHINE}, ["cis_level1_server"])}
    assert names >= {f"openscap cis_level1_server: {UNEXCUSED}", "machine cost: memory after boot, MiB"}
    assert not [name for name in names if "level2" in name or "lynis" in name or "before" in name]
    assert bars.AGAINST_BEFORE in bars.chosen(tuple(Examiner), [], beside_another=True)


def test_every_examiner_has_a_bar_on_servers() -> None:
    """What nobody judges nobody reads."""
    assert {bar.examiner for bar in bars.BARS if bar.tiers != (Tier.OFFLINE,)} == set(Examiner)


def test_the_boot_is_compared_with_another_image() -> None:
    """By processor time, which other work on the machine does not change."""
    assert bars.ratio({BOOT: 30.0}, {BOOT: 20.0}) == {bars.BEFORE: 1.5}
