"""Set operations on whole tables at once: what one state allows and another does not, key by key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from infra.packets.arrays import Bools, Ints, spread
from infra.packets.canonical import assemble
from infra.packets.sweep import Slabs, blocks
from infra.packets.table import CanonicalTable, RuleTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.packets.sweep import Events

    Rows = tuple[Ints, Ints]


class Operation(Enum):
    """A set operation, as the states of a cell that belong to the result: bit 0 is "in left", bit 1 is "in right"."""

    UNION = (1, 2, 3)
    INTERSECTION = (3,)
    SUBTRACTION = (1,)
    REVERSE_SUBTRACTION = (2,)
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
    rows = (np.flatnonzero(np.isin(state.keys, changed)) for state in (new, old))
    after, before = (state.take(at).rectangles() for state, at in zip((new, old), rows, strict=True))
    gained, lost = _compare(after, before, (Operation.SUBTRACTION, Operation.REVERSE_SUBTRACTION))
    return Difference(gained, lost)


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
    return _compare(left, right, (operation,))[0]


def _compare(left: RuleTable, right: RuleTable, operations: Sequence[Operation]) -> list[CanonicalTable]:
    """Return several operations of two tables from one walk."""
    side = np.repeat([1, 2], [len(left), len(right)])
    columns = {name: np.concatenate([getattr(left, name), getattr(right, name)]) for name in ("key", "l4_lo", "l4_hi", "lo", "hi")}
    both = RuleTable.of(columns["key"], side, (columns["l4_lo"], columns["l4_hi"]), (columns["lo"], columns["hi"]))
    parts: list[list[CanonicalTable]] = [[] for _ in operations]
    for rows in blocks(both):
        block = both.where(rows)
        cut = Slabs.cut(block)
        chosen = [_select(cut.events(window), block.rule, operations) for window in cut.windows()]
        for results, places in zip(parts, zip(*chosen, strict=True), strict=True):
            starts, ends = (np.concatenate(bounds) for bounds in zip(*places, strict=True))
            results.append(assemble(cut, block.key, starts, ends))
    return [CanonicalTable.joined(results) for results in parts]


def _select(events: Events, side: Ints, operations: Sequence[Operation]) -> list[tuple[Ints, Ints]]:
    """Return, per operation, the places where its cells begin and end.

    Each side's rectangles are disjoint, so a cell's running sum of sides is its state. Only the last event of a place settles it.
    """
    state = np.cumsum(side[events.row] * (1 - 2 * events.end))
    settled = np.append(events.place[1:] != events.place[:-1], True)[: len(state)]
    place, state = events.place[settled], state[settled]
    answer = []
    for operation in operations:
        inside = np.zeros(len(state) + 1, dtype=np.bool_)
        inside[1:] = _MEMBER[operation][state]
        answer.append((place[inside[1:] & ~inside[:-1]], place[~inside[1:] & inside[:-1]]))
    return answer


_MEMBER = {operation: np.isin(np.arange(4), operation.value) for operation in Operation}
"""For every operation: is a cell with this state (0 to 3) in the result?"""
