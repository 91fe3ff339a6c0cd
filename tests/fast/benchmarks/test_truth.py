"""The truth benchmark: what tests report is added up, and nothing that did not run or did not pass looks like agreement."""

from __future__ import annotations

from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from benchmarks.truth.report import PROGRAMS, judge, markdown
from benchmarks.truth.tally import Tally
from infra.outcome import CheckVerdict
from tests.truth.counts import Count

if TYPE_CHECKING:
    import pytest


def report(count: Count | None = None, *, outcome: str = "passed", when: str = "call", text: str = "") -> pytest.TestReport:
    """Return what pytest tells of a test that reported a count."""
    properties: list[tuple[str, object]] = []
    if count is not None:
        count.tell(cast("pytest.FixtureRequest", SimpleNamespace(node=SimpleNamespace(user_properties=properties))))
    made = SimpleNamespace(
        when=when,
        outcome=outcome,
        passed=outcome == "passed",
        nodeid="tests/truth/x/test_x.py::test_it",
        user_properties=properties,
        longrepr=text,
        longreprtext=text,
    )
    return cast("pytest.TestReport", made)


def tally(*reports: pytest.TestReport) -> Tally:
    """Return what a run of these tests comes to."""
    made = Tally(lambda _: None)
    for each in reports:
        made.pytest_runtest_logreport(each)
    return made


def verdicts(made: Tally, least: int = 100) -> dict[str, CheckVerdict]:
    """Return the verdicts on a run."""
    return {outcome.check: outcome.verdict for outcome in judge(made.counts.values(), made.troubles, least)}


def asked(program: str, number: int = 100, *, explained: int = 0, disagreements: int = 0) -> Count:
    """Return a count of one test."""
    made = Count(f"{program} 1.0", asked=number, passed=number // 2, seconds=2.0)
    return replace(made, explained=explained, disagreements=disagreements)


def test_the_tests_of_one_judge_are_added_up() -> None:
    """Two tests of one judge are one line, with the sums and the rate over both; a test that reports nothing changes nothing."""
    made = tally(report(asked("nftables", 100)), report(asked("nftables", 300, explained=3)), report())

    (count,) = made.counts.values()
    assert (count.asked, count.passed, count.explained, count.per_second) == (400, 200, 3, 100.0)


def test_a_run_without_a_disagreement_passes() -> None:
    """Every program was asked enough and agrees."""
    assert set(verdicts(tally(*(report(asked(program)) for program in PROGRAMS))).values()) == {CheckVerdict.PASS}


def test_one_disagreement_fails() -> None:
    """However many packets agree."""
    counts = [asked(program, disagreements=int(program == "nftables")) for program in PROGRAMS]
    assert verdicts(tally(*map(report, counts)))["nftables"] is CheckVerdict.FAIL


def test_too_few_packets_or_none_are_no_pass() -> None:
    """A judge that was not asked, or not often enough, did not agree."""
    found = verdicts(tally(report(asked("ovn-trace", 99))))
    assert found == dict.fromkeys(PROGRAMS, CheckVerdict.ERROR) | {"ovn-trace": CheckVerdict.FAIL}


def test_what_did_not_pass_is_an_error() -> None:
    """A failure, a skip and a broken fixture each turn the run red, with the reason that pytest gives."""
    everything = [report(asked(program)) for program in PROGRAMS]
    for trouble in (report(outcome="failed", text="E   boom"), report(outcome="skipped", text="", when="setup")):
        made = tally(*everything, trouble)
        assert verdicts(made)["test_x.py::test_it"] is CheckVerdict.ERROR
    assert "boom" in tally(report(outcome="failed", text="x\nE   boom\n")).troubles[0]


def test_the_report_shows_counts_and_what_is_wrong() -> None:
    """One line per judge; verdicts only where something did not pass."""
    made = tally(*(report(asked(program, 12_345)) for program in PROGRAMS))
    counts = list(made.counts.values())
    good, bad = judge(counts, [], 100), judge(counts, [], 20_000)

    assert "| ovn-trace 1.0 | 12,345 | 6,172 | 0 | 0 | 6,172 |" in markdown(counts, good, "command")
    assert "| verdict |" not in markdown(counts, good, "command")
    assert "| nftables | fail | 12,345 packets, expected 20,000 |" in markdown(counts, bad, "command")


def test_both_sides_name_the_same_fields() -> None:
    """What a truth test counts is what the benchmark reads."""
    made = tally(report(asked("nftables")))
    (count,) = made.counts.values()
    assert set(count.__struct_fields__) == set(asdict(asked("nftables")))
