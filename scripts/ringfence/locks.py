"""Locks of the engine's file back end: who holds one, and whether that process still lives.

A run that is killed leaves its lock behind, and the engine tells the next one when, by whom, on which machine and by which process it
was made. Whether that process is still at work, and waiting helps, or is gone, and ``pulumi cancel`` does, the engine does not say.
"""

from __future__ import annotations

import json
import os
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKED = "the stack is currently locked by"
HELD = re.compile(r"(?P<file>\S+)\.json(?:\?\S*)?: created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>[0-9]+)\) at (?P<at>\S+)")
"""A lock as the engine prints it (``checkForLock`` in its pkg/backend/diy/lock.go), perhaps with the back end's settings behind it."""
ENGINE = "pulumi"
LONGEST = 120
"""Characters of a command line that are shown."""
SLACK_SECONDS = 2
"""A process that began more than this after the lock was made has not made it; the kernel counts in hundredths of a second."""
PROC = Path("/proc")
START_FIELD = 19
"""Place of the time of start in a process's ``stat``, counted from what follows its name."""
FILES = "file://"
PROJECT = "ringfence"


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock: the stack, and the process that made it."""

    stack: str
    user: str
    host: str
    pid: int
    at: str


def locks(output: str) -> tuple[Lock, ...]:
    """Return the locks that the engine complains of in its output."""
    return tuple(_locks(output)) if LOCKED in output else ()


def kept(backend: str) -> tuple[Lock, ...]:
    """Return the locks that lie in a back end of files; none of any other, which nobody here can look into."""
    if not backend.startswith(FILES):
        return ()
    place = Path(backend.removeprefix(FILES)).expanduser() / ".pulumi" / "locks"
    return tuple(lock for file in sorted(place.glob(f"organization/{PROJECT}/*/*.json")) if (lock := _read(file)))


def said(output: str) -> str:
    """Say of every lock in the engine's output whether its holder lives and what to do; empty when there is none."""
    return "; ".join(map(told, locks(output)))


def told(lock: Lock) -> str:
    """Say who holds a lock, and what to do about it."""
    who = f"the lock of {lock.stack} was made at {lock.at} by process {lock.pid} of {lock.user} on {lock.host}"
    cancel = f"`pulumi cancel -s {lock.stack}` takes the lock away; then run the same command again"
    if lock.host != socket.gethostname():
        return f"{who}: look there whether it still runs and wait for it; if it does not, {cancel}"
    running = holder(lock)
    if running is None:
        return f"{who}, which does not run any more: {cancel}"
    stop = f"stop it with `kill -INT {lock.pid}`, which lets it finish what it has begun"
    return f"{who}, which still runs (`{running}`): wait for its end, or {stop}"


def is_dead(lock: Lock) -> bool:
    """Tell whether the process that made a lock is gone. Of a process on another machine that cannot be told: it is not dead."""
    return lock.host == socket.gethostname() and holder(lock) is None


def holder(lock: Lock) -> str | None:
    """Return the command line of the process that made a lock on this machine; ``None`` when it is gone, also if another has its number."""
    place = PROC / str(lock.pid)
    try:
        words = (place / "cmdline").read_bytes().split(b"\0")
        began = _began(place)
    except OSError:
        return None
    command = b" ".join(words).decode(errors="replace").strip()
    made = _moment(lock.at)
    younger = made is not None and began > made.timestamp() + SLACK_SECONDS
    if not command or younger or ENGINE not in Path(words[0].decode(errors="replace")).name:
        return None
    return command[:LONGEST]


def _began(place: Path) -> float:
    """Return when a process began, in seconds since 1970 (proc_pid_stat(5), proc_stat(5)); 0 where that cannot be read."""
    ticks = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()
    booted = [line.split()[1] for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime ")]
    if len(ticks) <= START_FIELD or not booted:
        return 0
    return int(booted[0]) + int(ticks[START_FIELD]) / os.sysconf("SC_CLK_TCK")


def _locks(output: str) -> Iterator[Lock]:
    for found in HELD.finditer(output):
        stack = found["file"].rpartition("/")[0].rpartition("/")[2]
        yield Lock(stack, found["user"], found["host"], int(found["pid"]), found["at"])


def _read(file: Path) -> Lock | None:
    """Read a lock; ``None`` for one that has just been taken away."""
    try:
        content = json.loads(file.read_bytes())
        return Lock(file.parent.name, str(content["username"]), str(content["hostname"]), int(content["pid"]), str(content["timestamp"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CloudError.of(
            "the engine's lock cannot be read",
            where=str(file),
            got=str(error),
            hint=f"`pulumi cancel -s {file.parent.name}` when nothing runs",
        ) from error


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
