"""Edits of a state: the meaning of the edit, and the state after it, equal what a full recomputation says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.packets.canonical import canonicalise
from infra.packets.difference import difference
from infra.packets.revision import revise
from infra.packets.table import RuleTable
from tests.fast.packets.naive import KEYS
from tests.fast.packets.strategies import rule_tables

if TYPE_CHECKING:
    from infra.packets.arrays import Ints


def replaced(state: RuleTable, keys: Ints, rules: RuleTable) -> RuleTable:
    """Return the rules of a state with the rules of some keys exchanged."""
    rest = state.where(~np.isin(state.key, keys))
    columns = [np.concatenate([getattr(rest, name), getattr(rules, name)]) for name in ("key", "rule", "l4_lo", "l4_hi", "lo", "hi")]
    return RuleTable.of(columns[0], columns[1], (columns[2], columns[3]), (columns[4], columns[5]))


@given(rule_tables(), rule_tables(), st.sets(st.integers(0, KEYS - 1), min_size=1))
def test_an_edit_means_what_a_full_recomputation_says(state: RuleTable, edit: RuleTable, edited: set[int]) -> None:
    """Keys appear, change and vanish; the gain, the loss and the new state are exact."""
    keys = np.array(sorted(edited))
    rules = edit.only(keys)
    old, new = canonicalise(state), canonicalise(replaced(state, keys, rules))
    expected = difference(old, new)

    revision = revise(old, keys, rules)

    assert revision.applied(old) == new
    assert revision.difference.gained == expected.gained
    assert revision.difference.lost == expected.lost


def test_a_rule_of_another_key_is_refused() -> None:
    """An edit that reaches beyond the keys it names would be judged by half."""
    stray = RuleTable.of([2], [0], ([0], [1]), ([0], [1]))
    with pytest.raises(ValueError, match="not being revised"):
        revise(canonicalise(stray), np.array([1]), stray)
