"""One group edited in a large state: what changes, and the new state, without walking anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from infra.packets.difference import Difference, difference
from infra.packets.redundancy import Redundancy, classify
from infra.packets.table import CanonicalTable

if TYPE_CHECKING:
    from infra.packets.arrays import Ints
    from infra.packets.table import RuleTable


@dataclass(frozen=True, slots=True, eq=False)
class Revision:
    """The meaning of an edit: the edited keys' new form, which of their rules are redundant, and what is gained and lost."""

    keys: Ints
    canonical: CanonicalTable
    redundancy: Redundancy
    difference: Difference

    def applied(self, state: CanonicalTable) -> CanonicalTable:
        """Return the whole state after the edit. Copies the arrays, which is all that it costs."""
        cuts = np.searchsorted(state.keys, self.keys)
        kept = np.searchsorted(state.keys, self.keys, side="right")
        parts, begin = [], 0
        for key, cut, after in zip(self.keys.tolist(), cuts.tolist(), kept.tolist(), strict=True):
            parts.append(state.between(begin, cut))
            row = self.canonical.row(key)
            parts.append(self.canonical.between(row, row + 1) if row >= 0 else CanonicalTable.empty())
            begin = after
        return CanonicalTable.joined([*parts, state.between(begin, len(state))])


def revise(state: CanonicalTable, keys: Ints, rules: RuleTable) -> Revision:
    """Judge an edit: ``rules`` are all rules that ``keys`` (sorted, distinct) shall have from now on, none means that they allow nothing.

    Raises ``ValueError`` for a rule of another key, :class:`~infra.packets.errors.ComplexityError` for hostile keys.
    """
    if not np.isin(rules.key, keys).all():
        raise ValueError("a rule belongs to a key that is not being revised")
    rows = state.rows_of(keys)
    canonical, redundancy = classify(rules)
    return Revision(keys, canonical, redundancy, difference(state.take(rows[rows >= 0]), canonical))
