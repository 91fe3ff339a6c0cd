"""What the end of a tenant took is told by a journal that came to its end, and by no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.lifecycle.asked import Asked
from benchmarks.lifecycle.figures import NAME
from benchmarks.lifecycle.measurements.offboarding import WHY, measure, without_wait
from benchmarks.up import store
from benchmarks.up.interrupts import Endings
from benchmarks.up.load import Load
from benchmarks.up.run import Run
from infra.errors import QuestionError
from infra.offboarding.steps import ORDER, Mark, Step

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
Line = dict[str, Any]
RUN = Run(1, print, Load(0.0, 0.0), Endings(print))


def line(what: Mark, step: Step | None, second: int = 0, **more: float) -> Line:
    """Return a line of a journal."""
    at = f"2026-11-30T10:00:{second:02}+00:00"
    return {"at": at, "what": str(what), **({"step": str(step)} if step else {}), **more}


def whole() -> list[Line]:
    """Return a journal of steps of two seconds each, and a wait of 305."""
    return [each for step in ORDER for each in (line(Mark.BEGAN, step), line(Mark.DONE, step, seconds=305.0 if step is Step.WAIT else 2.0))]


def test_the_steps_are_added_up_without_the_wait() -> None:
    """What went before a stop is not this offboarding; an attempt that failed is."""
    expected = (2.0 * (len(ORDER) - 1), 305.0)
    assert without_wait(whole(), "here") == expected
    stopped = [line(Mark.BEGAN, ORDER[0]), line(Mark.DONE, ORDER[0], seconds=50.0), line(Mark.STOPPED, None)]
    assert without_wait([*stopped, *whole()], "here") == expected
    failed = [line(Mark.BEGAN, ORDER[0]), line(Mark.FAILED, ORDER[0], second=7)]
    assert without_wait([*failed, *whole()], "here") == (expected[0] + 7.0, 305.0)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "no such journal"),
        (whole()[:-1], "certificate is the next step"),
        ([line(Mark.BEGAN, ORDER[0]), *whole()], "it was killed, and nobody knows its time"),
        (whole()[2:], "does not say where"),
    ],
)
def test_a_journal_that_does_not_tell_is_no_figure(lines: list[Line], said: str) -> None:
    """With the reason."""
    with pytest.raises(QuestionError, match=said):
        without_wait(lines, "here")


def test_the_folder_or_the_journal_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without either it is said; an earlier reading stays."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path / "state"))
    (reading,) = measure(Asked(), RUN)
    assert (reading.values, reading.doubt) == ((), WHY)
    (reading,) = measure(Asked(offboarding=tmp_path), RUN)
    assert (reading.values, "no such journal" in reading.doubt) == ((), True)
    journal = tmp_path / "journal.jsonl"
    journal.write_text("".join(json.dumps(each) + "\n" for each in whole()))
    for named in (tmp_path, journal):
        (reading,) = measure(Asked(offboarding=named), RUN)
        assert reading.values == (2.0 * (len(ORDER) - 1),)
    store.keep([reading], NAME)
    assert measure(Asked(), RUN) == []
