"""Processes of many tenants: real ones, with their output in files, and an end whatever happens."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.fleet import journal
from infra.fleet.course import Course, Limits
from infra.outcome import CheckVerdict
from ringfence.fleet import run
from ringfence.fleet.work import Action, Judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.fast


@dataclass(frozen=True, slots=True)
class Watched(run.Fleet):
    """A fleet that tells what it started."""

    started: list[run.Doing]

    def start(self, tenant: str) -> run.Doing:
        """Start, and keep it."""
        self.started.append(run.Fleet.start(self, tenant))
        return self.started[-1]


@pytest.fixture
def fleet(tmp_path: Path) -> Callable[[dict[str, str]], run.Fleet]:
    """Make a fleet whose tenants run lines of a shell; the journal has begun."""
    (tmp_path / run.JOURNAL).write_text(journal.head(journal.Began(journal.VERSION, "up", ("a", "b", "c"), "now")))

    def made(lines: dict[str, str]) -> run.Fleet:
        def command(tenant: str) -> Sequence[str]:
            return ("sh", "-c", lines[tenant])

        return run.Fleet(tmp_path, command, Judge(Action.UP), lambda *_: None)

    return made


def kept(fleet: run.Fleet) -> journal.Run:
    """Read the journal."""
    return journal.read((fleet.folder / run.JOURNAL).read_text(), "here")


def test_everybodys_output_is_kept_and_the_journal_tells_how_each_ended(fleet: Callable[[dict[str, str]], run.Fleet]) -> None:
    """What is said aside is in a file of its own."""
    made = fleet({"a": "echo fine; echo aside >&2", "b": "echo error: no quota >&2; exit 1", "c": "echo fine"})
    state = run.run(made, Course(("a", "b", "c")), Limits(2, failures=9))
    assert {name: how.verdict for name, how in state.ended.items()} == {
        "a": CheckVerdict.PASS,
        "b": CheckVerdict.ERROR,
        "c": CheckVerdict.PASS,
    }
    assert "no quota" in state.ended["b"].said
    assert [(made.folder / f"a{suffix}").read_text() for suffix in (run.OUT, run.ERR)] == ["fine\n", "aside\n"]
    assert kept(made).left == ("b",)


def test_a_run_that_goes_on_does_only_what_is_left(fleet: Callable[[dict[str, str]], run.Fleet]) -> None:
    """Whoever went well is not started again."""
    run.run(fleet({"a": "true", "b": "false", "c": "true"}), Course(("a", "b", "c")), Limits(1))
    again = fleet({"a": "false", "b": "true", "c": "true"})
    state = run.run(again, Course(("a", "b", "c"), ended=kept(again).well), Limits(1))
    assert {how.verdict for how in state.ended.values()} == {CheckVerdict.PASS}
    assert kept(again).left == ()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be one: whatever runs the tests may ignore it, and what ignores it hands that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("line", "presses", "said"),
    [
        ("trap 'exit 130' INT; touch up; while :; do sleep 0.05; done", 1, "interrupted"),
        ("trap '' INT; touch up; while :; do sleep 0.05; done", 2, "signal 9"),
    ],
)
def test_an_interrupt_asks_and_a_second_one_kills(
    fleet: Callable[[dict[str, str]], run.Fleet], tmp_path: Path, line: str, presses: int, said: str
) -> None:
    """Nobody else is started, and nothing is left running."""
    up, interrupts = tmp_path / "up", []
    made = fleet({"a": line.replace("up", str(up)), "b": "true"})
    told = run.Fleet(made.folder, made.command, made.judge, lambda tenant, _: None if tenant else interrupts.append(tenant))

    def press() -> None:
        while not up.exists():
            time.sleep(0.01)
        for number in range(presses):
            while len(interrupts) < number:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    state = run.run(told, Course(("a", "b")), Limits(1))
    pressing.join()
    assert (state.interrupted, set(state.ended), said in state.ended["a"].said) == (True, {"a"}, True), state.ended


def test_nothing_is_left_running_when_files_cannot_be_written(fleet: Callable[[dict[str, str]], run.Fleet]) -> None:
    """The error goes up, the processes go down."""
    made = fleet({"a": "exec sleep 600", "b": "true"})
    (made.folder / "b.log").mkdir()
    started: list[run.Doing] = []
    watched = Watched(made.folder, made.command, made.judge, made.tell, started)
    with pytest.raises(IsADirectoryError):
        run.run(watched, Course(("a", "b")), Limits(2))
    assert [(each.tenant, each.process.returncode) for each in started] == [("a", -signal.SIGKILL)]


def test_one_run_is_at_work_at_a_time(tmp_path: Path) -> None:
    """The next one is told to wait."""
    with run.alone(tmp_path / "fleet"), pytest.raises(QuestionError, match="at work"), run.alone(tmp_path / "fleet"):
        pass
    with run.alone(tmp_path / "fleet"):
        pass


def test_the_newest_run_of_an_action_goes_on(tmp_path: Path) -> None:
    """Runs of other actions are passed over."""
    for name, action in (("1", "up"), ("2", "up"), ("3", "verify")):
        (tmp_path / name).mkdir()
        (tmp_path / name / run.JOURNAL).write_text(journal.head(journal.Began(journal.VERSION, action, ("a",), name)))
    assert run.last(tmp_path, "up")[0].name == "2"
    with pytest.raises(QuestionError, match="no run to go on"):
        run.last(tmp_path, "drift")
