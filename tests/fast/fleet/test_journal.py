"""A run that was killed goes on by its journal."""

from __future__ import annotations

import pytest

from infra.errors import QuestionError
from infra.fleet import journal, room
from infra.fleet.course import Ended
from infra.outcome import CheckVerdict

pytestmark = pytest.mark.fast
BEGAN = journal.Began(journal.VERSION, "up", ("a", "b", "c"), "2026-11-30T08:00:00+00:00")
LINES = (
    journal.head(BEGAN) + journal.line("a", Ended(CheckVerdict.PASS, "done", 1.26)) + journal.line("b", Ended(CheckVerdict.ERROR, "x\ny"))
)


def test_who_went_well_is_done_and_everybody_else_is_left() -> None:
    """Whoever failed is tried again."""
    run = journal.read(LINES, "here")
    assert (run.began, run.left) == (BEGAN, ("b", "c"))
    assert run.well == {"a": Ended(CheckVerdict.PASS, "done", 1.3)}
    again = journal.read(LINES + journal.line("b", Ended(CheckVerdict.PASS, "done")), "here")
    assert again.left == ("c",)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_line_that_was_being_written_has_not_ended(cut: int) -> None:
    """Wherever the kill came."""
    whole = LINES + journal.line("c", Ended(CheckVerdict.PASS, "done"))
    assert "c" in journal.read(whole[:-cut], "here").left


@pytest.mark.parametrize(
    "text", ["", "\n", "{}\n", "no\n", LINES + "{}\n", LINES.replace('"version":1', '"version":2'), LINES.replace("pass", "good")]
)
def test_what_is_no_journal_is_an_error(text: str) -> None:
    """It says how to begin anew."""
    with pytest.raises(QuestionError, match="journal"):
        journal.read(text, "here")


@pytest.mark.parametrize(("processors", "gigabytes", "fit"), [(2, 24, 4), (8, 4, 9), (8, 0, 1), (1, 24, 2)])
def test_as_many_run_as_memory_and_processors_hold(processors: int, gigabytes: int, fit: int) -> None:
    """One in any case."""
    assert room.at_once(processors, gigabytes << 30) == fit
