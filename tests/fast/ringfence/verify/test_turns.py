"""Which pairs of tenants are asked in which turn: all of them once in a cycle, each tenant in every turn."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest

from infra.errors import QuestionError
from ringfence.verify.turns import Turn, pairs

pytestmark = pytest.mark.fast
FORTY = [f"t{number:02}" for number in range(40)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("tenants", "turns"), [(FORTY, 13), (FORTY, 39), (FORTY[:5], 3), (FORTY[:2], 1), (FORTY[:12], 1)])
def test_a_cycle_asks_every_ordered_pair_once(tenants: list[str], turns: int, seed: int) -> None:
    """Full coverage, nothing twice."""
    asked = Counter(pair for number in range(1, turns + 1) for pair in pairs(tenants, Turn(number, turns, seed)))
    assert asked == Counter(permutations(tenants, 2))


def test_every_tenant_takes_part_in_every_turn() -> None:
    """As often asking as asked: no tenant waits for a month."""
    for number in range(1, 14):
        asked = pairs(FORTY, Turn(number, 13, 7))
        assert Counter(one for one, _ in asked) == Counter(other for _, other in asked) == Counter(FORTY * 3)


def test_more_turns_than_there_are_pairs_begin_again() -> None:
    """Nobody's turn is empty, so no turn can be green by asking nothing."""
    assert all(pairs(FORTY[:3], Turn(number, 10)) for number in range(1, 11))
    assert pairs(FORTY[:1], Turn()) == []


def test_the_seed_shuffles_and_the_order_of_the_names_does_not() -> None:
    """The same cycle on any machine; another seed is another cycle."""
    assert pairs(FORTY, Turn(1, 13, 1)) == pairs(FORTY[::-1], Turn(1, 13, 1))
    assert pairs(FORTY, Turn(1, 13, 1)) != pairs(FORTY, Turn(1, 13, 2))


def test_turns_are_written_as_people_write_them() -> None:
    """The first and the last; the report says which it was."""
    assert str(Turn.written("3/13", 7)) == "turn 3 of 13, seed 7"


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/5", "\u0663/\u0669"])
def test_no_other_text_is_a_turn(text: str) -> None:
    """A typing error must not leave pairs out."""
    with pytest.raises(QuestionError, match="no such turn"):
        Turn.written(text, 0)
