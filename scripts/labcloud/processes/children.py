"""Processes of the lab's PID 1: one thread waits for every child, adopted orphans included, so no exit status is ever taken twice.

``subprocess`` is not used here on purpose: its own waiting would compete with the reaper for the exit status.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KILLED_BY_TIMEOUT = -signal.SIGKILL


@dataclass(slots=True)
class Child:
    """A process started by :class:`Children`; ``code`` is its exit code, or minus the signal, once it has ended."""

    pid: int
    started: float = field(default_factory=time.monotonic)
    code: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the end; ``None`` when it did not come in time."""
        self.ended.wait(seconds)
        return self.code

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the whole process group (each child leads one)."""
        if self.code is None:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return


class Children:
    """Starts processes and reaps all there are."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._table: dict[int, Child] = {}
        threading.Thread(target=self._reap, name="reaper", daemon=True).start()

    def spawn(self, command: tuple[str, ...], environment: Mapping[str, str], log: Path | None = None) -> Child:
        """Start a process in a session of its own, output appended to ``log`` or thrown away.

        Raises ``OSError`` when there is no such program.
        """
        output = str(log) if log else os.devnull
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        # The reaper files an exit status under the same lock: a child that ends at once is in the table by then.
        with self._lock:
            pid = os.posix_spawnp(command[0], command, environment, file_actions=actions, setsid=True, setsigmask=())
            child = self._table[pid] = Child(pid)
            self._lock.notify_all()
        return child

    def run(self, command: tuple[str, ...], environment: Mapping[str, str], seconds: float, log: Path | None = None) -> int:
        """Run a process to its end and return its exit code; after ``seconds`` its group is killed."""
        child = self.spawn(command, environment, log)
        if child.wait(seconds) is None:
            child.signal_group(signal.SIGKILL)
            child.wait(5.0)
            return KILLED_BY_TIMEOUT
        return child.code if child.code is not None else KILLED_BY_TIMEOUT

    def _reap(self) -> None:
        """Take every exit status there will ever be."""
        while True:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                with self._lock:
                    self._lock.wait(0.2)
                continue
            with self._lock:
                child = self._table.pop(pid, None)
            if child:
                child.code = os.waitstatus_to_exitcode(status)
                child.ended.set()
