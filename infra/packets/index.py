"""Questions to a canonical table, answered by binary search: does this packet pass, who is allowed, on which ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from infra.packets.arrays import Bools, Ints, spread
from infra.packets.errors import ComplexityError
from infra.packets.sweep import L4_BITS

if TYPE_CHECKING:
    from infra.packets.table import CanonicalTable, RuleTable

PEER_BITS: Final = 34
SLAB_LIMIT: Final = 1 << (63 - PEER_BITS)


class Index:
    """Binary search over a :class:`CanonicalTable`. Building it costs two passes; it is never changed afterwards.

    Rows are positions in ``table.keys``, points are places on the axes. Raises :class:`ComplexityError` beyond 2^29 slabs.
    """

    __slots__ = ("_pieces", "_slabs", "table")

    def __init__(self, table: CanonicalTable) -> None:
        if len(table.l4_lo) >= SLAB_LIMIT:
            raise ComplexityError.of("a table has too many slabs to index", expected=f"below {SLAB_LIMIT}", got=str(len(table.l4_lo)))
        self.table = table
        self._slabs = (np.repeat(np.arange(len(table)), np.diff(table.key_slabs)) << L4_BITS) | table.l4_lo
        self._pieces = (table.piece_slab() << PEER_BITS) | table.lo

    def slab_ranges(self, rows: Ints, l4_lo: Ints, l4_hi: Ints) -> tuple[Ints, Ints]:
        """Return ``(first, count)`` of the slabs of each row that overlap ``[l4_lo, l4_hi)``; the rows must exist."""
        first = np.searchsorted(self._slabs, (rows << L4_BITS) | l4_lo, side="right") - 1
        end = np.searchsorted(self._slabs, (rows << L4_BITS) | l4_hi, side="left")
        first = np.maximum(first, self.table.key_slabs[rows])
        inside = first < end
        at = np.where(inside, first, 0)
        first += inside & (self.table.l4_hi[at] <= l4_lo)
        return first, np.maximum(end - first, 0)

    def piece_ranges(self, slabs: Ints, lo: Ints, hi: Ints) -> tuple[Ints, Ints]:
        """Return ``(first, count)`` of the pieces of each slab that overlap ``[lo, hi)``."""
        first = np.searchsorted(self._pieces, (slabs << PEER_BITS) | lo, side="right") - 1
        end = np.searchsorted(self._pieces, (slabs << PEER_BITS) | hi, side="left")
        first = np.maximum(first, self.table.slab_pieces[slabs])
        inside = first < end
        at = np.where(inside, first, 0)
        first += inside & (self.table.hi[at] <= lo)
        return first, np.maximum(end - first, 0)

    def admits(self, rows: Ints, peers: Ints, l4: Ints) -> Bools:
        """Tell for each (row, peer point, layer 4 point) whether the row allows that packet; row -1 allows nothing."""
        answer = np.zeros(len(rows), dtype=np.bool_)
        known = np.flatnonzero(rows >= 0)
        slab, hit = self.slab_ranges(rows[known], l4[known], l4[known] + 1)
        known, slab = known[hit > 0], slab[hit > 0]
        answer[known] = self.piece_ranges(slab, peers[known], peers[known] + 1)[1] > 0
        return answer

    def peers(self, row: int, l4: int) -> tuple[Ints, Ints]:
        """Return the peer intervals ``(lo, hi)`` that a row allows at one layer 4 point."""
        slab, hit = self.slab_ranges(np.array([row]), np.array([l4]), np.array([l4 + 1]))
        pieces = slice(*self.table.slab_pieces[slab[0] : slab[0] + 2].tolist()) if hit[0] else slice(0, 0)
        return self.table.lo[pieces], self.table.hi[pieces]

    def services(self, row: int, peer: int) -> tuple[Ints, Ints]:
        """Return the layer 4 intervals ``(lo, hi)`` that a row allows for one peer point, neighbours joined."""
        slabs = np.arange(self.table.key_slabs[row], self.table.key_slabs[row + 1])
        point = np.full(len(slabs), peer)
        open_slabs = slabs[self.piece_ranges(slabs, point, point + 1)[1] > 0]
        lo, hi = self.table.l4_lo[open_slabs], self.table.l4_hi[open_slabs]
        joined = lo[1:] == hi[:-1]
        return lo[np.append(True, ~joined)[: len(lo)]], hi[np.append(~joined, True)[: len(hi)]]


def provenance(table: RuleTable, index: Index) -> tuple[Ints, Ints]:
    """Return, as compressed rows ``(offsets, rule)`` over the pieces of the canonical table, which rules each piece comes from.

    ``index`` is over the canonical form of ``table``. A row of a rule lies, within a slab, inside exactly one piece.
    """
    rows = np.flatnonzero((table.lo < table.hi) & (table.l4_lo < table.l4_hi))
    first, count = index.slab_ranges(index.table.rows_of(table.key[rows]), table.l4_lo[rows], table.l4_hi[rows])
    row, slab = spread(first, count)
    row = rows[row]
    piece = index.piece_ranges(slab, table.lo[row], table.hi[row])[0]
    order = np.lexsort((table.rule[row], piece))
    offsets = np.searchsorted(piece[order], np.arange(len(index.table.lo) + 1))
    return offsets, table.rule[row][order]


def contributors(table: RuleTable, key: int, peers: tuple[int, int], l4: tuple[int, int]) -> Ints:
    """Return the rules of ``key`` that allow a packet with its peer and layer 4 point in these intervals, ascending."""
    rows = table.of_key(key)
    hit = (rows.lo < peers[1]) & (peers[0] < rows.hi) & (rows.l4_lo < l4[1]) & (l4[0] < rows.l4_hi)
    hit &= (rows.lo < rows.hi) & (rows.l4_lo < rows.l4_hi)
    return np.unique(rows.rule[hit])
