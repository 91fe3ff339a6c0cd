"""The sweep: canonical form, need and redundancy, judged cell by cell on small universes and by guards on hostile ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.packets import sweep
from infra.packets.canonical import analyse, canonicalise
from infra.packets.errors import ComplexityError
from infra.packets.redundancy import Kind, classify
from infra.packets.table import CanonicalTable, RuleTable
from tests.fast.packets.naive import allowed, coverage
from tests.fast.packets.strategies import rule_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.packets.table import Bounds


def table(*rows: tuple[int, tuple[int, int], tuple[int, int]]) -> RuleTable:
    """Build a table of (key, layer 4, peers), one rule per row."""
    keys, l4, peers = zip(*rows, strict=True) if rows else ((), (), ())
    return RuleTable.of(keys, range(len(rows)), _columns(l4), _columns(peers))


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [lo for lo, _ in pairs], [hi for _, hi in pairs]


@given(rule_tables())
def test_the_canonical_form_allows_exactly_the_same(rules: RuleTable) -> None:
    """Every cell is allowed after as before, by one piece only."""
    pieces = canonicalise(rules).rectangles()

    assert np.array_equal(allowed(rules), allowed(pieces))
    assert coverage(pieces).max() <= 1


@given(rule_tables(), st.randoms(use_true_random=False))
def test_equal_meaning_is_equal_arrays(rules: RuleTable, random: object) -> None:
    """However the same packets are written (shuffled, repeated, cut into their canonical pieces), the form is one."""
    order = np.arange(len(rules)).repeat(2)
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = RuleTable.of(
        rules.key[order], np.arange(len(order)), (rules.l4_lo[order], rules.l4_hi[order]), (rules.lo[order], rules.hi[order])
    )

    assert canonicalise(rules) == canonicalise(shuffled)
    assert canonicalise(rules) == canonicalise(canonicalise(rules).rectangles())


@given(rule_tables(), rule_tables())
def test_different_meaning_is_different_arrays(one: RuleTable, two: RuleTable) -> None:
    """Canonical forms are equal only when every cell is."""
    assert np.array_equal(allowed(one), allowed(two)) == (canonicalise(one) == canonicalise(two))


@given(rule_tables(most=20), st.integers(1, 7), st.integers(1, 12))
def test_blocks_and_windows_change_nothing(rules: RuleTable, rows: int, cells: int) -> None:
    """The form and the needed rules do not depend on how the work is cut up to fit the cache or the memory."""
    expected, needed = analyse(rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "BLOCK_ROWS", rows)
        patch.setattr(sweep, "WINDOW_CELLS", cells)
        answer, also_needed = analyse(rules)

    assert expected == answer
    assert np.array_equal(needed, also_needed)


@given(rule_tables())
def test_wide_coordinates_are_ranked_without_a_trace(rules: RuleTable) -> None:
    """Where the fields of a sort key would not fit in 63 bits, ranks take the coordinates' place and nothing else changes."""
    far = RuleTable(rules.key, rules.rule, rules.l4_lo, rules.l4_hi, rules.lo << 58, rules.hi << 58)
    near, expected = canonicalise(rules), canonicalise(far)

    assert np.array_equal(near.lo << 58, expected.lo)
    assert np.array_equal(near.l4_lo, expected.l4_lo)


@given(rule_tables())
def test_a_rule_is_needed_when_some_cell_is_its_own(rules: RuleTable) -> None:
    """Need is what its name says: without the rule, something would no longer be allowed."""
    kinds = classify(rules)[1].kind
    for rule in range(rules.rules):
        assert (kinds[rule] == Kind.NEEDED) == (not np.array_equal(allowed(rules), allowed(rules, without=[rule])))


@given(rule_tables())
def test_kinds_name_the_most_telling_reason(rules: RuleTable) -> None:
    """Duplicates and contained rules name a rule that replaces them; covered ones have none; empty ones allow nothing."""
    redundancy = classify(rules)[1]
    cells = {rule: coverage(rules.where(rules.rule == rule)) > 0 for rule in range(rules.rules)}
    for rule, mine in cells.items():
        holders = [other for other, theirs in cells.items() if other != rule and mine.any() and not (mine & ~theirs).any()]
        kind, by = redundancy.kind[rule], redundancy.by[rule]
        if not mine.any():
            assert kind == Kind.EMPTY
        elif any(np.array_equal(mine, cells[other]) for other in holders):
            assert kind == Kind.DUPLICATE
            assert np.array_equal(mine, cells[int(by)])
        elif holders:
            assert (kind, by) == (Kind.CONTAINED, min(holders))
        else:
            assert kind in {Kind.NEEDED, Kind.COVERED}
            assert by == -1


@given(rule_tables(most=16))
def test_removable_rules_can_all_go_together_and_no_further_one_can(rules: RuleTable) -> None:
    """Removing the whole set changes no cell, and removing any other rule as well would."""
    removable = set(np.flatnonzero(classify(rules)[1].removable).tolist())

    assert np.array_equal(allowed(rules), allowed(rules, without=removable))
    for rule in set(range(rules.rules)) - removable:
        assert not np.array_equal(allowed(rules), allowed(rules, without=removable | {rule}))


def test_a_rule_with_several_peers_is_contained_only_with_all_of_them() -> None:
    """A rule of two peers, one inside another rule, is needed; with both inside it is contained."""
    rows = RuleTable.of([0, 0, 0, 0], [0, 0, 1, 2], ([0] * 4, [9] * 4), ([0, 6, 0, 5], [2, 8, 3, 7]))
    wider = RuleTable.of([0, 0, 0, 0], [0, 0, 1, 1], ([0] * 4, [9] * 4), ([0, 6, 0, 5], [2, 8, 3, 9]))

    assert classify(rows)[1].kind.tolist() == [Kind.NEEDED, Kind.NEEDED, Kind.NEEDED]
    assert classify(wider)[1].kind.tolist() == [Kind.CONTAINED, Kind.NEEDED]


def test_a_rule_of_which_one_peer_is_held_and_the_other_only_covered_is_not_contained() -> None:
    """Rule 0 has two peers: one is inside rule 1, the other only inside rules 2 and 3 together."""
    rows = RuleTable.of([0] * 5, [0, 0, 1, 2, 3], ([0] * 5, [9] * 5), ([0, 6, 0, 5, 7], [2, 8, 3, 7, 9]))

    redundancy = classify(rows)[1]

    assert redundancy.kind.tolist() == [Kind.COVERED, Kind.NEEDED, Kind.NEEDED, Kind.NEEDED]
    assert redundancy.removable.tolist() == [True, False, False, False]


def test_the_first_of_equal_rules_stays() -> None:
    """Of duplicates the lowest number is kept, whatever the order of rows."""
    redundancy = classify(table((0, (0, 3), (1, 5)), (0, (0, 3), (1, 5)), (0, (0, 3), (1, 5))))[1]

    assert redundancy.removable.tolist() == [False, True, True]
    assert redundancy.by.tolist() == [1, 0, 0]


def test_equal_rules_that_others_cover_all_go() -> None:
    """Two equal rules are also covered by two needed ones together: neither has to stay for the other's sake."""
    everywhere = (0, 9)
    rules = table((0, everywhere, (1, 5)), (0, everywhere, (1, 5)), (0, everywhere, (0, 3)), (0, everywhere, (2, 6)))

    assert classify(rules)[1].removable.tolist() == [True, True, False, False]


def test_no_rules_allow_nothing() -> None:
    """The empty table has the empty form, and a question about it has an answer."""
    canonical, redundancy = classify(table())

    assert CanonicalTable.empty() == canonical
    assert len(redundancy.kind) == 0


def test_neighbouring_slabs_with_equal_peers_are_one() -> None:
    """Two rules that touch on layer 4 are one slab; with different peers they are two."""
    joined = canonicalise(table((0, (0, 3), (1, 5)), (0, (3, 6), (1, 5))))
    apart = canonicalise(table((0, (0, 3), (1, 5)), (0, (3, 6), (1, 4))))

    assert [joined.l4_lo.tolist(), joined.l4_hi.tolist()] == [[0], [6]]
    assert [apart.l4_lo.tolist(), apart.l4_hi.tolist()] == [[0, 3], [3, 6]]


def test_slabs_of_different_keys_stay_apart() -> None:
    """The last slab of one key and the first of the next never merge, though they look alike."""
    canonical = canonicalise(table((0, (0, 3), (1, 5)), (1, (3, 6), (1, 5))))

    assert canonical.keys.tolist() == [0, 1]
    assert canonical.key_slabs.tolist() == [0, 1, 2]


def nested(rules: int) -> RuleTable:
    """Rules whose layer 4 intervals nest, so that about rules² / 2 cells arise."""
    number = np.arange(rules)
    return RuleTable.of(np.zeros(rules), number, (number, 4 * rules - number), (number * 2, number * 2 + 1))


def test_a_hostile_group_is_swept_in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quadratically many cells cost time but no memory, and the answer is the same as in one piece."""
    expected = analyse(nested(300))
    monkeypatch.setattr(sweep, "WINDOW_CELLS", 1000)
    canonical, needed = analyse(nested(300))

    assert expected[0] == canonical
    assert needed.all()


def test_a_group_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit nothing is decided, and the error says what to do."""
    monkeypatch.setattr(sweep, "WINDOW_CELLS", 1000)
    monkeypatch.setattr(sweep, "CELL_LIMIT", 10_000)
    with pytest.raises(ComplexityError, match="fewer overlapping port ranges"):
        analyse(nested(300))


def test_a_group_with_too_many_rules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Running sums would leave 63 bits; the guard speaks before that."""
    monkeypatch.setattr(sweep, "ROW_LIMIT", 300)
    with pytest.raises(ComplexityError, match="too many rules"):
        analyse(nested(300))


@pytest.mark.parametrize(
    ("columns", "message"),
    [(([0], [0], ([0], [1]), ([0], [1, 2])), "differ in length"), (([0], [0], ([0], [1]), ([-1], [1])), "negative")],
    ids=["ragged", "negative"],
)
def test_a_malformed_table_is_refused(columns: tuple[list[int], list[int], Bounds, Bounds], message: str) -> None:
    """Columns of different lengths and bounds off the axes never reach a kernel."""
    with pytest.raises(ValueError, match=message):
        RuleTable.of(*columns)
