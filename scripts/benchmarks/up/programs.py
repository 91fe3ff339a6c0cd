"""Runs a program to its end, or to a good end: interrupted, it may undo what it did before this one goes on."""

from __future__ import annotations

import signal
import subprocess
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
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=SECONDS)
        except BaseException:
            _end(process)
            raise
    return subprocess.CompletedProcess(list(command), process.returncode, stdout, stderr)


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
