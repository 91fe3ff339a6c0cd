"""Set operations on whole tables at once: what one state allows and another does not, key by key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from infra.policy.packets.arrays import Bools, Ints, first_of_runs, spread
from infra.policy.packets.canonical import assemble
from infra.policy.packets.sweep import Slabs, blocks
from infra.policy.packets.table import CanonicalTable, RuleTable

if TYPE_CHECKING:
    from infra.policy.packets.sweep import Events

    Rows = tuple[Ints, Ints]


class Operation(Enum):
    """A set operation, as the states of a cell that belong to the result: bit 0 is "in left", bit 1 is "in right"."""

    UNION = (1, 2, 3)
    INTERSECTION = (3,)
    SUBTRACTION = (1,)
    SYMMETRIC_DIFFERENCE = (1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """What changes from one state to another, per key: packets that become allowed, and packets that no longer are."""

    gained: CanonicalTable
    lost: CanonicalTable

    @property
    def empty(self) -> bool:
        """Whether both states mean the same, however they were written."""
        return not len(self.gained) and not len(self.lost)


def difference(old: CanonicalTable, new: CanonicalTable) -> Difference:
    """Return the exact difference of two states on the same axes.

    Keys whose canonical forms are equal, arrays by arrays, are skipped; only the others are walked.
    """
    changed = changed_keys(old, new)
    before, after = (state.take(np.flatnonzero(np.isin(state.keys, changed))).rectangles() for state in (old, new))
    return Difference(gained=combine(after, before, Operation.SUBTRACTION), lost=combine(before, after, Operation.SUBTRACTION))


def changed_keys(old: CanonicalTable, new: CanonicalTable) -> Ints:
    """Return the sorted keys that do not allow the same packets in both states."""
    common, left, right = np.intersect1d(old.keys, new.keys, assume_unique=True, return_indices=True)
    same = _equal_rows((old.key_slabs, left), (new.key_slabs, right), [(old.l4_lo, new.l4_lo), (old.l4_hi, new.l4_hi)])
    slab_counts = (np.diff(old.slab_pieces), np.diff(new.slab_pieces))
    same &= _equal_rows((old.key_slabs, left), (new.key_slabs, right), [slab_counts], among=same)
    piece_rows = (old.slab_pieces[old.key_slabs], left), (new.slab_pieces[new.key_slabs], right)
    same &= _equal_rows(*piece_rows, [(old.lo, new.lo), (old.hi, new.hi)], among=same)
    return np.setdiff1d(np.union1d(old.keys, new.keys), common[same], assume_unique=True)


def _equal_rows(left: Rows, right: Rows, columns: list[tuple[Ints, Ints]], *, among: Bools | None = None) -> Bools:
    """Tell which paired rows of two compressed tables have equal contents; ``left`` and ``right`` are (offsets, rows)."""
    (left_offsets, left_rows), (right_offsets, right_rows) = left, right
    sizes = left_offsets[left_rows + 1] - left_offsets[left_rows]
    same: Bools = sizes == right_offsets[right_rows + 1] - right_offsets[right_rows]
    if among is not None:
        same &= among
    sizes = np.where(same, sizes, 0)
    pair, mine = spread(left_offsets[left_rows], sizes)
    other = mine + (right_offsets[right_rows] - left_offsets[left_rows])[pair]
    for a, b in columns:
        same[pair[a[mine] != b[other]]] = False
    return same


def combine(left: RuleTable, right: RuleTable, operation: Operation) -> CanonicalTable:
    """Return ``operation`` of two tables, key by key, in canonical form.

    Within one table the rows of a key must not overlap, as those of :meth:`CanonicalTable.rectangles` do not. Raises
    :class:`ComplexityError` for hostile keys.
    """
    side = np.repeat([1, 2], [len(left), len(right)])
    columns = {name: np.concatenate([getattr(left, name), getattr(right, name)]) for name in ("key", "l4_lo", "l4_hi", "lo", "hi")}
    both = RuleTable.of(columns["key"], side, (columns["l4_lo"], columns["l4_hi"]), (columns["lo"], columns["hi"]))
    parts = []
    for rows in blocks(both):
        block = both.where(rows)
        cut = Slabs.cut(block)
        chosen = [_select(cut.events(window), block.rule, operation) for window in cut.windows()]
        starts, ends = (np.concatenate(places) for places in zip(*chosen, strict=True))
        parts.append(assemble(cut, block.key, starts, ends))
    return CanonicalTable.joined(parts)


def _select(events: Events, side: Ints, operation: Operation) -> tuple[Ints, Ints]:
    """Return the places where the chosen states begin and end. Each side is canonical, so a cell is in it once or not at all."""
    state = np.cumsum(side[events.row] * (1 - 2 * events.end))
    settled = np.flatnonzero(first_of_runs(events.place[::-1])[::-1])
    place, state = events.place[settled], state[settled]
    inside = np.isin(state, operation.value)
    before = np.zeros_like(inside)
    before[1:] = inside[:-1]
    return place[inside & ~before], place[~inside & before]
