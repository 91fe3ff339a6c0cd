"""Runs a program to its end, or to a good end: interrupted, it may undo what it did before this one goes on."""

from __future__ import annotations

import signal
import subprocess
import threading
from typing import TYPE_CHECKING

from ringfence.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 1800
PATIENCE_SECONDS = 60


def finished(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program in the work tree, in a session of its own: a Ctrl-C reaches it from here, once.

    Raises ``subprocess.TimeoutExpired`` after :data:`SECONDS`.
    """
    start = _Start(command)
    try:
        process = start.process()
        stdout, stderr = process.communicate(timeout=SECONDS)
    except BaseException:
        start.end()
        raise
    return subprocess.CompletedProcess(list(command), process.returncode, stdout, stderr)


class _Start(threading.Thread):
    """Starts the program in a thread of its own: an interruption comes in the main thread, and would else lose a program that runs."""

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._command = command
        self._made: subprocess.Popen[str] | None = None
        self._problem: OSError | None = None
        # An interrupted ``join`` takes the thread for ended (Python 3.11), so its end is told by an event.
        self._over = threading.Event()

    def run(self) -> None:
        """Start it."""
        try:
            self._made = subprocess.Popen(
                self._command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as problem:
            self._problem = problem
        finally:
            self._over.set()

    def process(self) -> subprocess.Popen[str]:
        """Return the program that runs. Raises ``OSError`` when it cannot be started."""
        self.start()
        self._over.wait()
        if self._made is None:
            raise self._problem or OSError("the program was not started")
        return self._made

    def end(self) -> None:
        """End the program if there is one: it may undo what it did, and has its time for that."""
        if self.ident is not None:
            self._over.wait()
        if self._made is not None:
            _end(self._made)


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
