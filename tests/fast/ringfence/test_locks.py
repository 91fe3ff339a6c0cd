"""The engine's locks: a holder that lives is never called gone, and one that is gone never waited for."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import CloudError
from ringfence import locks
from ringfence.demo.steps import Log, StepError
from ringfence.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.fast

NOW = datetime.now(UTC)
LATER = (NOW + timedelta(hours=1)).isoformat(timespec="seconds")
HERE = socket.gethostname()


def complaint(pid: int, host: str = HERE, at: str = LATER) -> str:
    """Return what the engine says of a stack that is locked."""
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with"
        f" `pulumi cancel`.\n  file:///s/.pulumi/locks/organization/ringfence/acme/0b2c.json: created by root@{host} (pid {pid}) at {at}\n"
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process whose program is called as the engine's is."""
    program = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        # Popen returns a moment before the kernel shows the command line.
        while not locks.PROC.joinpath(str(process.pid), "cmdline").read_bytes().startswith(bytes(program)):
            time.sleep(0.001)
        yield process
        process.kill()


def test_a_holder_that_lives_is_waited_for(engine: subprocess.Popen[bytes]) -> None:
    """Its command line is shown, and nobody is told to take the lock away."""
    said = locks.said(complaint(engine.pid))
    assert "still runs (`" in said
    assert f"kill -INT {engine.pid}" in said
    assert "pulumi cancel" not in said


def test_a_holder_that_is_gone_leaves_a_lock_to_take_away(engine: subprocess.Popen[bytes]) -> None:
    """A process that ended does not run any more, and the command that takes its lock away is named with the stack."""
    engine.kill()
    engine.wait()
    said = locks.said(complaint(engine.pid))
    assert "does not run any more" in said
    assert "`pulumi cancel -s acme`" in said


def test_a_number_that_another_process_has_is_no_holder(engine: subprocess.Popen[bytes]) -> None:
    """Neither this program, which is no engine, nor an engine that began after the lock was made holds it."""
    assert "does not run any more" in locks.said(complaint(os.getpid()))
    earlier = (NOW - timedelta(days=1)).isoformat(timespec="seconds")
    assert "does not run any more" in locks.said(complaint(engine.pid, at=earlier))


def test_a_time_that_cannot_be_read_does_not_make_a_holder_gone(engine: subprocess.Popen[bytes]) -> None:
    """An engine with that number counts as the holder then."""
    assert "still runs" in locks.said(complaint(engine.pid, at="noon"))


def test_of_another_machine_nothing_is_claimed() -> None:
    """A process there cannot be seen from here: both ways are told."""
    said = locks.said(complaint(1, host="elsewhere"))
    assert "on elsewhere: look there" in said
    assert "pulumi cancel -s acme" in said


def test_what_is_no_lock_has_no_holder() -> None:
    """Other failures say nothing of locks."""
    assert locks.said("error: no such stack; 0b2c.json: created by a@b (pid 1) at noon") == ""


def test_a_step_that_meets_a_lock_says_who_holds_it(tmp_path: Path) -> None:
    """The demonstration's hint is about the lock, and otherwise the usual one."""
    for text, hint in ((complaint(os.getpid()), "pulumi cancel -s acme"), ("error: it is broken", "correct the cause")):
        script = f"print({text!r}); raise SystemExit(1)"
        with pytest.raises(StepError) as refused:
            Log(tmp_path / "log").run([sys.executable, "-ISc", script], cwd=tmp_path, env={})
        assert hint in refused.value.problems[0].hint


def test_locks_that_lie_in_the_back_end_are_found(tmp_path: Path) -> None:
    """Each by its stack; of another back end nothing is said; a lock that cannot be read is an error."""
    place = tmp_path / ".pulumi" / "locks" / "organization" / "ringfence" / "acme"
    place.mkdir(parents=True)
    content = {"pid": 7, "username": "root", "hostname": "h", "timestamp": LATER}
    (place / "0b2c.json").write_text(json.dumps(content))
    assert locks.kept(f"file://{tmp_path}") == (Lock("acme", "root", "h", 7, LATER),)
    assert locks.kept("s3://bucket") == ()
    (place / "0b2d.json").write_text("{}")
    with pytest.raises(CloudError, match=r"0b2d\.json"):
        locks.kept(f"file://{tmp_path}")
