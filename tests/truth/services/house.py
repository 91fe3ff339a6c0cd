"""Servers of the guest image without the machine: its own tree over an overlay, in namespaces, with its own daemons and unit files.

All hosts stand on one bridge. Nothing of it may set this machine's clock: the right to is taken from every process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.truth import netns
from tests.truth.services.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from ipaddress import IPv4Address

    from hardening.bundle import GuestFile

PREFIX_LENGTH = 12
"""Of the one network that all hosts stand on; routers are not what is tested here."""

_SETUP = """
set -e
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/tree"
mount -t proc proc "$2/tree/proc"
mount --rbind /dev "$2/tree/dev"
mount --rbind /sys "$2/tree/sys"
mount -t tmpfs -o mode=755 tmpfs "$2/tree/run"
mount -t tmpfs tmpfs "$2/tree/tmp"
ip link set lo up
touch "$2/ready"
exec sleep infinity
"""


_WITHOUT = ("setpriv", "--bounding-set=-sys_time,-audit_control", "--inh-caps=-sys_time,-audit_control", "--")
"""What is the whole machine's and no host's: its clock, and what its kernel audits."""


def sh(*command: str, check: bool = True, text: str | None = None, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command of this machine and show what it said when it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=seconds)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done


def eventually(question: Callable[[], object], *, seconds: float = 300, pause: float = 0.5) -> bool:
    """Ask until the answer is true, or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(pause)
    return bool(question())


@dataclass
class Daemon:
    """A daemon that was started as its unit says."""

    unit: str
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def pid(self) -> int:
        """Its process; ours is ``nsenter``, which waits for it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
        return int(children[0]) if children else self.process.pid

    @property
    def family(self) -> list[int]:
        """It and all that it has started."""
        found, queue = [], [self.pid]
        while queue:
            found.append(queue.pop())
            children = Path(f"/proc/{found[-1]}/task/{found[-1]}/children")
            queue += map(int, children.read_text(encoding="ascii").split()) if children.exists() else []
        return found

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def said(self) -> str:
        """What it wrote on its standard output and error."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    @property
    def memory(self) -> float:
        """MiB of it and its children: what would be free without them (PSS)."""
        total = 0
        for pid in self.family:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        return total / 1024

    @property
    def computed(self) -> float:
        """Seconds of processor time of it and its children."""
        fields = [Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split() for pid in self.family]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it; with SIGKILL, as a power cut would."""
        if not self.runs:
            return
        for pid in self.family if number is signal.SIGKILL else [self.pid]:
            os.kill(pid, number)
        try:
            self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            for pid in self.family:
                os.kill(pid, signal.SIGKILL)
            self.process.wait(timeout=120)


@dataclass
class Host:
    """A server: a network namespace with one card, and the guest's tree."""

    name: str
    address: IPv4Address
    folder: Path
    tree: Path
    holder: subprocess.Popen[bytes]
    daemons: list[Daemon] = field(default_factory=list)
    guests: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The process that holds its namespaces."""
        text = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text(encoding="ascii")
        return int(text.split()[0])

    @property
    def root(self) -> Path:
        """Its file system, as this machine can reach it."""
        return Path(f"/proc/{self.pid}/root{self.folder}/tree")

    def command(self, *command: str) -> tuple[str, ...]:
        """A command, to be run on it."""
        enter = ("nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--")
        return (*enter, "chroot", str(self.folder / "tree"), *_WITHOUT, *command)

    def run(self, *command: str, check: bool = True, text: str | None = None, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command on it."""
        return sh(*self.command(*command), check=check, text=text, seconds=seconds)

    def run_outside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of this machine in its network."""
        return sh("ip", "netns", "exec", netns.name(self.name), *command)

    def outside(self, *command: str, log: Path) -> None:
        """Start a program of this machine in its network; it ends with the host."""
        with log.open("wb") as stream:
            space = ("ip", "netns", "exec", netns.name(self.name), "setpriv", "--pdeathsig=KILL")
            process = subprocess.Popen((*space, *command), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
        self.guests.append(process)

    def put(self, files: Iterable[GuestFile]) -> None:
        """Put files where the agent would have them."""
        for file in files:
            target = self.root / "run/ringfence/files" / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            target.chmod(file.mode)
            self.run("chown", file.owner, f"/run/ringfence/files/{file.path}")

    def start(self, name: str, *more: str) -> Daemon:
        """Start a unit as systemd would, with ``more`` arguments."""
        unit = Unit.read(self.tree, name)
        for path in unit.conditions:
            assert (self.root / path.lstrip("/")).exists(), f"{name} would not start: {path} is not there"
        account = unit.last("User", "root")
        for folder, mode in unit.folders():
            self.run("install", "-d", "-m", mode, "-o", account, "-g", account, f"/{folder}")
        for source, target in unit.mounts():
            if (self.root / source.lstrip("/")).exists():
                self.run("mount", "--bind", source, target)
        for command in unit.commands("ExecStartPre"):
            self.run(*command)
        (command,) = unit.commands("ExecStart")
        return self.background(*command, *more, name=name)

    def background(self, *command: str, name: str = "program") -> Daemon:
        """Start a command that lasts."""
        output = self.folder / f"{name}.{len(self.daemons)}.log"
        with output.open("wb") as stream:
            process = subprocess.Popen(self.command(*command), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
        daemon = Daemon(name, process, output)
        self.daemons.append(daemon)
        assert eventually(lambda: not daemon.runs or daemon.pid != process.pid, seconds=60, pause=0.05)
        return daemon

    def close(self) -> None:
        """End everything on it."""
        for daemon in self.daemons:
            daemon.stop(signal.SIGKILL)
        for process in (*self.guests, self.holder):
            process.kill()
            process.wait()


@dataclass
class House:
    """All hosts of a test, on one bridge."""

    folder: Path
    tree: Path
    hosts: list[Host] = field(default_factory=list)

    def open(self) -> None:
        """Make the bridge."""
        sh("ip", "netns", "add", netns.name("street"))
        sh("ip", "-n", netns.name("street"), "link", "add", "street", "type", "bridge")
        sh("ip", "-n", netns.name("street"), "link", "set", "street", "up")

    def add(self, name: str, address: IPv4Address) -> Host:
        """Build a host."""
        folder, space = self.folder / name, netns.name(name)
        for each in ("upper", "work", "tree"):
            (folder / each).mkdir(parents=True)
        sh("ip", "netns", "add", space)
        sh("ip", "-n", netns.name("street"), "link", "add", name, "type", "veth", "peer", "name", "mgmt0", "netns", space)
        sh("ip", "-n", netns.name("street"), "link", "set", name, "master", "street", "up")
        sh("ip", "-n", space, "address", "add", f"{address}/{PREFIX_LENGTH}", "dev", "mgmt0")
        sh("ip", "-n", space, "link", "set", "mgmt0", "up")
        # The one process of it that lasts dies with this one, and takes everything along that runs in its namespace of processes.
        # `ip netns exec` would hide the control groups, without which journald ends.
        network = ("nsenter", f"--net=/run/netns/{space}", "--", "setpriv", "--pdeathsig=KILL")
        command = (*network, "unshare", "--mount", "--pid", "--fork", "--kill-child")
        holder = subprocess.Popen((*command, "sh", "-c", _SETUP, "host", str(self.tree), str(folder)), stdin=subprocess.DEVNULL)
        assert eventually((folder / "ready").exists, seconds=120, pause=0.05), f"{name} does not come up"
        host = Host(name, address, folder, self.tree, holder)
        self.hosts.append(host)
        return host

    def cut(self, host: Host) -> None:
        """Take a host off the network."""
        sh("ip", "-n", netns.name("street"), "link", "set", host.name, "down")

    def mend(self, host: Host) -> None:
        """Put it back."""
        sh("ip", "-n", netns.name("street"), "link", "set", host.name, "up")

    def close(self) -> None:
        """Take everything away."""
        for host in self.hosts:
            host.close()
        for name in ("street", *(host.name for host in self.hosts)):
            subprocess.run(("ip", "netns", "delete", netns.name(name)), check=False, capture_output=True, timeout=300)
        shutil.rmtree(self.folder, ignore_errors=True)


def lines(text: str) -> Sequence[str]:
    """Lines that are not empty."""
    return [line for line in text.splitlines() if line.strip()]
