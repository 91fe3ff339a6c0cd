"""Who may start when, and where a run over many tenants stops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.fleet.course import BAD, Course, Ended, Limits, everybody, exit_code, startable, stop
from infra.outcome import CheckVerdict

pytestmark = pytest.mark.fast
PASS, FAIL, ERROR, SKIPPED = CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.ERROR, CheckVerdict.SKIPPED
WELL, BROKEN = Ended(PASS, ""), Ended(ERROR, "")


def at_the_end(order: tuple[str, ...], limits: Limits, how: dict[str, CheckVerdict], turns: list[int]) -> tuple[Course, list[set[str]]]:
    """Run a course: whoever runs ends in the order of the turns. Return the last state, and who ran beside whom."""
    state = Course(order)
    beside: list[set[str]] = []
    while True:
        starting = startable(state, limits)
        assert not state.running & set(starting)
        for tenant in starting:
            state = state.started(tenant)
        if not state.running:
            return state, beside
        beside.append(set(state.running))
        running = sorted(state.running)
        tenant = running[turns[len(beside) % len(turns)] % len(running)]
        state = state.finished(tenant, Ended(how[tenant], ""))


@given(
    st.lists(st.sampled_from([PASS, FAIL, ERROR]), min_size=1, max_size=9),
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(1, 4),
    st.lists(st.integers(0, 9), min_size=1, max_size=9),
)
def test_a_run_keeps_its_limits_whatever_happens(
    hows: list[CheckVerdict], at_once: int, canaries: int, failures: int, turns: list[int]
) -> None:
    """Never more at once; nobody beside or after canaries that are not well; at most so many more bad ones as ran when it stopped."""
    order = tuple(f"t{number}" for number in range(len(hows)))
    how, limits = dict(zip(order, hows, strict=True)), Limits(at_once, canaries, failures)
    state, beside = at_the_end(order, limits, how, turns)
    first = set(order[:canaries])
    bad = [tenant for tenant in state.ended if how[tenant] in BAD]
    assert max(map(len, beside)) <= at_once
    assert all(each <= first or not each & first for each in beside)
    assert len(bad) < failures + at_once
    if first & set(bad):
        assert state.ended.keys() <= first
    if not bad:
        assert state.ended.keys() == set(order)
    assert everybody(state, limits).keys() == set(order)


def test_whoever_did_not_start_is_a_skip_that_says_why() -> None:
    """And turns the exit code into 2, though nobody who ran had a fault in the end."""
    limits = Limits(at_once=1, failures=1)
    state = Course(("a", "b", "c")).finished("a", WELL).finished("b", Ended(FAIL, "findings"))
    ended = everybody(state, limits)
    assert (ended["c"].verdict, ended["c"].said) == (SKIPPED, "the run stops at 1 that did not go well: b")
    assert exit_code(ended) == 2


def test_a_canary_that_is_not_well_keeps_everybody_else_from_starting() -> None:
    """Though the run would bear more failures."""
    limits = Limits(at_once=4, canaries=1, failures=9)
    assert startable(Course(("a", "b", "c")), limits) == ("a",)
    assert startable(Course(("a", "b", "c")).finished("a", WELL), limits) == ("b", "c")
    broken = Course(("a", "b", "c")).finished("a", BROKEN)
    assert (startable(broken, limits), stop(broken, limits)) == ((), "not well, and to be tried first: a")


def test_without_a_limit_everybody_has_a_turn() -> None:
    """However many have not gone well; canaries still keep the others from starting."""
    state = Course(("a", "b", "c")).finished("a", BROKEN).finished("b", BROKEN)
    assert startable(state, Limits(1, failures=0)) == ("c",)
    assert startable(state, Limits(1, canaries=1, failures=0)) == ()


def test_an_interrupt_starts_nobody_else() -> None:
    """Whoever runs is not forgotten."""
    state = Course(("a", "b")).started("a").stopped_by_hand()
    assert (startable(state, Limits(2)), stop(state, Limits(2))) == ((), "the run was interrupted")
    assert state.running == {"a"}


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([PASS, PASS], 0),
        ([PASS, FAIL], 1),
        ([PASS, FAIL, ERROR], 2),
        ([PASS, SKIPPED], 2),
        ([CheckVerdict.NOT_APPLICABLE], 2),
        ([], 2),
    ],
)
def test_the_exit_code_is_an_answer_only_when_everybody_gave_one(verdicts: list[CheckVerdict], code: int) -> None:
    """0 and 1 are answers; a run of nobody is none."""
    assert exit_code({str(number): Ended(verdict, "") for number, verdict in enumerate(verdicts)}) == code


@pytest.mark.parametrize("values", [(0, 0, 1), (1, -1, 1), (1, 0, -1)])
def test_limits_that_let_nothing_begin_are_refused(values: tuple[int, int, int]) -> None:
    """They are a defect of whoever asks."""
    with pytest.raises(ValueError, match="limits"):
        Limits(*values)
