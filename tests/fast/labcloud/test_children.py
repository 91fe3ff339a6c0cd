"""Real processes under the reaper; in a process of their own, because the reaper takes every exit status there is."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

from labcloud.layout import CODE

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, signal, time
from pathlib import Path
from labcloud.processes.children import KILLED_BY_TIMEOUT, Children

children = Children()
environment = {"PATH": os.environ["PATH"], "WORD": "hello"}
log = Path("log")
# A failure is a failure, however many children end at the same time.
started = [children.spawn(("sh", "-c", f"exit {number}"), environment) for number in range(20)]
assert [child.wait(60.0) for child in started] == list(range(20))
assert children.run(("sh", "-c", "echo $WORD; echo oops >&2"), environment, 5.0, log) == 0
assert log.read_text() == "hello\\noops\\n"
assert children.run(("sleep", "60"), environment, 0.1) == KILLED_BY_TIMEOUT
killed = children.spawn(("sleep", "60"), environment)
killed.signal_group(signal.SIGTERM)
assert killed.wait(60.0) == -signal.SIGTERM
try:
    children.spawn(("no-such-program",), environment)
except FileNotFoundError:
    print("fine")
"""


def test_exit_codes_are_never_mixed_up(tmp_path: Path) -> None:
    """Twenty children at once, output, time-out, signal and a program that is not there."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CODE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")
