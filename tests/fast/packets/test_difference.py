"""Set operations on whole tables against the cells of a small universe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from infra.packets.canonical import canonicalise
from infra.packets.difference import Operation, changed_keys, combine, difference
from infra.packets.table import RuleTable
from tests.fast.packets.naive import allowed
from tests.fast.packets.strategies import rule_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.packets.arrays import Bools

CELLWISE: dict[Operation, Callable[[Bools, Bools], Bools]] = {
    Operation.UNION: np.logical_or,
    Operation.INTERSECTION: np.logical_and,
    Operation.SUBTRACTION: lambda one, two: one & ~two,
    Operation.REVERSE_SUBTRACTION: lambda one, two: two & ~one,
    Operation.SYMMETRIC_DIFFERENCE: np.logical_xor,
}


@pytest.mark.parametrize("operation", Operation)
@given(rule_tables(), rule_tables())
def test_operations_work_cell_by_cell(operation: Operation, one: RuleTable, two: RuleTable) -> None:
    """Each operation allows what its definition says, in canonical form."""
    left, right = canonicalise(one).rectangles(), canonicalise(two).rectangles()

    result = combine(left, right, operation)

    assert np.array_equal(CELLWISE[operation](allowed(one), allowed(two)), allowed(result.rectangles()))
    assert canonicalise(result.rectangles()) == result


@given(rule_tables(), rule_tables())
def test_a_difference_is_what_is_gained_and_what_is_lost(one: RuleTable, two: RuleTable) -> None:
    """Gained and lost are exact and disjoint, and both empty only when the states mean the same."""
    old, new = canonicalise(one), canonicalise(two)

    change = difference(old, new)

    assert np.array_equal(allowed(two) & ~allowed(one), allowed(change.gained.rectangles()))
    assert np.array_equal(allowed(one) & ~allowed(two), allowed(change.lost.rectangles()))
    assert change.empty == (old == new)


@given(rule_tables(), rule_tables())
def test_changed_keys_are_those_whose_packets_changed(one: RuleTable, two: RuleTable) -> None:
    """The quick comparison of arrays finds every changed key and no other."""
    differing = np.flatnonzero((allowed(one) != allowed(two)).any(axis=(1, 2)))

    assert differing.tolist() == changed_keys(canonicalise(one), canonicalise(two)).tolist()


def test_pieces_that_moved_to_the_next_slab_are_a_change() -> None:
    """Equal slabs and equal pieces in order, but one piece belongs to another slab: a comparison of flat arrays would miss it."""
    slabs = ([0, 0, 3], [3, 3, 6])
    peers = ([0, 2, 5], [1, 3, 6])
    moved = ([0, 3, 3], [3, 6, 6])
    old, new = (canonicalise(RuleTable.of([0, 0, 0], range(3), l4, peers)) for l4 in (slabs, moved))

    assert old.l4_lo.tolist() == new.l4_lo.tolist()
    assert old.lo.tolist() == new.lo.tolist()
    assert changed_keys(old, new).tolist() == [0]
