"""Judging measurements: gates, and whether engines that were asked the same gave the same answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.proof.plan import GATES, MEMORY_GATE_MIB, Growth, Limit, Ratio
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Row

    Measured = dict[tuple[str, str, int], Row]


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate with what was measured; ``aim_met`` is about the further aim."""

    outcome: Outcome
    measured: str
    gate: str
    aim: str
    aim_met: bool

    @classmethod
    def error(cls, check: str, reason: str) -> Judged:
        """Return the verdict on a measurement that broke."""
        return cls(Outcome(check, CheckVerdict.ERROR, reason), "broke", "", "", aim_met=False)


def judge(rows: Sequence[Row]) -> list[Judged]:
    """Judge every gate, and the agreement of answers. A gate whose measurement is missing is skipped, with the reason."""
    found = {(row.case, row.engine, row.size): row for row in rows}
    return [*(_gate(gate, rows, found) for gate in GATES), _memory(found), _agreement(rows)]


def _gate(gate: Ratio | Limit | Growth, rows: Sequence[Row], found: Measured) -> Judged:
    match gate:
        case Ratio():
            return _ratio(gate, rows)
        case Growth():
            return _growth(gate, found)
        case Limit():
            return _limit(gate, found)


def _judged(check: str, *, met: bool, aim_met: bool, texts: tuple[str, str, str]) -> Judged:
    measured, gate, aim = texts
    reason = "" if met else f"{measured}, expected {gate}"
    return Judged(Outcome(check, CheckVerdict.PASS if met else CheckVerdict.FAIL, reason), measured, gate, aim, aim_met)


def _skipped(check: str, gate: str, aim: str) -> Judged:
    return Judged(Outcome(check, CheckVerdict.SKIPPED, "not measured at this size in this run"), "", gate, aim, aim_met=False)


def _ratio(gate: Ratio, rows: Sequence[Row]) -> Judged:
    """Compare at the largest size that both were measured at; below the gate's own size the ratio is shown, but not judged."""
    check, texts = f"{gate.case} against {gate.engine}", (f"≥ {gate.gate:,.0f}x", f"≥ {gate.aim:,.0f}x")
    times = {(row.engine, row.size): row.median for row in rows if row.case == gate.case}
    sizes = [size for engine, size in times if engine == gate.engine and ("ringfence", size) in times]
    if not sizes:
        return _skipped(check, *texts)
    size = max(sizes)
    ratio = times[gate.engine, size] / times["ringfence", size]
    measured = f"{ratio:,.0f}x at {size:,}"
    if size < gate.size:
        return replace(_skipped(check, *texts), measured=measured)
    return _judged(check, met=ratio >= gate.gate, aim_met=ratio >= gate.aim, texts=(measured, *texts))


def _limit(gate: Limit, found: Measured) -> Judged:
    suffix = gate.engine.removeprefix("ringfence")
    check, texts = f"{gate.case}{suffix} at {gate.size:,}", (f"≤ {seconds(gate.gate)}", f"≤ {seconds(gate.aim)}")
    row = found.get((gate.case, gate.engine, gate.size))
    if row is None:
        return _skipped(check, *texts)
    return _judged(check, met=row.median <= gate.gate, aim_met=row.median <= gate.aim, texts=(seconds(row.median), *texts))


def _growth(gate: Growth, found: Measured) -> Judged:
    check, texts = f"{gate.case} growth from {gate.smaller:,} to {gate.size:,}", (f"≤ {gate.gate}x", f"≤ {gate.aim}x")
    row = found.get((gate.case, gate.engine, gate.size))
    if row is None or row.smaller is None:
        return _skipped(check, *texts)
    factor = median(more / less for less, more in zip(row.smaller.seconds, row.times.seconds, strict=True))
    return _judged(check, met=factor <= gate.gate, aim_met=factor <= gate.aim, texts=(f"{factor:.2f}x", *texts))


def _memory(found: Measured) -> Judged:
    row = found.get(("B3", "ringfence", 1_000_000))
    texts = (f"≤ {MEMORY_GATE_MIB:,} MiB", f"≤ {MEMORY_GATE_MIB:,} MiB")
    if row is None:
        return _skipped("B3 peak memory", *texts)
    met = row.peak_mib <= MEMORY_GATE_MIB
    return _judged("B3 peak memory", met=met, aim_met=met, texts=(f"{row.peak_mib:,.0f} MiB", *texts))


def _agreement(rows: Sequence[Row]) -> Judged:
    """Compare the answers of all engines at equal case and size, question by question."""
    compared, different = 0, []
    for one, two in combinations(rows, 2):
        if (one.case, one.size) != (two.case, two.size):
            continue
        for question in one.answers.keys() & two.answers.keys():
            compared += 1
            if one.answers[question] != two.answers[question]:
                different.append(f"{one.case} at {one.size:,}: {one.engine} and {two.engine} differ in {question}")
    measured = "; ".join(different) or f"all of {compared} comparisons equal"
    met = compared > 0 and not different
    return _judged("answers of all engines", met=met, aim_met=met, texts=(measured, "identical", "identical"))


def seconds(value: float) -> str:
    """Return a time in the unit that reads best."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"
