"""The course: killed anywhere it goes on, and nothing that is done is done again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import CloudError, QuestionError
from infra.offboarding.steps import FIRST_ERASURE, ORDER, Mark, Step
from ringfence.offboarding import course, places
from ringfence.offboarding.course import StepEnd
from ringfence.offboarding.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.fast


class Killed(BaseException):
    """The end of a process."""


class Doing:
    """Work that notes what was done, and dies or fails once in a step."""

    def __init__(self, dies_in: Step | None = None, error: BaseException | None = None) -> None:
        self.done: list[Step] = []
        self.dies_in, self.error = dies_in, error or Killed()

    def steps(self) -> dict[Step, Callable[[], StepEnd]]:
        """Return the work."""
        return {step: lambda step=step: self._do(step) for step in ORDER}  # type: ignore[misc]

    def _do(self, step: Step) -> StepEnd:
        self.done.append(step)
        if step is self.dies_in:
            self.dies_in = None
            raise self.error
        return StepEnd(1, "well")


def nobody(_what: str, _done: int, _total: int) -> None:
    """Be told."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to the kernel when a line reaches the disk."""
    monkeypatch.setattr("os.fsync", lambda _: None)


def test_whoever_is_killed_in_any_step_goes_on_with_it(tmp_path: Path) -> None:
    """Each step is done once, the one of the kill twice."""
    for step in ORDER:
        place, work = Place(tmp_path / step), Doing(step)
        with pytest.raises(Killed):
            course.run(place, work.steps(), None, nobody)
        course.run(place, work.steps(), None, nobody)
        here = ORDER.index(step)
        assert work.done == [*ORDER[: here + 1], *ORDER[here:]]
        assert place.progress().next is None
        course.run(place, work.steps(), None, nobody)
        assert len(work.done) == len(ORDER) + 1


def test_a_step_that_cannot_be_done_is_told_and_begun_anew(tmp_path: Path) -> None:
    """The journal has the reason."""
    place, work = Place(tmp_path), Doing(Step.BACKUPS, CloudError.of("no answer"))
    with pytest.raises(CloudError, match="no answer"):
        course.run(place, work.steps(), None, nobody)
    assert place.lines()[-1] | {"at": ""} == {"at": "", "what": Mark.FAILED, "step": Step.BACKUPS, "said": "no answer"}
    course.run(place, work.steps(), None, nobody)
    assert place.progress().next is None


def test_what_was_prepared_can_be_stopped_and_what_was_erased_cannot(tmp_path: Path) -> None:
    """Nothing is undone once the first step that erases began."""
    place, undone = Place(tmp_path), list[str]()
    course.run(place, Doing().steps(), FIRST_ERASURE, nobody)
    assert place.progress().next is FIRST_ERASURE
    course.stop(place, lambda: undone.append("started"))
    assert (undone, place.progress().next) == (["started"], Step.INVENTORY)
    with pytest.raises(Killed):
        course.run(place, Doing(FIRST_ERASURE).steps(), None, nobody)
    with pytest.raises(QuestionError, match="cannot be stopped"):
        course.stop(place, lambda: undone.append("again"))
    assert undone == ["started"]


def test_a_line_that_a_kill_cut_off_does_not_count_and_is_written_over(tmp_path: Path) -> None:
    """Anything else that is no line is refused: going on by it could leave a step out."""
    place = Place(tmp_path)
    place.write(Mark.BEGAN, Step.INVENTORY)
    whole = place.journal.read_bytes()
    place.journal.write_bytes(whole + b'{"at": "2030", "what": "do')
    assert len(place.lines()) == 1
    place.write(Mark.DONE, Step.INVENTORY)
    assert [line["what"] for line in place.lines()] == [Mark.BEGAN, Mark.DONE]
    place.journal.write_bytes(b"rubbish\n" + whole)
    with pytest.raises(QuestionError, match="journal cannot be read"):
        place.lines()


def test_files_are_their_owners_and_two_runs_keep_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them holds a token."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    place = places.of("acme", "p1")
    assert places.last("acme") is None
    place.keep(place.token, b"x")
    place.keep(place.token, b"y")
    assert (place.token.read_bytes(), place.token.stat().st_mode & 0o077) == (b"y", 0)
    assert place.folder.stat().st_mode & 0o077 == 0
    place.write(Mark.BEGAN, Step.INVENTORY)
    assert places.last("acme") == place
    assert places.last("globex") is None
    with place.held(), pytest.raises(QuestionError, match="another run"), place.held():
        pass
    with pytest.raises(QuestionError, match="is not there"):
        place.inventory()
