"""Neutron's own environment, which scripts/setup builds, and questions to it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from infra import paths

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 900


@cache
def python() -> Path:
    """Return the interpreter of the environment, built first when it is not there."""
    paths.cache().mkdir(parents=True, exist_ok=True)
    with (paths.cache() / ".truth-venv").open("a") as lock:  # tests run beside each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([str(ROOT / "scripts/setup"), "truth"], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1]) / "bin" / "python"


class Oracle:
    """Neutron, which takes seconds to start, kept for the next question."""

    def __init__(self) -> None:
        """Start it; what it says besides its answers is kept in a file."""
        self._open = contextlib.ExitStack()
        self._said = Path(self._open.enter_context(tempfile.TemporaryDirectory())) / "said"
        # Neutron's libraries warn of their own past; what is left on standard error is about the answer.
        command = [str(python()), "-W", "ignore", str(Path(__file__).with_name("oracle.py"))]
        with self._said.open("w") as said:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)
        self._process = self._open.enter_context(process)

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the answer; it ends, and says why, where there is none."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise AssertionError(self._said.read_text(encoding="utf-8")[-4000:])
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._open.close()


_running: list[Oracle] = []


def translate(**asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Ask Neutron; see oracle.py for what may be asked. :func:`end` is for the end of all tests."""
    if not _running:
        _running.append(Oracle())
    try:
        return _running[0].ask(asked)
    except BaseException:
        end()
        raise


def end() -> None:
    """End Neutron, if somebody has asked it anything."""
    while _running:
        _running.pop().close()
