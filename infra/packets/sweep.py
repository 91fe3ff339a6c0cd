"""The sweep: cut rectangles into slabs along layer 4 and walk each slab's peers in order. Every deciding kernel is this walk.

Sort keys carry everything the walk needs in one non-negative int64, from the high bits to the low:

    slab | peer coordinate | 1 for an end, 0 for a start | row

so one sort of plain integers orders the slabs, the events of a slab, starts before ends at the same coordinate, and says whose
event it is. Slab and coordinate together are called a *place*. Tables are walked in blocks of whole keys that stay in the cache, which
also keeps the fields narrow; where they would not fit in 63 bits, coordinates are replaced by their ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from infra.packets.arrays import Ints, first_of_runs, ranked, spread
from infra.packets.errors import ComplexityError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.packets.table import RuleTable

BLOCK_ROWS: Final = 4096
"""Rows per block: the working set of a block, well below 1 MB, stays in a core's second-level cache."""

WINDOW_CELLS: Final = 1 << 16
"""Cells walked at a time, which bounds memory and stays in the cache whatever the rules are."""

CELL_LIMIT: Final = 1 << 31
"""Cells of one block that are refused: k rules of one key can cut layer 4 so that k^2 cells arise."""

ROW_LIMIT: Final = 1 << 22
"""Rows of one block that are refused; running sums of the walkers rely on it."""

L4_BITS: Final = 25
KEY_BITS: Final = 63


def blocks(table: RuleTable) -> Iterator[slice]:
    """Yield slices of whole keys, each of about ``BLOCK_ROWS`` rows; a key with more rows is a block of its own."""
    starts = np.append(np.flatnonzero(first_of_runs(table.key)), len(table))
    begin = 0
    while begin < len(table):
        following = int(np.searchsorted(starts, begin + BLOCK_ROWS, side="right")) - 1
        end = int(starts[following])
        if end <= begin:
            end = int(starts[following + 1])
        yield slice(begin, end)
        begin = end


@dataclass(frozen=True, slots=True)
class Events:
    """Starts and ends of rectangles in some slabs, in walking order.

    ``place`` is ``slab << coordinate_bits | coordinate``, ``end`` 0 or 1, ``row`` the rectangle's row in the block.
    """

    place: Ints
    end: Ints
    row: Ints


@dataclass(frozen=True, slots=True)
class Slabs:
    """A block's rectangles cut along layer 4.

    ``bounds`` are the distinct layer 4 bounds of all keys, ``key number << 25 | l4``; slab ``s`` is ``[bounds[s], bounds[s + 1])``.
    Row ``i`` covers the slabs ``first[i] .. last[i] - 1``, which are all of its own key, and the coordinates ``lo[i] .. hi[i]``; where
    ``decode`` is not ``None``, coordinates are ranks in it.
    """

    bounds: Ints
    first: Ints
    last: Ints
    lo: Ints
    hi: Ints
    decode: Ints | None
    coordinate_bits: int

    @classmethod
    def cut(cls, block: RuleTable) -> Slabs:
        """Cut the rows of whole keys into slabs; rows that allow nothing cover none.

        Raises :class:`ComplexityError` for a key with ``ROW_LIMIT`` rows or more.
        """
        if len(block) >= ROW_LIMIT:
            raise ComplexityError.of("one group has too many rules", expected=f"below {ROW_LIMIT}", got=str(len(block)))
        number = (np.cumsum(first_of_runs(block.key)) - 1) << L4_BITS
        bounds, rank = ranked(np.concatenate([number + block.l4_lo, number + block.l4_hi]))
        first, last = rank[: len(block)], rank[len(block) :]
        last = np.where(block.hi > block.lo, np.maximum(first, last), first)
        lo, hi, decode = block.lo, block.hi, None
        bits = int(hi.max()).bit_length() if len(block) else 0
        if len(bounds).bit_length() + bits + 1 + len(block).bit_length() > KEY_BITS:
            decode, places = ranked(np.concatenate([lo, hi]))
            lo, hi, bits = places[: len(block)], places[len(block) :], len(decode).bit_length()
        return cls(bounds, first, last, lo, hi, decode, bits)

    def windows(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of slabs that hold at most about ``WINDOW_CELLS`` cells each; together they are all slabs.

        Raises :class:`ComplexityError` when the block has more than ``CELL_LIMIT`` cells.
        """
        cells = int((self.last - self.first).sum())
        if cells <= WINDOW_CELLS:
            yield 0, len(self.bounds)
            return
        if cells > CELL_LIMIT:
            raise ComplexityError.of(
                "the rules of one group cut each other into too many pieces",
                expected=f"at most {CELL_LIMIT} cells",
                got=f"{cells} cells from {len(self.first)} rules",
                hint="write the group with fewer overlapping port ranges",
            )
        steps = np.bincount(self.first, minlength=len(self.bounds) + 1) - np.bincount(self.last, minlength=len(self.bounds) + 1)
        filled = np.cumsum(np.cumsum(steps))
        cuts = np.searchsorted(filled, np.arange(WINDOW_CELLS, cells, WINDOW_CELLS))
        edges = np.unique(np.concatenate([[0], cuts + 1, [len(self.bounds)]])).tolist()
        yield from pairwise(edges)

    def events(self, window: tuple[int, int]) -> Events:
        """Return the events of the slabs in ``window`` in walking order."""
        first = np.clip(self.first, *window)
        row, slab = spread(first, np.clip(self.last, *window) - first)
        row_bits = len(self.first).bit_length()
        if len(self.bounds).bit_length() + self.coordinate_bits + 1 + row_bits > KEY_BITS:
            rows = f"{len(self.first)} rows in one block"
            raise ComplexityError.of("a sort key does not fit in 63 bits", got=rows, hint="ask about fewer tenants at once")
        slab <<= self.coordinate_bits + 1 + row_bits
        slab |= row
        low, high = self.lo << (row_bits + 1), (self.hi << (row_bits + 1)) | (1 << row_bits)
        keys = np.concatenate([slab | low[row], slab | high[row]])
        keys.sort()
        return Events(keys >> (row_bits + 1), (keys >> row_bits) & 1, keys & ((1 << row_bits) - 1))
