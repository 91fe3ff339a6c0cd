"""The lab's footprint on the machine itself: the process that offers the API ports on the loopback, and who else holds them."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from labcloud.apis import PORTS
from labcloud.layout import CODE, LOOPBACK, SYSTEM_PYTHON
from labcloud.settings import LabError

if TYPE_CHECKING:
    from labcloud.layout import Layout

SECONDS = 20.0
LISTENING = "0A"


def forwarder_pid(layout: Layout) -> int | None:
    """The process that forwards, or nothing. Whether it lives is told by the lock that it holds."""
    file = layout.root / "forwarder.lock"
    try:
        with file.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int(file.read_text() or 0) or None
    return None


def start_forwarder(layout: Layout) -> None:
    """Offer the ports outside unless that is done already; :class:`LabError` names who holds a port that is taken."""
    if forwarder_pid(layout):
        return
    ports = [layout.port(port) for port in PORTS]
    taken = {port: holder(port) for port in ports if _is_taken(port)}
    if taken:
        raise LabError.of(
            "an API port of the lab is taken on this machine's loopback",
            where=", ".join(f"{LOOPBACK}:{port}" for port in taken),
            got="; ".join(f"port {port} is held by {who}" for port, who in taken.items()),
            hint="stop that program, or: ./scripts/lab wipe && RINGFENCE_LAB_PORT_OFFSET=20000 ./scripts/lab up",
        )
    with layout.log("forwarder").open("ab") as output:
        subprocess.Popen(
            [SYSTEM_PYTHON, "-m", "labcloud.processes.forwarder", str(layout.root), *map(str, ports)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CODE), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            start_new_session=True,
        )
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if all(map(_is_taken, ports)):
            return
        time.sleep(0.1)
    hint = "see who holds them with `ss -tlnp`, then run ./scripts/lab up again"
    raise LabError.of("the API ports are not offered on the loopback", where=str(layout.log("forwarder")), hint=hint)


def stop_forwarder(layout: Layout) -> None:
    """End the forwarder."""
    pid = forwarder_pid(layout)
    if pid:
        os.kill(pid, signal.SIGTERM)


def holder(port: int) -> str:
    """Who listens on a port of the loopback: ``process 123 (name)``, or that it cannot be told."""
    inodes = _listening_inodes(port)
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.removeprefix("socket:[").removesuffix("]") in inodes:
            process = link.parents[1]
            return f"process {process.name} ({(process / 'comm').read_text().strip()})"
    return "a process that cannot be seen from here"


def _listening_inodes(port: int) -> set[str]:
    """The socket numbers that listen on a port, from the kernel's tables (proc(5), net/tcp)."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.add(fields[9])
    return found


def _is_taken(port: int) -> bool:
    """Tell whether the loopback's port is in use."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError:
            return True
    return False
