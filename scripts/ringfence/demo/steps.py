"""Steps that wait for each other, run side by side, each with a log, a clock and a way to go on."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.errors import RingfenceError
from ringfence import locks
from ringfence.complaint import complaint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class StepState(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    NOT_RUN = "not run"


class StepError(RingfenceError, RuntimeError):
    """A step of the demonstration failed; what was built stays, and the same command goes on from there."""


@dataclass
class Step:
    """One step: what it is called, what has to be done before it, and what it does.

    ``action`` gets the step's :class:`Log` and raises :class:`RingfenceError` when it fails.
    """

    name: str
    title: str
    action: Callable[[Log], None]
    needs: tuple[str, ...] = ()
    state: StepState = StepState.WAITING
    started: float = 0.0
    ended: float = 0.0
    error: RingfenceError | None = None
    log: Log = field(init=False)

    def seconds(self) -> float:
        """How long the step has taken so far."""
        return (self.ended or time.monotonic()) - self.started if self.started else 0.0


@dataclass
class Log:
    """The file in which a step's output is kept, and the last line of it that says something."""

    file: Path
    latest: str = ""

    def say(self, line: str) -> None:
        """Keep a line; show it as the latest."""
        text = ESCAPES.sub("", line).rstrip()
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
        if text.strip(" .@"):
            self.latest = text.strip()

    def run(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        """Run a command to its end; its output goes to the log.

        Raises :class:`StepError` with what the command said about its failure.
        """
        self.say(f"$ {' '.join(command)}")
        lines: list[str] = []
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                self.say(line)
                lines.append(ESCAPES.sub("", line).rstrip())
        if process.returncode:
            output = "\n".join(lines)
            raise StepError.of(
                f"`{' '.join(command)}` ended with {process.returncode}",
                where=str(self.file),
                expected="an exit code of 0",
                got=complaint(output),
                hint=locks.said(output) or "correct the cause and run the same command again: it goes on from here",
            )


class Plan:
    """Runs steps as soon as what they need is done. When one fails, those that need it are not run, and the others end."""

    def __init__(self, steps: Sequence[Step], logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.steps = steps
        self._by_name = {step.name: step for step in steps}
        self._changed = threading.Condition()
        for step in steps:
            step.log = Log(logs / f"{step.name}.log")
            step.log.file.write_text("", encoding="utf-8")

    def run(self, show: Callable[[], None], period: float) -> bool:
        """Run everything, calling ``show`` every ``period`` seconds; tell whether all steps are done."""
        pool = ThreadPoolExecutor(max_workers=len(self.steps))
        running = [pool.submit(self._run, step) for step in self.steps]
        try:
            while wait(running, timeout=period).not_done:
                show()
            show()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        for future in running:
            future.result()
        return all(step.state is StepState.DONE for step in self.steps)

    def _run(self, step: Step) -> None:
        if not self._may_start(step):
            self._set(step, StepState.NOT_RUN)
            return
        step.started = time.monotonic()
        self._set(step, StepState.RUNNING)
        try:
            step.action(step.log)
        except RingfenceError as error:
            step.error = error
            self._set(step, StepState.FAILED)
        except BaseException:
            self._set(step, StepState.FAILED)
            raise
        else:
            self._set(step, StepState.DONE)

    def _may_start(self, step: Step) -> bool:
        """Wait for what the step needs; false when that cannot come any more."""
        needed = [self._by_name[name] for name in step.needs]
        settled = {StepState.DONE, StepState.FAILED, StepState.NOT_RUN}
        with self._changed:
            self._changed.wait_for(lambda: all(need.state in settled for need in needed))
        return all(need.state is StepState.DONE for need in needed)

    def _set(self, step: Step, state: StepState) -> None:
        with self._changed:
            if state in {StepState.DONE, StepState.FAILED}:
                step.ended = time.monotonic()
            step.state = state
            self._changed.notify_all()
