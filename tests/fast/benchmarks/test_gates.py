"""Judging benchmark rows: gates are met or missed by the numbers, never passed for want of them, and answers must agree."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks.document import marks, replace_section
from benchmarks.measure import Row, Times, in_turn
from benchmarks.proof.gates import judge, seconds
from benchmarks.proof.plan import GATES, GROWTH, JOBS, Growth, Ratio
from benchmarks.proof.report import markdown
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from pathlib import Path


def row(engine: str, size: int, *times: float, case: str = "B1", answer: str = "same", peak: float = 100.0) -> Row:
    """Return a measurement."""
    return Row(case=case, engine=engine, size=size, unit="rules", times=Times(times, times), peak_mib=peak, answers={"redundant": answer})


def verdicts(*rows: Row) -> dict[str, CheckVerdict]:
    """Return the verdict of every gate."""
    return {gate.outcome.check: gate.outcome.verdict for gate in judge(rows)}


def test_without_measurements_no_gate_passes() -> None:
    """Missing numbers are skips, and the agreement of no answers at all is a failure."""
    found = verdicts()

    assert found.pop("answers of all engines") is CheckVerdict.FAIL
    assert set(found.values()) == {CheckVerdict.SKIPPED}


def test_a_ratio_is_judged_on_medians_at_equal_size() -> None:
    """Twenty times slower passes the gate, less fails it, and one slow repetition changes nothing."""
    ours = row("ringfence", 100_000, 0.1, 0.1, 5.0)

    assert verdicts(ours, row("oxidd", 100_000, 2.5))["B1 against oxidd"] is CheckVerdict.PASS
    assert verdicts(ours, row("oxidd", 100_000, 1.5))["B1 against oxidd"] is CheckVerdict.FAIL
    assert verdicts(ours, row("oxidd", 50_000, 2.5))["B1 against oxidd"] is CheckVerdict.SKIPPED


def test_a_ratio_below_its_size_is_shown_but_not_judged() -> None:
    """A quick run proves nothing about the gate."""
    gate = next(gate for gate in judge([row("ringfence", 20_000, 0.1), row("oxidd", 20_000, 9.0)]) if "oxidd" in gate.outcome.check)

    assert (gate.outcome.verdict, gate.measured) == (CheckVerdict.SKIPPED, "90x at 20,000")


def growing(smaller: tuple[float, ...], *times: float) -> Row:
    """Return a measurement of two sizes in turn."""
    return msgspec.structs.replace(row("ringfence", 4_000_000, *times, case="B4"), smaller=Times(smaller, smaller))


def test_growth_is_judged_pair_by_pair() -> None:
    """Four times the rules may take 4.6 times the time of the run right before, however the pace changes from pair to pair."""
    growth = "B4 growth from 1,000,000 to 4,000,000"
    assert verdicts(growing((0.5, 0.5, 1.0), 2.2, 2.2, 4.4))[growth] is CheckVerdict.PASS
    assert verdicts(growing((0.5, 0.5, 1.0), 2.4, 2.4, 4.0))[growth] is CheckVerdict.FAIL
    assert verdicts(growing((0.5, 1.0, 1.0), 2.2, 4.4, 9.0))[growth] is CheckVerdict.PASS
    assert verdicts(row("ringfence", 4_000_000, 2.2, case="B4"))[growth] is CheckVerdict.SKIPPED


def test_calls_in_turn_are_timed_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smaller call comes before each of the other, each after a search for garbage, and both have a time for each repetition."""
    calls: list[str] = []
    # A real search would look through all that the other tests have left, which is no part of what is tested.
    monkeypatch.setattr(gc, "collect", lambda: calls.append("search"))

    def call(name: str) -> int:
        assert not gc.isenabled()
        calls.append(name)
        return len(calls)

    smaller, times, answer = in_turn(lambda: call("less"), lambda: call("more"), 3)

    assert calls == ["search", "less", "search", "more"] * 3
    assert (len(smaller.seconds), len(times.seconds), answer) == (3, 3, 12)
    assert gc.isenabled()


def test_limits_are_judged() -> None:
    """An edit has its milliseconds."""
    assert verdicts(row("ringfence", 1_000_000, 0.06, case="B5 edit"))["B5 edit at 1,000,000"] is CheckVerdict.FAIL


def test_memory_is_a_gate() -> None:
    """The end-to-end proof must fit into its memory."""
    assert verdicts(row("ringfence", 1_000_000, 1.0, case="B3", peak=1000.0))["B3 peak memory"] is CheckVerdict.PASS
    assert verdicts(row("ringfence", 1_000_000, 1.0, case="B3", peak=2000.0))["B3 peak memory"] is CheckVerdict.FAIL


def test_engines_must_agree() -> None:
    """Speed counts only between equal answers: a difference fails and is named."""
    same = row("ringfence", 100, 1.0), row("z3", 100, 1.0)
    other = row("ringfence", 100, 1.0), row("z3", 100, 1.0, answer="another")

    assert verdicts(*same)["answers of all engines"] is CheckVerdict.PASS
    agreement = judge(other)[-1]
    assert agreement.outcome.verdict is CheckVerdict.FAIL
    assert "ringfence and z3 differ in redundant" in agreement.outcome.reason


def test_every_gate_has_its_jobs() -> None:
    """What a gate compares is measured at the gate's size, for both sides."""
    measured = {(job.case, job.engine, job.size) for job in JOBS}
    for gate in GATES:
        assert (gate.case, gate.engine, gate.size) in measured
        if isinstance(gate, Ratio):
            assert (gate.case, "ringfence", gate.size) in measured
        if isinstance(gate, Growth):
            assert gate.smaller * GROWTH == gate.size


def test_the_report_replaces_its_own_section_only(tmp_path: Path) -> None:
    """What stands before and after the section stays, however often it is written."""
    document = tmp_path / "benchmarks.md"
    document.write_text("# Benchmarks\n\nBefore.\n")
    rows = [row("ringfence", 100, 0.001), row("z3", 100, 1.0)]
    section = markdown(rows, judge(rows), "./scripts/bench proof")

    replace_section(document, "proof", section)
    document.write_text(document.read_text() + "\n## Other\n")
    replace_section(document, "proof", section)

    text = document.read_text()
    assert text.startswith("# Benchmarks\n\nBefore.\n")
    assert text.endswith("## Other\n")
    assert [text.count(mark) for mark in marks("proof")] == [1, 1]


@pytest.mark.parametrize(("value", "text"), [(2.0, "2 s"), (0.0123, "12.3 ms"), (0.00000501, "5.01 µs")])
def test_times_are_shown_in_the_unit_that_reads_best(value: float, text: str) -> None:
    """Seconds, milliseconds or microseconds, three digits."""
    assert seconds(value) == text
