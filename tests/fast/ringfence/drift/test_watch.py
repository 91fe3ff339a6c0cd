"""Comparing again and again."""

from __future__ import annotations

import itertools
import time

import pytest

from infra.errors import QuestionError
from infra.outcome import CheckVerdict
from ringfence.drift import watch
from ringfence.verify.result import Kind
from tests.fast.ringfence.drift.made import EVERYTHING, EXTRA, failed, open_, report

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("90", 90), ("5m", 300), ("1h", 3600)])
def test_a_time_is_read_as_people_write_it(text: str, seconds: int) -> None:
    """Seconds without a unit."""
    assert watch.seconds(text) == seconds


@pytest.mark.parametrize("text", ["0", "-5", "5 m", "soon", "", "25h", "1e3"])
def test_no_other_time_is_taken(text: str) -> None:
    """It is an error that says what is."""
    with pytest.raises(QuestionError, match="30s, 5m or 1h"):
        watch.seconds(text)


def test_runs_begin_when_they_are_due_and_a_long_one_is_followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times between beginnings, not between ends; nothing is made up for."""
    now, waited = [0.0], []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "sleep", pause)
    for number in itertools.islice(watch.rounds(10, lambda: now[0]), 4):
        now[0] += 25.0 if number == 1 else 3.0
    assert waited == [7.0, 7.0]


def test_only_what_changed_is_new_or_gone() -> None:
    """By what it is, not by its place in a list."""
    before, after = report(*EVERYTHING), report(*EVERYTHING, failed(EXTRA))
    new, gone = watch.changed(before, after)
    assert ([each.deviation for each in new], gone) == ([EXTRA], [])
    assert [each.deviation for each in watch.changed(after, before)[1]] == [EXTRA]
    assert watch.changed(after, after) == ([], [])


@pytest.mark.parametrize("verdict", [CheckVerdict.ERROR, CheckVerdict.SKIPPED])
def test_what_was_not_compared_this_time_is_not_gone(verdict: CheckVerdict) -> None:
    """A cloud that does not answer has not mended anything."""
    before = report(*EVERYTHING, failed(EXTRA))
    assert watch.changed(before, report(open_(verdict, Kind.CLOUD)))[1] == []
