"""Making the lab's namespaces, and giving orders to the supervisor in them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from labcloud.layout import CODE, SYSTEM_PYTHON
from labcloud.model import Event, Service, version
from labcloud.processes import enter
from labcloud.settings import LabError

if TYPE_CHECKING:
    from pathlib import Path

    from labcloud.layout import Layout

Listener = Callable[[str, Event, str], None]
START_SECONDS = 60.0
STOP_SECONDS = 120.0
# Between two messages of the supervisor: longer than any service is given to come up.
SILENCE_SECONDS = 900.0
NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc")


def start(layout: Layout) -> int:
    """Make the namespaces and start the supervisor in them unless it runs; returns its process id."""
    running = enter.supervisor(layout.root)
    if running:
        return running
    log = layout.log("supervisor")
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    environment |= {"HOME": "/root", "PYTHONPATH": str(CODE), "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("ab") as output:
        outer = subprocess.Popen(
            [
                *("unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc"),
                *(SYSTEM_PYTHON, "-m", "labcloud.processes.supervisor", str(layout.root)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pid = enter.supervisor(layout.root)
        if pid:
            return pid
        if outer.poll() is not None:
            break
        time.sleep(0.1)
    raise LabError.of(
        "the lab's namespaces could not be made",
        where=str(log),
        got=_last_line(log),
        hint="root is needed, and a kernel with namespaces and overlayfs",
    )


def order(
    layout: Layout,
    name: str,
    listener: Listener | None = None,
    *,
    silence: float = SILENCE_SECONDS,
    **arguments: object,
) -> dict[str, Any]:
    """Give one order and return the closing message; events on the way go to ``listener``."""
    try:
        for message in _converse(layout.root, {"order": name, **arguments}, silence):
            if message.get("done"):
                return message
            if listener:
                listener(message["service"], Event(message["event"]), message["detail"])
    except TimeoutError as problem:
        where, hint = str(layout.log("supervisor")), "./scripts/lab down, then ./scripts/lab up"
        raise LabError.of(f"the supervisor has been silent for {silence:.0f} s", where=where, hint=hint) from problem
    except OSError as problem:
        raise LabError.of("the lab does not run", where=str(layout.root), hint="./scripts/lab up") from problem
    raise LabError.of("the supervisor ended in the middle of an order", where=str(layout.log("supervisor")), hint="./scripts/lab up")


def start_services(layout: Layout, services: tuple[Service, ...], listener: Listener) -> bool:
    """Start services side by side; true when all are ready."""
    return bool(order(layout, "start", listener, services=[service.to_wire() for service in services])["ok"])


def is_current(layout: Layout) -> bool:
    """Whether the running supervisor was started from the files as they are now; orders to another one could be misread."""
    return bool(order(layout, "version").get("version") == version())


def stop(layout: Layout, listener: Listener | None = None) -> bool:
    """Stop every service and then the namespaces, by force when that takes too long; false when no lab ran."""
    pid = enter.supervisor(layout.root)
    if pid is None:
        return False
    with suppress(LabError):
        order(layout, "shutdown", listener, silence=STOP_SECONDS)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if enter.supervisor(layout.root) is None and not _exists(pid):
            return True
        time.sleep(0.1)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return True


def run_inside(
    layout: Layout, *command: str, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in the lab, its output appended to a log. Secrets travel in ``environment``, never in the command."""
    pid = enter.supervisor(layout.root)
    if pid is None:
        raise LabError.of("the lab does not run", where=str(layout.root), hint="./scripts/lab up")
    with log.open("ab") as output:
        return subprocess.run(
            enter.inside(pid, *command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**inside_environment(layout), **(environment or {})},
            cwd="/",
            check=False,
        )


def inside_environment(layout: Layout) -> dict[str, str]:
    """What a command inside sees: the lab's programs first, the operator's cloud chosen."""
    chosen = os.environ.get("OS_CLOUD", "lab")
    return {
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "TERM": os.environ.get("TERM", "dumb"),
        "PATH": layout.search_path,
        "PYTHONPATH": str(CODE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OS_CLIENT_CONFIG_FILE": str(layout.clouds_file),
        "OS_CLOUD": "lab" if chosen == layout.profile.cloud else chosen,
    }


def _converse(root: Path, message: dict[str, object], seconds: float) -> Iterator[dict[str, Any]]:
    """Send one message and yield the answers; ``TimeoutError`` after so many seconds of silence."""
    with enter.call(root) as line, line.makefile("rwb") as stream:
        line.settimeout(seconds)
        stream.write(json.dumps(message).encode() + b"\n")
        stream.flush()
        for answer in stream:
            yield json.loads(answer)


def _exists(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _last_line(file: Path) -> str:
    """The last line of a log."""
    lines = file.read_text(errors="replace").splitlines()
    return lines[-1] if lines else ""
