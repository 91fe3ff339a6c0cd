"""OVN and Open vSwitch as private processes on Unix sockets in a folder: no root, no network, nothing of the machine's own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

READY = 300.0
SCHEMAS = {"nb": "/usr/share/ovn/ovn-nb.ovsschema", "sb": "/usr/share/ovn/ovn-sb.ovsschema"}
SWITCH_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/share/openvswitch/scripts"


class Control:
    """The control socket of a daemon: JSON-RPC, as ``ovs-appctl`` speaks it, without a process for every question."""

    def __init__(self, path: Path) -> None:
        """Connect."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._decoder = json.JSONDecoder()
        self._rest = ""

    def ask(self, method: str, *parameters: str) -> str:
        """Return the answer. Raises ``RuntimeError`` with what the daemon says is wrong."""
        self._socket.sendall(json.dumps({"id": 0, "method": method, "params": parameters}).encode())
        while True:
            with contextlib.suppress(json.JSONDecodeError):
                answer, end = self._decoder.raw_decode(self._rest)
                self._rest = self._rest[end:].lstrip()
                if answer.get("error"):
                    raise RuntimeError(f"{method} {parameters}: {answer['error']}")
                return str(answer["result"])
            data = self._socket.recv(1 << 20)
            if not data:
                raise RuntimeError(f"{method}: the daemon is gone")
            self._rest += data.decode()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Daemons:
    """Processes that end with the block."""

    def __init__(self, folder: Path) -> None:
        """Remember where sockets and databases go."""
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        names = ("OVS_RUNDIR", "OVN_RUNDIR", "OVS_DBDIR", "OVN_DBDIR", "OVS_LOGDIR", "OVN_LOGDIR")
        self.environment = {"PATH": PATH, **dict.fromkeys(names, str(folder))}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            process.wait(READY)

    def start(self, *command: str, ready: Path) -> None:
        """Start a daemon and wait for the socket that shows that it is ready."""
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            self._processes.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))
        deadline = time.monotonic() + READY
        while not ready.exists():
            assert not self._processes[-1].poll(), (self.folder / f"{command[0]}.log").read_text()
            assert time.monotonic() < deadline, f"{command[0]} is not ready after {READY} s"
            time.sleep(0.02)

    def run(self, *command: str, text: str = "") -> str:
        """Run a client."""
        done = subprocess.run(command, env=self.environment, input=text, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{command[:6]}: {done.stderr}"
        return done.stdout

    def version(self, program: str) -> str:
        """Return name and version of a program, as it says itself."""
        return self.run(program, "--version").splitlines()[0].replace("(Open vSwitch) ", "")


class Ovn(Daemons):
    """A northbound and a southbound database, northd between them, and ovn-trace as a daemon."""

    def __init__(self, folder: Path) -> None:
        """Remember where sockets and databases go."""
        super().__init__(folder)
        self._tracers: list[int] = []

    def begin(self) -> Self:
        """Start everything but the trace, which wants a southbound database that is filled."""
        for name, schema in SCHEMAS.items():
            self.run("ovsdb-tool", "create", str(self.folder / f"{name}.db"), schema)
            where = self.folder / f"{name}.sock"
            control = f"--unixctl={self.folder / f'{name}.ctl'}"
            self.start("ovsdb-server", f"--remote=punix:{where}", control, str(self.folder / f"{name}.db"), ready=where)
        databases = (f"--ovnnb-db=unix:{self.folder / 'nb.sock'}", f"--ovnsb-db=unix:{self.folder / 'sb.sock'}")
        control_file = self.folder / "northd.ctl"
        self.start("ovn-northd", *databases, f"--unixctl={control_file}", ready=control_file)
        return self

    def write(self, transactions: Iterable[Iterable[list[str]]]) -> None:
        """Run ovn-nbctl commands, one transaction each, and wait until the southbound database has them."""
        base = ("ovn-nbctl", f"--db=unix:{self.folder / 'nb.sock'}")
        for commands in transactions:
            words: list[str] = []
            for command in commands:
                words += [*(["--"] if words else []), *command]
            if words:
                self.run(*base, *words)
        self.run(*base, "--wait=sb", "sync")

    def tracer(self) -> Control:
        """Start ovn-trace and return its control socket."""
        name = f"trace{len(self._tracers)}"
        control, pid = self.folder / f"{name}.ctl", self.folder / f"{name}.pid"
        # It goes into the background once it has read the database; its socket is there before that, and must not be used.
        self.run("ovn-trace", f"--db=unix:{self.folder / 'sb.sock'}", "--ct=new", "--ct=new", "--minimal", "--detach", "--no-chdir",
                 f"--unixctl={control}", f"--pidfile={pid}")  # fmt: skip
        self._tracers.append(int(pid.read_text()))
        return Control(control)

    def trace(self, switch: str, packet: str, states: tuple[str, ...]) -> str:
        """Trace one packet by a process of its own: a daemon heeds states of connection tracking for its first packet only."""
        tracking = [f"--ct={state}" for state in states]
        return self.run("ovn-trace", f"--db=unix:{self.folder / 'sb.sock'}", *tracking, "--minimal", switch, packet)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for tracer in self._tracers:
            os.kill(tracer, signal.SIGTERM)
        super().__exit__(kind, error, trace)


class Switch(Daemons):
    """One Open vSwitch bridge on the dummy datapath, which traces packets and sends none."""

    BRIDGE = "br0"

    def begin(self) -> Self:
        """Start database and switch, and make a bridge with two ports."""
        database, where = self.folder / "conf.db", self.folder / "db.sock"
        self.run("ovsdb-tool", "create", str(database), SWITCH_SCHEMA)
        self.start("ovsdb-server", f"--remote=punix:{where}", f"--unixctl={self.folder / 'db.ctl'}", str(database), ready=where)
        vsctl = ("ovs-vsctl", f"--db=unix:{where}", "--no-wait")
        self.run(*vsctl, "init")
        control = self.folder / "switch.ctl"
        self.start("ovs-vswitchd", f"unix:{where}", "--enable-dummy=override", "--disable-system", f"--unixctl={control}", ready=control)
        ports = [["--", "add-port", self.BRIDGE, f"p{n}", "--", "set", "Interface", f"p{n}", "type=dummy", f"ofport_request={n}"]
                 for n in (1, 2)]  # fmt: skip
        self.run("ovs-vsctl", f"--db=unix:{where}", "add-br", self.BRIDGE, "--", "set", "Bridge", self.BRIDGE, "datapath_type=dummy",
                 "fail-mode=secure", *(word for port in ports for word in port))  # fmt: skip
        return self

    def flows(self, lines: Iterable[str]) -> None:
        """Replace all flows."""
        file = self.folder / "flows.txt"
        file.write_text("\n".join(lines) + "\n")
        self.run("ovs-ofctl", "-O", "OpenFlow13", "replace-flows", f"unix:{self.folder}/{self.BRIDGE}.mgmt", str(file))

    def tracer(self) -> Control:
        """Return the switch's control socket."""
        return Control(self.folder / "switch.ctl")


Json = dict[str, Any]
