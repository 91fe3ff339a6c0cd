"""Judging the runs, and the section "Verbs" of docs/benchmarks.md."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.document import machine, table
from benchmarks.proof.gates import seconds
from benchmarks.verbs.plan import JSON_MIB, MEMORY_MIB, OUTPUT_KIB, SECONDS
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.verbs.running import Ran

KIB, MIB = 1 << 10, 1 << 20
HEAD = ("command", "asks", "exit", "median", "spread", "processor time", "peak memory", "for people", "as JSON")


def judge(runs: Sequence[Ran], *, costs: bool) -> list[Outcome]:
    """Judge every run: the exit code that is right, and with ``costs`` what it may take."""
    outcomes = []
    for ran in runs:
        wrong = [*_wrong_answers(ran), *(_too_much(ran) if costs else ())]
        outcomes.append(Outcome(ran.command, CheckVerdict.FAIL if wrong else CheckVerdict.PASS, "; ".join(wrong)))
    return outcomes or [Outcome("verbs", CheckVerdict.ERROR, "nothing was asked")]


def _wrong_answers(ran: Ran) -> Iterator[str]:
    if ran.codes != (ran.expected,):
        yield f"exit {ran.codes}, expected {ran.expected}: {ran.error}"


def _too_much(ran: Ran) -> Iterator[str]:
    costs = (
        ("time", median(ran.times.processor), SECONDS, "s"),
        ("memory", ran.peak_mib, MEMORY_MIB, "MiB"),
        ("output", ran.people / KIB, OUTPUT_KIB, "KiB"),
        ("JSON", ran.programs / MIB, JSON_MIB, "MiB"),
    )
    yield from (f"{name} {value:,.0f} {unit}, expected at most {most:,}" for name, value, most, unit in costs if value > most)


def line(ran: Ran) -> tuple[str, ...]:
    """Return a run's line of the table."""
    spread = f"{seconds(min(ran.times.seconds))} to {seconds(max(ran.times.seconds))}"
    times = (seconds(ran.median), spread, seconds(median(ran.times.processor)))
    codes = ", ".join(map(str, ran.codes))
    return f"`{ran.command}`", ran.what, codes, *times, f"{ran.peak_mib:,.0f} MiB", _size(ran.people), _size(ran.programs)


def _size(count: int) -> str:
    for unit, size in (("MiB", MIB), ("KiB", KIB)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B" if count else "-"


def markdown(runs: Sequence[Ran], outcomes: Sequence[Outcome], command: str, tenants: int) -> str:
    """Render the section."""
    wrong = [(f"`{outcome.check}`", outcome.reason) for outcome in outcomes if outcome.verdict is not CheckVerdict.PASS]
    size = f"{tenants:,} tenants, {tenants * 200:,} rules, {tenants * 20:,} servers' ports"
    parts = [
        "## Verbs",
        "",
        f"{machine(command)} Synthetic snapshots of {size}. Every run is a process of its own, from start to end.",
        f"Limits: {SECONDS} s of processor time, {MEMORY_MIB:,} MiB, {OUTPUT_KIB} KiB for people, {JSON_MIB} MiB of JSON.",
        "CLOUD has forty tenants on a shared network, APART has none, in EDITED one tenant in a hundred has other rules.",
        "",
        *table(HEAD, *map(line, runs)),
        *(["", *table(("missed", "why"), *wrong)] if wrong else []),
    ]
    return "\n".join(parts)
