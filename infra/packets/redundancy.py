"""Which rules could go, why, and which of them could go together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from infra.packets.arrays import Bools, Ints, chunks, first_of_runs, spread
from infra.packets.canonical import analyse

if TYPE_CHECKING:
    import numpy.typing as npt

    from infra.packets.table import CanonicalTable, RuleTable

PAIRS_AT_ONCE: Final = 1 << 20
"""Pairs of rows that are compared at a time, which bounds memory."""


class Kind(IntEnum):
    """Why a rule is redundant, the most telling reason first."""

    NEEDED = 0
    """Some packet is allowed by this rule alone."""
    EMPTY = 1
    """It allows no packet: no peer, or no row at all."""
    DUPLICATE = 2
    """Another rule allows exactly the same."""
    CONTAINED = 3
    """One other rule allows all of it and more."""
    COVERED = 4
    """No single rule, only several together allow all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Redundancy:
    """What is known of every rule; arrays of length ``RuleTable.rules``.

    ``kind``: a :class:`Kind`, int8. ``by``: for duplicates and contained rules the rule that replaces it, else -1; a duplicate's is the
    lowest-numbered equal rule (the lowest itself has the next). ``removable``: rules that can *all* be removed together without
    changing what is allowed, a maximal such set (nothing can be added to it), not necessarily a largest one; the first of equal rules
    stays.
    """

    kind: npt.NDArray[np.int8]
    by: Ints
    removable: Bools


def classify(table: RuleTable) -> tuple[CanonicalTable, Redundancy]:
    """Return the canonical form and the classification of all rules. Raises :class:`ComplexityError` for hostile keys."""
    canonical, needed = analyse(table)
    kind = np.where(needed, Kind.NEEDED, Kind.COVERED).astype(np.int8)
    by = np.full(len(needed), -1, dtype=np.int64)
    alive = np.zeros(len(needed), dtype=np.bool_)
    alive[table.rule[(table.lo < table.hi) & (table.l4_lo < table.l4_hi)]] = True
    kind[~alive] = Kind.EMPTY

    holder, held = _containments(table, alive & ~needed)
    mutual = _mutual(holder, held)
    strict = ~mutual
    by[held[strict][::-1]], kind[held[strict]] = holder[strict][::-1], Kind.CONTAINED
    by[held[mutual][::-1]], kind[held[mutual]] = holder[mutual][::-1], Kind.DUPLICATE

    removable = kind == Kind.EMPTY
    removable[held[strict | (holder < held)]] = True
    _remove_covered(table, kind, removable)
    return canonical, Redundancy(kind, by, removable)


def _containments(table: RuleTable, redundant: Bools) -> tuple[Ints, Ints]:
    """Return all pairs ``(holder, held)`` of rules of one key, ``held`` redundant and all its rows inside the holder's, sorted by held.

    A rule's rows are disjoint and apart, so a row inside a rule is inside exactly one row of it: count the rows that are inside.
    """
    start = np.flatnonzero(first_of_runs(table.key))
    stop = np.append(start[1:], len(table))[: len(start)]
    inner = np.flatnonzero(redundant[table.rule] & (table.lo < table.hi) & (table.l4_lo < table.l4_hi))
    group = np.searchsorted(start, inner, side="right") - 1
    sizes = stop[group] - start[group]
    pairs = []
    for chunk in chunks(sizes, PAIRS_AT_ONCE):
        row, other = spread(start[group[chunk]], sizes[chunk])
        mine = inner[chunk][row]
        inside = (table.l4_lo[other] <= table.l4_lo[mine]) & (table.l4_hi[mine] <= table.l4_hi[other])
        inside &= (table.lo[other] <= table.lo[mine]) & (table.hi[mine] <= table.hi[other])
        inside &= table.rule[other] != table.rule[mine]
        pairs.append(np.stack([table.rule[mine[inside]], table.rule[other[inside]]]))
    if not pairs:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    found, times = np.unique(np.concatenate(pairs, axis=1), axis=1, return_counts=True)
    rows_of_rule = np.bincount(table.rule[inner], minlength=len(redundant))
    whole = times == rows_of_rule[found[0]]
    return found[1][whole], found[0][whole]


def _mutual(holder: Ints, held: Ints) -> Bools:
    """Mark the pairs whose reverse is a pair as well: the two rules are equal."""
    scale = int(max(holder.max(), held.max())) + 1 if len(holder) else 1
    return np.isin(holder * scale + held, held * scale + holder)


def _remove_covered(table: RuleTable, kind: npt.NDArray[np.int8], removable: Bools) -> None:
    """Add covered rules to ``removable``, one per key and round, as long as the rest still allows the same.

    Duplicates but the first, and contained rules, are removable together: each has a rule that stays and holds it. What only a union
    covers must be tried one by one, because such rules cover each other. Each round walks only the keys that still have candidates.
    """
    candidate = (kind == Kind.COVERED) & ~removable
    candidate |= (kind == Kind.DUPLICATE) & ~removable
    while candidate.any():
        rest = table.only(np.unique(table.key[candidate[table.rule]]))
        rest = rest.where(~removable[rest.rule])
        needed = np.ones(len(candidate), dtype=np.bool_)
        answer = analyse(rest)[1]
        needed[: len(answer)] = answer
        candidate &= ~needed
        rows = np.flatnonzero(candidate[rest.rule])
        chosen = rest.rule[rows[first_of_runs(rest.key[rows])]]
        removable[chosen], candidate[chosen] = True, False
