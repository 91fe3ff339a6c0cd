"""PID 1 of the lab: makes its private file systems, then keeps services on the orders of a control socket.

Standard library only, run by the system's Python. When it ends, the kernel ends everything else in its PID namespace, guests included.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from labcloud.layout import CODE, Layout
from labcloud.model import Event, Service, version
from labcloud.processes.children import Children
from labcloud.processes.service_manager import ServiceManager

HOST_NAME = "lab"


def private_file_systems(layout: Layout) -> None:
    """Cover /etc and /var by overlays and /run by an empty one; the machine's own stay as they are."""
    for name in ("etc", "var"):
        upper, work = layout.overlay / name / "upper", layout.overlay / name / "work"
        upper.mkdir(parents=True, exist_ok=True)
        work.mkdir(parents=True, exist_ok=True)
        options = f"lowerdir=/{name},upperdir={upper},workdir={work}"
        _do("mount", "-t", "overlay", "overlay", "-o", options, f"/{name}")
    _do("mount", "-t", "tmpfs", "tmpfs", "/run")
    _do("mount", "-t", "sysfs", "sysfs", "/sys")
    for directory in ("lock", "netns", "mysqld", "libvirt", "openvswitch", "ovn", "ceph"):
        Path("/run", directory).mkdir(parents=True, exist_ok=True)
    _do("hostname", HOST_NAME)


def private_network() -> None:
    """Bring up the loopback and let the lab forward packets between its external network and its `internet`."""
    _do("ip", "link", "set", "lo", "up")
    for name, value in (
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
        # The APIs listen on the external network's gateway as well, before Open vSwitch has made that address.
        ("net/ipv4/ip_nonlocal_bind", "1"),
    ):
        Path("/proc/sys", name).write_text(value)


def environment(layout: Layout) -> dict[str, str]:
    """What every service sees; nothing of the caller's own environment."""
    return {
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PATH": layout.search_path,
        "PYTHONPATH": str(CODE),
        # The code tree may be read-only or another user's: leave no byte code in it.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The control socket: one order per connection, reports streamed back as lines of JSON."""

    daemon_threads = True
    manager: ServiceManager
    version: str


class Orders(socketserver.StreamRequestHandler):
    """Reads one order and carries it out."""

    server: Server

    def handle(self) -> None:
        """Carry out one order; a caller that goes away does not stop the work."""
        line = self.rfile.readline()
        if not line.strip():
            return
        order = json.loads(line)
        manager = self.server.manager
        match order["order"]:
            case "start":
                services = tuple(Service.from_wire(wire) for wire in order["services"])
                self._say({"done": True, "ok": manager.start(services, self._report)})
            case "stop":
                manager.stop(tuple(order["names"]), self._report)
                self._say({"done": True, "ok": True})
            case "states":
                self._say({"done": True, "ok": True, "states": manager.states()})
            case "version":
                self._say({"done": True, "ok": True, "version": self.server.version})
            case "shutdown":
                manager.stop_all(self._report)
                self._say({"done": True, "ok": True})
                os.kill(os.getpid(), signal.SIGUSR1)
            case unknown:
                self._say({"done": True, "ok": False, "detail": f"unknown order {unknown}"})

    def _report(self, name: str, event: Event, detail: str) -> None:
        """Pass on one event."""
        log(f"{name}: {event} {detail}".rstrip())
        self._say({"service": name, "event": event, "detail": detail})

    def _say(self, message: dict[str, Any]) -> None:
        """Send one line."""
        try:
            self.wfile.write(json.dumps(message).encode() + b"\n")
            self.wfile.flush()
        except OSError:
            return


def log(text: str) -> None:
    """One line in the supervisor's log (its standard output)."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


def main(root: Path) -> None:
    """Be PID 1 until told to end."""
    layout = Layout.load(root)
    private_file_systems(layout)
    private_network()
    os.chdir(root)
    os.environ["PATH"] = layout.search_path
    ending = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    manager = ServiceManager(layout, Children(), environment(layout))
    layout.socket.unlink(missing_ok=True)
    # A relative path: the name of a socket must fit into 108 bytes, that of a state directory need not.
    with Server(layout.socket.name, Orders) as server:
        server.manager = manager
        server.version = version()
        layout.socket.chmod(0o600)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log("ready")
        received = signal.sigwait(ending)
        if received is not signal.SIGUSR1:
            manager.stop_all(lambda name, event, detail: log(f"{name}: {event} {detail}".rstrip()))
        log("end")
    os._exit(0)


def _do(*command: str) -> None:
    """Run one command of the set-up; before the reaper exists, so ``subprocess`` is safe."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
