"""The results as Markdown: the section "Proof" of docs/benchmarks.md."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.document import machine, table
from benchmarks.proof.gates import seconds
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Row
    from benchmarks.proof.gates import Judged

_DIAGRAMS = (
    "cached diagrams of prefixes and services, prefix and suffix unions; one Python call per node operation, which is most of the time: "
    "a native client would be several times faster"
)

PEERS = (
    ("oxidd 0.13", "decision diagrams, Rust", "any set of packets, any dimension, order, negation", "nothing that matters here", _DIAGRAMS),
    ("dd.cudd 0.6", "decision diagrams, C", "the same", "nothing that matters here", _DIAGRAMS),
    ("network-config-analyzer 2.1", "canonical cube sets, Python: the nearest in kind", "intervals in any dimension, semantic difference",
     "remote groups, Neutron's drivers", "its `CanonicalHyperCubeSet` in two dimensions, prefix and suffix unions"),
    ("z3", "SMT solver", "everything, with models", "canonical forms; many questions at once", "QF_BV, one question per rule"),
    ("netaddr `IPSet`", "sets of addresses, Python", "unions of prefixes", "layer 4, redundancy", "one set per slab: a part of the task"),
    ("bit matrix", "all pairs as bits, after Kano", "pairs of servers", 'ports: only "some service"', "numpy, packed bits"),
    ("TenantGuard (NDSS 2017)", "the published figure for OpenStack", "all pairs of 12,960 servers in 13 s, on its own hardware", "-",
     "cited: no code was found"),
)  # fmt: skip
"""What each peer can and cannot express, and how it was used."""


CASES = {
    "B1": "canonical form of every group, and which rules are redundant by themselves; hostile: one group whose port ranges all nest",
    "B2": (
        "all 168 million pairs of 12,960 servers of 648 tenants, with all that the model knows about Neutron; compiled: from the compiled "
        "model, else from records. Forty tenants have a card in a shared services network, so the claim `structure` does not hold, on "
        "purpose, and groups alone must keep them apart"
    ),
    "B2 flat": "as many servers on one flat network with 10 rules each: structure helps nothing, rules decide every pair",
    "B3": "1 M rules, 5,000 tenants, 100,000 ports, from a file of JSON to verdicts on all claims between tenants, with counterexamples",
    "B4": "growth of B1 from 1 M to 4 M rules, both timed in turn: the median factor of the pairs",
    "B5": (
        "one group of a state of 1 M rules edited and judged; applied: the new state as well. And the exact difference of two states, from "
        "their rules, with one rule in a hundred changed, or all"
    ),
    "B6": "who can reach one service of one server: median over many servers, indexes built before",
}
"""What is asked in each case."""


def markdown(rows: Sequence[Row], judged: Sequence[Judged], command: str) -> str:
    """Render the section."""
    spread = "One processor is used. Spread is from the fastest to the slowest repetition; every line is a process of its own."
    measured = ("case", "engine", "size", "median", "spread", "median of processor time", "per second", "peak memory", "answer")
    parts = [
        "## Proof",
        "",
        f"{machine(command)} {spread}",
        "",
        *table(("gate", "measured", "gate", "further aim", ""), *map(_gate_line, judged)),
        "",
        *table(("case", "question"), *CASES.items()),
        "",
        *table(measured, *map(_row_line, rows)),
        "",
        *table(("peer", "what it is", "expresses", "does not", "used here"), *PEERS),
    ]
    return "\n".join(parts)


def _gate_line(gate: Judged) -> tuple[str, ...]:
    word = {CheckVerdict.PASS: "met", CheckVerdict.FAIL: "**missed**", CheckVerdict.ERROR: "**broke**"}.get(
        gate.outcome.verdict, "not measured"
    )
    return gate.outcome.check, gate.measured, gate.gate, gate.aim, f"{word}{', and the aim' if gate.aim_met else ''}"


def _row_line(row: Row) -> tuple[str, ...]:
    spread = f"{seconds(min(row.times.seconds))} to {seconds(max(row.times.seconds))}"
    times = seconds(row.median), spread, seconds(median(row.times.processor))
    rate = "" if row.case in {"B5 edit", "B6"} else f"{row.size / row.median:,.0f} {row.unit}"
    smaller = f"a quarter of them: {seconds(median(row.smaller.seconds))}" if row.smaller else ""
    answer = "; ".join([*(f"{name}: {value}" for name, value in row.answers.items()), *filter(None, (row.note, smaller))])
    return row.case, row.engine, f"{row.size:,} {row.unit}", *times, rate, f"{row.peak_mib:,.0f} MiB", answer
