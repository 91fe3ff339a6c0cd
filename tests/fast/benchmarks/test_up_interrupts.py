"""Interruptions: what was made is removed before, afterwards, and whatever comes in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.up import programs
from benchmarks.up.interrupts import PATIENCE, Endings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.fast


@pytest.fixture
def said() -> list[str]:
    """What was said."""
    return []


@pytest.fixture
def endings(said: list[str]) -> Iterator[Endings]:
    """Signals that are taken over, and given back."""
    before = signal.getsignal(signal.SIGTERM)
    with Endings(said.append) as made:
        yield made
    assert signal.getsignal(signal.SIGTERM) is before


def end(number: signal.Signals = signal.SIGINT) -> None:
    """Send a signal to this process, as a terminal would; it is answered before the next line."""
    os.kill(os.getpid(), number)


def test_undoing_comes_before_and_afterwards(endings: Endings) -> None:
    """Before, for what a run that was killed has left."""
    log: list[str] = []
    with endings.undone(lambda: log.append("undo")):
        log.append("do")
    assert log == ["undo", "do", "undo"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_ending_interrupts_and_undoes(endings: Endings, number: signal.Signals) -> None:
    """Ctrl-C, kill and a closed terminal are one and the same."""
    log: list[str] = []
    with pytest.raises(KeyboardInterrupt), endings.undone(lambda: log.append("undo")):
        end(number)
    assert log == ["undo", "undo"]


def test_a_failure_undoes_and_is_told(endings: Endings) -> None:
    """The error of the measurement is the one that is raised."""
    log: list[str] = []
    with pytest.raises(ZeroDivisionError), endings.undone(lambda: log.append("undo")):
        _ = 1 / 0
    assert log == ["undo", "undo"]


def test_impatience_does_not_stop_the_undoing(endings: Endings, said: list[str]) -> None:
    """The second Ctrl-C is answered with a word, and the undoing goes on to its end."""
    log: list[str] = []

    def undo() -> None:
        if log:
            end()
        log.append("undo")

    with pytest.raises(KeyboardInterrupt), endings.undone(undo):
        end()
    assert (log, said) == (["undo", "undo"], [PATIENCE])


def test_an_ending_while_a_good_measurement_is_undone_counts_afterwards(endings: Endings, said: list[str]) -> None:
    """Nothing is cut short, and the next measurement does not begin."""
    log: list[str] = []

    def undo() -> None:
        if log:
            end()
        log.append("undo")

    with pytest.raises(KeyboardInterrupt), endings.undone(undo):
        log.append("do")
    assert (log, said) == (["undo", "do", "undo"], [PATIENCE])


@pytest.mark.usefixtures("endings")
def test_an_interrupted_program_may_undo_what_it_did(tmp_path: Path) -> None:
    """It gets one SIGINT and its time; nothing of it is left when the interruption goes on."""
    done, ready = tmp_path / "done", tmp_path / "ready"
    script = (
        "import pathlib, time\n"
        f"try:\n    pathlib.Path({str(ready)!r}).touch(); time.sleep(60)\n"
        f"finally:\n    time.sleep(0.4); pathlib.Path({str(done)!r}).touch()"
    )

    def interrupt_when_ready() -> None:
        while not ready.exists():
            time.sleep(0.01)
        end()

    thread = threading.Thread(target=interrupt_when_ready)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        programs.finished([sys.executable, "-c", script])
    thread.join()
    assert done.exists()


@pytest.mark.usefixtures("endings")
def test_an_interruption_while_a_program_starts_loses_no_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It runs before whoever started it knows it: it is ended all the same, and may undo."""
    done, ready = tmp_path / "done", tmp_path / "ready"
    script = (
        "import pathlib, time\n"
        f"try:\n    pathlib.Path({str(ready)!r}).touch(); time.sleep(60)\n"
        f"finally:\n    pathlib.Path({str(done)!r}).touch()"
    )

    def started(*arguments: Any, **settings: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - Popen's own
        process = real(*arguments, **settings)
        while not ready.exists():
            time.sleep(0.01)
        end()
        time.sleep(0.2)
        return process

    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", started)
    with pytest.raises(KeyboardInterrupt):
        programs.finished([sys.executable, "-c", script])
    assert done.exists()


def test_a_program_that_ends_is_told_as_it_ended() -> None:
    """Both outputs apart, and its exit code."""
    done = programs.finished([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
