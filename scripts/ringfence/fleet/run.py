"""Run the work for many tenants, so many at once: each a process with its output in files. A killed run goes on by its journal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import QuestionError
from infra.fleet import course, journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from infra.fleet.course import Course, Ended, Limits

PAUSE_SECONDS = 0.1
JOURNAL = "journal.jsonl"
OUT, ERR = ".log", ".err"
"""What a tenant's process says, and what it says aside."""


@dataclass(frozen=True, slots=True)
class Doing:
    """A tenant's process, and since when it runs."""

    tenant: str
    process: subprocess.Popen[bytes]
    since: float

    def stop(self, number: int) -> None:
        """Send a signal to the process and everything that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a run needs to know: where it keeps its files, what to start for a tenant, what its end means, and whom to tell."""

    folder: Path
    command: Callable[[str], Sequence[str]]
    judge: Callable[[int, str, str, float], Ended]
    tell: Callable[[str, Course], None]

    def start(self, tenant: str) -> Doing:
        """Start a tenant's process, in a group of its own: Ctrl-C at the terminal reaches it through us, once."""
        with self.file(tenant, OUT).open("wb") as out, self.file(tenant, ERR).open("wb") as err:
            process = subprocess.Popen(self.command(tenant), stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        return Doing(tenant, process, time.monotonic())

    def file(self, tenant: str, suffix: str) -> Path:
        """Return where a tenant's output goes."""
        return self.folder / f"{tenant}{suffix}"

    def end(self, doing: Doing) -> Ended:
        """Say how a process that has ended did."""
        out, err = (self.file(doing.tenant, suffix).read_text(encoding="utf-8", errors="replace") for suffix in (OUT, ERR))
        return self.judge(doing.process.returncode, out, err, time.monotonic() - doing.since)


def run(fleet: Fleet, state: Course, limits: Limits) -> Course:
    """Work for everybody who has not ended, and write down how each did. With Ctrl-C nobody else starts, and whoever runs is asked to end.

    A second Ctrl-C kills what still runs. Raises ``OSError`` when files cannot be written; nothing is left running then.
    """
    doing: dict[str, Doing] = {}
    with (fleet.folder / JOURNAL).open("a", encoding="utf-8") as kept, _presses() as presses:
        heard = 0
        try:
            while True:
                if len(presses) > heard:
                    _all(doing, signal.SIGKILL if state.interrupted else signal.SIGINT)
                    state, heard = state.stopped_by_hand(), heard + 1
                    fleet.tell("", state)
                state = _round(fleet, state, limits, doing, kept.write)
                kept.flush()
                if not doing and not course.startable(state, limits):
                    return state
                time.sleep(PAUSE_SECONDS)
        finally:
            _all(doing, signal.SIGKILL)
            for each in doing.values():
                each.process.wait()


@contextlib.contextmanager
def _presses() -> Iterator[list[int]]:
    """Count Ctrl-C instead of being interrupted by it anywhere: a process that has just been started would be forgotten.

    Whoever runs us without Ctrl-C (``nohup``) goes on to do so.
    """
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield pressed
    finally:
        if before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, before)


def _round(fleet: Fleet, state: Course, limits: Limits, doing: dict[str, Doing], write: Callable[[str], object]) -> Course:
    for each in [each for each in doing.values() if each.process.poll() is not None]:
        how = fleet.end(each)
        del doing[each.tenant]
        state = state.finished(each.tenant, how)
        write(journal.line(each.tenant, how))
        fleet.tell(each.tenant, state)
    for tenant in course.startable(state, limits):
        doing[tenant] = fleet.start(tenant)
        state = state.started(tenant)
        fleet.tell(tenant, state)
    return state


def _all(doing: dict[str, Doing], number: int) -> None:
    for each in doing.values():
        each.stop(number)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one run over many tenants be at work at a time. Raises :class:`QuestionError` while another one is."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what, expected = "another run over many tenants is at work", "one at a time"
            raise QuestionError.of(what, where=str(folder), expected=expected, hint="wait for its end") from error
        yield


def last(folder: Path, action: str) -> tuple[Path, journal.Run]:
    """Return the folder and the journal of the newest run of an action. Raises :class:`QuestionError` when there is none."""
    for file in sorted(folder.glob(f"*/{JOURNAL}"), reverse=True):
        found = journal.read(file.read_text(encoding="utf-8", errors="replace"), str(file))
        if found.began.action == action:
            return file.parent, found
    raise QuestionError.of("there is no run to go on with", where=action, expected="one that was begun", hint="run it without --resume")
