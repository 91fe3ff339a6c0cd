"""The journal: every run, bounded, and since when a difference is seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.outcome import CheckVerdict
from ringfence.drift import journal
from ringfence.verify.result import Kind
from tests.fast.ringfence.drift.made import EVERYTHING, EXTRA, failed, open_, report

if TYPE_CHECKING:
    from pathlib import Path

    from ringfence.drift.report import Report

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep it in a folder of the test's own."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    return tmp_path


def at(day: int, *checks: object) -> Report:
    """Return the report of a day."""
    return report(*checks, started=f"2026-01-0{day}T00:00:00+00:00")  # type: ignore[arg-type]


def test_every_run_is_a_line_and_the_newest_is_the_last() -> None:
    """With its differences by key and object."""
    for day in (1, 2):
        journal.add(journal.entry(at(day, *EVERYTHING, failed(EXTRA))))
    runs = journal.runs()
    assert [run["started"][:10] for run in runs] == ["2026-01-01", "2026-01-02"]
    assert runs[0]["differences"][0]["id"] == "p-1"
    assert runs[0]["exit_code"] == 1


def test_only_so_many_runs_are_kept_and_only_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first; the newest stays whatever its size."""
    monkeypatch.setattr(journal, "RUNS", 3)
    for day in range(1, 6):
        journal.add(journal.entry(at(day, *EVERYTHING)))
    assert [run["started"][8:10] for run in journal.runs()] == ["03", "04", "05"]
    monkeypatch.setattr(journal, "MOST_BYTES", 10)
    journal.add(journal.entry(at(6, *EVERYTHING)))
    assert [run["started"][8:10] for run in journal.runs()] == ["06"]


def test_a_difference_is_seen_since_the_first_run_without_a_gap() -> None:
    """And it was not there in the last run before that compared its layer without an error."""
    past = [
        journal.entry(at(1, *EVERYTHING, failed(EXTRA))),
        journal.entry(at(2, *EVERYTHING)),
        journal.entry(at(3, *EVERYTHING, failed(EXTRA))),
        journal.failed("2026-01-04T00:00:00+00:00", ("acme",), "CANNOT TELL", 2),
        journal.entry(at(5, open_(CheckVerdict.ERROR, Kind.CLOUD))),
    ]
    now = at(6, *EVERYTHING, failed(EXTRA))
    (told,) = journal.since(past, now).values()
    assert [each[:10] for each in told] == ["2026-01-03", "2026-01-02"]


def test_without_a_journal_a_difference_is_first_seen_now() -> None:
    """Nobody knows more."""
    now = at(6, failed(EXTRA))
    assert list(journal.since([], now).values()) == [(now.started, "")]


def test_a_line_that_is_no_run_is_passed_over() -> None:
    """A machine may stop in the middle of anything."""
    journal.add(journal.entry(at(1, *EVERYTHING)))
    with journal.file().open("a", encoding="utf-8") as stream:
        stream.write("[]\n{half")
    journal.add(journal.entry(at(2, *EVERYTHING)))
    assert len(journal.runs()) == 2


def test_a_journal_that_cannot_be_written_is_an_error_with_its_place(state: Path) -> None:
    """What nobody keeps has no history."""
    (state / "drift").write_text("in the way", encoding="utf-8")
    with pytest.raises(QuestionError, match="journal"):
        journal.add({"started": "now"})
    with pytest.raises(QuestionError, match="journal"):
        journal.runs()


def test_what_is_kept_is_json_of_one_line() -> None:
    """Also where a name has a line end in it."""
    journal.add(journal.failed("now", ("acme",), "two\nlines", 2))
    assert json.loads(journal.file().read_text(encoding="utf-8").splitlines()[0])["headline"] == "two\nlines"
