"""The definitions of the packet algebra on a tiny universe, cell by cell: obviously right, and too slow for anything but tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from infra.packets.table import RuleTable

KEYS, SIDE = 3, 9
"""Size of the universe: keys, and points of either axis."""


def coverage(table: RuleTable, *, without: Collection[int] = ()) -> npt.NDArray[np.int64]:
    """Count, for every (key, layer 4 point, peer point), the rules that allow it."""
    cells = np.zeros((KEYS, SIDE, SIDE), dtype=np.int64)
    for key, rule, l4_lo, l4_hi, lo, hi in zip(table.key, table.rule, table.l4_lo, table.l4_hi, table.lo, table.hi, strict=True):
        if rule not in without:
            cells[key, l4_lo:l4_hi, lo:hi] += 1
    return cells


def allowed(table: RuleTable, *, without: Collection[int] = ()) -> npt.NDArray[np.bool_]:
    """Tell for every cell whether some rule allows it."""
    return coverage(table, without=without) > 0
