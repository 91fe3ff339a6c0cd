"""The course of the offboarding: the verb, run to its end or killed in the middle, and how long everything took."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra import paths
from tests.offboarding.tenant import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

RINGFENCE = str(Path(sys.executable).parent / "ringfence")
SECONDS = 1800
KILLED_SECONDS = 30
WAIT = "wait"
BAR_SECONDS = 90
Line = dict[str, Any]


def place() -> Path:
    """Return the folder of the offboarding: the tenant has one project only."""
    (found,) = (paths.state() / "offboarding" / NAME).iterdir()
    return found


def journal() -> list[Line]:
    """Return the lines that are whole."""
    try:
        whole, _, _ = (place() / "journal.jsonl").read_text().rpartition("\n")
    except (OSError, ValueError):
        return []
    return [json.loads(line) for line in whole.splitlines()]


@dataclass
class Course:
    """The verb in the tenant's folder, and the seconds that its runs took."""

    folder: Path
    runs: dict[str, float] = field(default_factory=dict)

    def ended(self, *words: str, run: str = "") -> tuple[int, dict[str, Any]]:
        """Run a verb; return its exit code and its answer. A ``run`` that has a name is timed."""
        began = time.monotonic()
        done = subprocess.run([RINGFENCE, *words, "--json"], cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False)
        if run:
            self.runs[run] = time.monotonic() - began
        return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {"said": done.stdout + done.stderr}

    def killed(self, run: str, *words: str, when: Callable[[], bool]) -> None:
        """Begin a run, and kill it with all that it started once something is so."""
        began = time.monotonic()
        with (
            (self.folder / "killed.log").open("ab") as log,
            subprocess.Popen([RINGFENCE, *words], cwd=self.folder, stdout=log, stderr=log, start_new_session=True) as process,
        ):
            while not when():
                assert process.poll() is None, f"the run ended before it could be killed: {log.name}"
                assert time.monotonic() - began < SECONDS
                time.sleep(0.05)
            kill(process.pid)
        assert process.returncode == -signal.SIGKILL
        self.runs[run] = time.monotonic() - began


def kill(leader: int) -> None:
    """Kill a process with its session, and wait until nothing of it runs: the kernel takes a moment for that."""
    end = time.monotonic() + KILLED_SECONDS
    while living := session(leader):
        assert time.monotonic() < end, living
        for each in living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)


def session(leader: int) -> list[int]:
    """Return the processes of a session that live, its leader first."""
    told = subprocess.run(["ps", "-s", str(leader), "-o", "pid=,stat="], capture_output=True, text=True, check=False).stdout
    return sorted(int(pid) for pid, stat in (line.split() for line in told.splitlines()) if not stat.startswith("Z"))


def has_begun(step: str) -> bool:
    """Tell whether a step has begun and is not done."""
    lines = journal()
    return bool(lines) and (lines[-1]["what"], lines[-1].get("step")) == ("began", step)


def engine_deleted() -> bool:
    """Tell whether the engine has deleted something, and is not through."""
    log = place() / "engine.log"
    return has_begun("destroy") and log.exists() and " deleted" in log.read_text(errors="replace")


def took(lines: list[Line]) -> dict[str, float]:
    """Return the seconds of each step. An attempt that was killed counts to the beginning of the next one, time between both included."""
    found: dict[str, float] = {}
    begun: datetime | None = None
    for line in lines:
        at, step = datetime.fromisoformat(line["at"]), str(line["step"])
        since = (at - begun).total_seconds() if begun else 0.0
        found[step] = found.get(step, 0.0) + float(line.get("seconds", since))
        begun = at if line["what"] == "began" else None
    return found


def told(course: Course, lines: list[Line]) -> str:
    """Say what everything took."""
    steps = took(lines)
    last = {str(line["step"]): line for line in lines}
    words = [f"{step:<12} {seconds:7.1f} s  {last[step].get('said', '')}" for step, seconds in steps.items()]
    words += [f"{run:<44} {seconds:7.1f} s" for run, seconds in course.runs.items()]
    rest = sum(steps.values()) - steps.get(WAIT, 0.0)
    words.append(
        f"without the wait for tokens, with what was done twice: {rest:.1f} s; the bar for one that is not killed: {BAR_SECONDS} s"
    )
    return "\n".join(words)
