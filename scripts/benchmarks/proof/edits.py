"""B5: one group edited in a state of a million rules, and the exact difference of two such states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import rules
from benchmarks.measure import Row, Times, fingerprint, peak_mib, repeated
from benchmarks.peers import nca
from benchmarks.peers.boxes import groups_of
from infra.packets.canonical import canonicalise
from infra.packets.difference import difference
from infra.packets.revision import revise
from infra.packets.table import RuleTable

if TYPE_CHECKING:
    from infra.packets.difference import Difference
    from infra.packets.table import CanonicalTable

SHARE_CHANGED = 0.01
"""Rules whose peers differ between the two states: so in one group of three something changes."""


def edit(engine: str, size: int, repeats: int) -> Row:
    """Replace the rules of one group: "judged" is canonical form, redundancy, gain and loss; "applied" also makes the new state."""
    table = rules.table(size)
    state = canonicalise(table)
    keys = np.unique(table.key)[[1000, 1001]]
    new = table.only(keys).where(slice(5, None))

    def applied() -> CanonicalTable:
        return revise(state, keys, new).applied(state)

    def recomputed() -> CanonicalTable:
        kept = np.ones(len(table), dtype=np.bool_)
        kept[np.flatnonzero(np.isin(table.key, keys))[:5]] = False
        return canonicalise(table.where(kept))

    if engine == "ringfence":
        times, _ = repeated(lambda: revise(state, keys, new), repeats * 4)
        answers = {}
    else:
        times, after = repeated({"ringfence, applied": applied, "full recomputation": recomputed}[engine], repeats * 4)
        answers = {"state": fingerprint(np.concatenate([after.keys, after.l4_lo, after.lo, after.hi]))}
    return Row(case="B5 edit", engine=engine, size=size, unit="rules", times=times, peak_mib=peak_mib(), answers=answers)


def compare(engine: str, size: int, repeats: int) -> Row:
    """Difference of two states from their rules: both are brought to canonical form inside the measured time."""
    old, new = rules.table(size), changed(rules.table(size))
    if engine == "ringfence":
        times, answer = repeated(lambda: difference(canonicalise(old), canonicalise(new)), repeats)
        return _compared(engine, size, times, _flags(answer, old))
    if engine == "ringfence, all different":
        other = rules.table(size, seed=2)
        times, answer = repeated(lambda: difference(canonicalise(old), canonicalise(other)), repeats)
        return _compared(engine, size, times, {})
    reply = nca.ask("difference", groups_of(old), repeats, groups_of(new))
    found = {"gained and lost": fingerprint(np.asarray(reply.answer, dtype=np.bool_).reshape(-1, 2))}
    return _compared(engine, size, reply.times, found, peak=reply.peak_mib)


def changed(table: RuleTable) -> RuleTable:
    """Return the table with the peers of one rule in a hundred moved by their own width."""
    moved = np.random.default_rng(5).random(len(table)) < SHARE_CHANGED
    step = np.where(moved & (table.lo > 0), table.hi - table.lo, 0)
    return RuleTable(table.key, table.rule, table.l4_lo, table.l4_hi, table.lo + step, table.hi + step)


def _flags(answer: Difference, table: RuleTable) -> dict[str, str]:
    keys = np.unique(table.key)
    flags = np.stack([np.isin(keys, answer.gained.keys), np.isin(keys, answer.lost.keys)], axis=1)
    return {"gained and lost": fingerprint(flags)}


def _compared(engine: str, size: int, times: Times, answers: dict[str, str], *, peak: float = 0.0) -> Row:
    return Row(case="B5 difference", engine=engine, size=size, unit="rules", times=times, peak_mib=peak or peak_mib(), answers=answers)
