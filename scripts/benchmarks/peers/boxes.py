"""Rules as every peer gets them: lists of boxes of plain integers, one list per group."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.packets.table import RuleTable


class Box(NamedTuple):
    """One rule: half-open intervals of layer 4 points (24 bits) and of addresses (32 bits, or as many as the engine was made for)."""

    l4_lo: int
    l4_hi: int
    lo: int
    hi: int


class Engine(Protocol):
    """A tool that can tell which rules of a group are redundant, each by itself."""

    name: str

    def redundant(self, group: Sequence[Box]) -> list[bool]:
        """Build the union of the rules and tell for each whether the others allow all of it."""


def groups_of(table: RuleTable) -> list[list[Box]]:
    """Return the rows of every key as boxes, in the order of keys. IPv4 only: IPv6 coordinates are ranks, not addresses."""
    columns = zip(table.l4_lo.tolist(), table.l4_hi.tolist(), table.lo.tolist(), table.hi.tolist(), strict=True)
    boxes = [Box(*row) for row in columns]
    cuts = [*np.flatnonzero(np.diff(table.key, prepend=-1)).tolist(), len(boxes)]
    return [boxes[begin:end] for begin, end in pairwise(cuts)]
