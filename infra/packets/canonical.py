"""Canonical form and need: what each key allows, written in the one possible way, and which rules nothing else replaces.

Both come from one walk. Walking the events of a slab, the running sum of ``WEIGHT + row`` over open rectangles tells two things at
once: its high part is how many rectangles are open, and where exactly one is open, its low part is *which*: that rule is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from infra.packets.arrays import Bools, Ints, first_of_runs, spread
from infra.packets.sweep import L4_BITS, Slabs, blocks
from infra.packets.table import CanonicalTable

if TYPE_CHECKING:
    from infra.packets.table import RuleTable

WEIGHT_BITS: Final = 40
"""A row number fits below, so a sum is zero when nothing is open, and has 1 above when one row is: sums of several rows only add to that.
``sweep.ROW_LIMIT`` keeps the whole in 63 bits."""


def canonicalise(table: RuleTable) -> CanonicalTable:
    """Return the canonical form of every key of ``table``. Raises :class:`ComplexityError` for hostile keys."""
    return analyse(table)[0]


def analyse(table: RuleTable) -> tuple[CanonicalTable, Bools]:
    """Return the canonical form, and for every rule (length ``table.rules``) whether some packet is allowed by it alone.

    A rule that is not needed is redundant by itself; two redundant rules may still replace each other, see
    :func:`infra.packets.redundancy.classify`. Raises :class:`ComplexityError` for hostile keys.
    """
    needed = np.zeros(table.rules, dtype=np.bool_)
    parts = []
    for rows in blocks(table):
        block = table.where(rows)
        cut = Slabs.cut(block)
        starts, ends, alone = _walk(cut)
        needed[block.rule[alone]] = True
        parts.append(assemble(cut, block.key, starts, ends))
    return CanonicalTable.joined(parts), needed


def _walk(cut: Slabs) -> tuple[Ints, Ints, Bools]:
    """Return the places where merged peers start and end, and for each row whether it is somewhere the only one."""
    starts, ends = [], []
    alone = np.zeros(len(cut.first), dtype=np.bool_)
    for window in cut.windows():
        events = cut.events(window)
        balance = np.cumsum((events.row + (1 << WEIGHT_BITS)) * (1 - 2 * events.end))
        closed = balance == 0
        ends.append(events.place[closed])
        opened = np.empty_like(closed)
        opened[:1], opened[1:] = True, closed[:-1]
        starts.append(events.place[opened])
        single = balance >> WEIGHT_BITS == 1
        single[:-1] &= events.place[1:] > events.place[:-1]
        alone[balance[single] - (1 << WEIGHT_BITS)] = True
    return np.concatenate(starts), np.concatenate(ends), alone


def assemble(cut: Slabs, key: Ints, starts: Ints, ends: Ints) -> CanonicalTable:
    """Build the canonical table of a block from the merged peers of its slabs, joining neighbouring slabs with equal peers.

    ``key`` is the block's column of keys; ``starts`` and ``ends`` are places in order.
    """
    mask = (1 << cut.coordinate_bits) - 1
    slab, lo, hi = starts >> cut.coordinate_bits, starts & mask, ends & mask
    if cut.decode is not None:
        lo, hi = cut.decode[lo], cut.decode[hi]
    begin = np.flatnonzero(first_of_runs(slab))
    number, counts = slab[begin], np.diff(np.append(begin, len(slab)))
    keep = ~_repeats_previous(number, begin, counts, (lo, hi))
    kept = np.flatnonzero(keep)
    final = np.append(kept[1:], len(number))[: len(kept)] - 1
    lower = cut.bounds[number[kept]]
    upper = cut.bounds[number[final] + 1] & ((1 << L4_BITS) - 1)
    slab_key = key[first_of_runs(key)][lower >> L4_BITS]
    piece_kept = np.repeat(keep, counts)
    return CanonicalTable.of_slabs(slab_key, lower & ((1 << L4_BITS) - 1), upper, counts[keep], (lo[piece_kept], hi[piece_kept]))


def _repeats_previous(number: Ints, begin: Ints, counts: Ints, pieces: tuple[Ints, Ints]) -> Bools:
    """Mark the slabs that touch the previous slab and have exactly its pieces.

    Slabs of different keys never touch: the number between them, from one key's last bound to the next key's first, is never covered.
    """
    same = np.zeros(len(number), dtype=np.bool_)
    same[1:] = (number[1:] == number[:-1] + 1) & (counts[1:] == counts[:-1])
    candidate = np.flatnonzero(same)
    row, piece = spread(begin[candidate], counts[candidate])
    twin = piece - counts[candidate][row]
    differ = np.zeros(len(piece), dtype=np.bool_)
    for bound in pieces:
        differ |= bound[piece] != bound[twin]
    same[candidate[row[differ]]] = False
    return same
