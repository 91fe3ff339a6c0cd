"""A server of the guest image, alone in a network namespace: QEMU as Nova would start it, a config drive, one tap for each card."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE = 1200
"""Seconds after which the machine is taken to hang: an emulated server boots in a quarter of a minute where nothing else runs.

Of :meth:`Machine.wait_for_console`, only seconds count in which the machine did not wait for a processor.
"""
URGENT, USUAL = -15, 0
"""Priorities (nice(1)) of QEMU until the kernel speaks, and after that."""
MASK6 = "ffff:ffff:ffff:ffff::"
DEFAULT_ROUTE = (("0.0.0.0", "0.0.0.0"),)  # noqa: S104 - Nova's way to write a default route

BACKBONE = "172.29.0.5"
"""The address that the bastion would have: the only one that may open SSH."""

ELSEWHERE = "172.29.0.77"
"""Another address on the backbone's side, which may open nothing."""


@dataclass(frozen=True, slots=True)
class Card:
    """One card of the server: its tap, its address, the namespace's address on the same segment, and its routes as Nova writes them."""

    tap: str
    mac: str
    address: str
    gateway: str
    prefix_length: int
    routes: tuple[tuple[str, str], ...] = ()
    address6: str = ""

    def networks(self, index: int) -> list[dict[str, object]]:
        """This card's entries in network_data.json."""
        mask = "255.255.255.240" if self.prefix_length == 28 else "255.255.255.0"
        routes = [{"network": network, "netmask": netmask, "gateway": self.gateway} for network, netmask in self.routes]
        entries: list[dict[str, object]] = [
            {"id": f"network{index}", "type": "ipv4", "link": self.tap, "ip_address": self.address, "netmask": mask, "routes": routes}
        ]
        if self.address6:
            entries.append(
                {**entries[0], "id": f"network{index}-6", "type": "ipv6", "ip_address": self.address6, "netmask": MASK6, "routes": []}
            )
        return entries


MANAGEMENT = Card("mgmt", "fa:16:3e:00:00:99", "172.30.0.4", "172.30.0.1", 28, (("172.29.0.0", "255.255.255.0"),))
APP = Card("app", "fa:16:3e:00:00:11", "10.0.0.11", "10.0.0.1", 24, DEFAULT_ROUTE, address6="fd00:aaaa::11")
DATA = Card("data", "fa:16:3e:00:00:12", "10.0.1.11", "10.0.1.1", 24, DEFAULT_ROUTE)


def config_drive(target: Path, cards: tuple[Card, ...], public_key: str, properties: Mapping[str, str]) -> None:
    """Write an ISO as Nova does: label ``config-2``, ``openstack/latest/*.json``."""
    latest = target.parent / "drive/openstack/latest"
    latest.mkdir(parents=True, exist_ok=True)
    network = {
        "links": [{"id": card.tap, "type": "ovs", "mtu": 1442, "ethernet_mac_address": card.mac} for card in cards],
        "networks": [entry for index, card in enumerate(cards) for entry in card.networks(index)],
        "services": [],
    }
    meta = {"hostname": "web.novalocal", "public_keys": {"automation": public_key}, "meta": dict(properties)}
    (latest / "network_data.json").write_text(json.dumps(network), encoding="utf-8")
    (latest / "meta_data.json").write_text(json.dumps(meta), encoding="utf-8")
    run("genisoimage", "-quiet", "-J", "-r", "-V", "config-2", "-o", str(target), str(target.parent / "drive"))


@dataclass(slots=True)
class Namespace:
    """A network namespace of our own, with one tap for each card: the server's whole world."""

    name: str
    cards: tuple[Card, ...]

    def up(self) -> None:
        """Make the namespace; the taps carry the gateways' addresses, the loopback device the backbone's, which asks management."""
        run("ip", "netns", "add", self.name)
        script = ["ip link set lo up", f"ip address add {BACKBONE}/32 dev lo", f"ip address add {ELSEWHERE}/32 dev lo"]
        for card in self.cards:
            script += [
                f"ip tuntap add dev {card.tap} mode tap",
                f"ip link set {card.tap} up mtu 1442",
                f"ip address add {card.gateway}/{card.prefix_length} dev {card.tap}",
            ]
            if card.address6:
                script.append(f"ip address add {card.address6.rpartition(':')[0]}:1/64 dev {card.tap} nodad")
        if MANAGEMENT in self.cards:
            script.append(f"ip route replace 172.30.0.0/28 dev {MANAGEMENT.tap} src {BACKBONE}")
        self.run("sh", "-ec", "\n".join(script))

    def down(self) -> None:
        """Remove the namespace; the taps go with it."""
        run("ip", "netns", "delete", self.name)

    def command(self, *command: str) -> tuple[str, ...]:
        """The command, run inside."""
        return ("ip", "netns", "exec", self.name, *command)

    def run(self, *command: str, text: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        return run(*self.command(*command), text=text, check=check)


@dataclass(slots=True)
class Machine:
    """One server: a disk over the image, a config drive, and QEMU when it is on."""

    namespace: Namespace
    folder: Path
    disks: tuple[str, ...] = ()
    shown: tuple[Path, ...] = ()
    """Raw disks after the others, which the server may read and not write."""
    mebibytes: int = 768
    uuid: str = "0b2c6d0e-0000-4000-8000-000000000001"
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)

    @property
    def console(self) -> Path:
        """What the serial console has printed since power-on."""
        return self.folder / "console.log"

    def on(self) -> None:
        """Power on, as Nova's libvirt driver would: q35, virtio, config drive on a SCSI CD, no hardware virtualisation."""
        command = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "qemu64,-cx16", "-m", str(self.mebibytes), "-smp", "1"]
        command += ["-nodefaults", "-display", "none", "-serial", f"file:{self.console}", "-uuid", self.uuid]
        command += ["-monitor", f"unix:{self.folder}/monitor,server=on,wait=off"]
        command += ["-device", "virtio-scsi-pci", "-device", "virtio-rng-pci"]
        command += ["-drive", f"file={self.folder}/config.iso,format=raw,if=none,id=cd,readonly=on", "-device", "scsi-cd,drive=cd"]
        for index, disk in enumerate(("root.qcow2", *self.disks)):
            # "unsafe" is about the host losing power; it keeps other work on this machine's disk out of the figures.
            command += ["-drive", f"file={self.folder}/{disk},format=qcow2,if=none,id=d{index},cache=unsafe"]
            command += ["-device", f"virtio-blk-pci,drive=d{index}"]
        for index, shown in enumerate(self.shown):
            command += ["-drive", f"file={shown},format=raw,if=none,id=s{index},readonly=on", "-device", f"virtio-blk-pci,drive=s{index}"]
        for card in self.namespace.cards:
            command += ["-netdev", f"tap,id={card.tap},ifname={card.tap},script=no,downscript=no"]
            command += ["-device", f"virtio-net-pci,netdev={card.tap},mac={card.mac}"]
        self.console.write_bytes(b"")
        self._started = time.monotonic()
        self._process = subprocess.Popen(self.namespace.command(*command))
        self._be(URGENT)

    def off(self, *, gently: bool) -> None:
        """Press the power button and wait, or pull the plug."""
        if self._process is None:
            return
        if gently:
            self.monitor("system_powerdown")
            self._process.wait(timeout=PATIENCE)
        else:
            self._process.kill()
            self._process.wait()
        self._process = None

    def monitor(self, line: str) -> None:
        """Say one line to QEMU."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{self.folder}/monitor")
            _until_prompt(connection)
            connection.sendall(f"{line}\n".encode())
            _until_prompt(connection)

    def _be(self, priority: int) -> None:
        """Set how urgent QEMU is, whatever the tests are.

        In its first moments a kernel measures its clocks against the emulated ones. One that is kept from the processor then measures
        wrong, and boots for hours.
        """
        for thread in self._threads():
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), priority)

    def _threads(self) -> list[Path]:
        """Return where the kernel tells of QEMU's threads; one of them may end meanwhile."""
        return list(Path(f"/proc/{self._process.pid}/task").iterdir()) if self._process else []

    @property
    def starved_seconds(self) -> float:
        """Seconds since power-on that the most patient thread of QEMU waited for a processor (the kernel's sched-stats.rst)."""
        waited = [0]
        for thread in self._threads():
            with suppress(FileNotFoundError, ProcessLookupError):
                waited.append(int((thread / "schedstat").read_text(encoding="ascii").split()[1]))
        return max(waited) / 1e9

    @property
    def seconds(self) -> float:
        """Seconds since power-on."""
        return time.monotonic() - self._started

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds that QEMU has used: the boot time of a machine that nothing else uses."""
        assert self._process is not None
        with open(f"/proc/{self._process.pid}/stat", encoding="ascii") as stream:  # noqa: PTH123
            fields = stream.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_for_console(self, text: str, timeout: float = PATIENCE) -> str:
        """Wait for a line of the console that contains ``text``; the line."""
        while self.seconds - self.starved_seconds < timeout:
            lines = self.console.read_text(encoding="utf-8", errors="replace").splitlines()
            if lines:
                self._be(USUAL)
            found = next((line for line in lines if text in line), None)
            if found is not None:
                return found.strip()
            assert self._process is None or self._process.poll() is None, "QEMU has ended"
            time.sleep(0.2)
        said = self.console.read_text(errors="replace")[-2000:]
        raise AssertionError(f"no {text!r} within {timeout} s, {self.starved_seconds:.0f} s without processor left out:\n{said}")


def _until_prompt(connection: socket.socket) -> None:
    """Read until QEMU has done what it was told."""
    said = b""
    while not said.endswith(b"(qemu) "):
        more = connection.recv(4096)
        if not more:  # it has ended
            return
        said += more


def connect(namespace: Namespace, source: str, address: str, port: int, *, timeout: int = 5) -> str:
    """Open TCP from inside the namespace: ``OK`` with the first bytes of the peer, ``TIMEOUT``, ``REFUSED`` or ``UNREACHABLE``."""
    result = namespace.run("python3", "-c", _CONNECT, source, address, str(port), str(timeout))
    return result.stdout.strip()


_CONNECT = """
import socket, sys
source, address, port, timeout = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
try:
    with socket.create_connection((address, port), timeout, (source, 0) if source else None) as peer:
        print("OK", peer.recv(64).decode(errors="replace").strip())
except TimeoutError:
    print("TIMEOUT")
except ConnectionRefusedError:
    print("REFUSED")
except OSError as error:
    print("UNREACHABLE", error)
"""


def fates(namespace: Namespace, ends: Sequence[tuple[str, str, int]], twin: tuple[str, str, int]) -> list[str]:
    """Open TCP to several (source, address, port) at once: what has become of each when a later one, the twin, has been greeted by SSH.

    So a slow machine gets the time that it needs: a guest takes what arrives in its order, and sshd is long after it. A connection of
    which nothing was heard until then is a ``TIMEOUT``, provided that the other end is there (its neighbours know its card).
    """
    said: list[str] = json.loads(namespace.run("python3", "-c", _FATES, json.dumps(ends), json.dumps(twin), str(PATIENCE)).stdout)
    return said


_FATES = """
import json, select, socket, subprocess, sys
ends, (source, address, port), patience = json.loads(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
opened = []
for here, there, door in ends:
    s = socket.socket(socket.AF_INET6 if ":" in there else socket.AF_INET)
    s.setblocking(False)
    if here:
        s.bind((here, 0))
    s.connect_ex((there, door))
    opened.append(s)
for _ in range(2):
    with socket.create_connection((address, port), patience, (source, 0) if source else None) as peer:
        assert peer.recv(64).startswith(b"SSH-2.0"), "the twin is no SSH server"
fate = []
for (here, there, door), s in zip(ends, opened):
    poll = select.poll()
    poll.register(s, select.POLLOUT)
    error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if poll.poll(0) else None
    known = "lladdr" in subprocess.run(("ip", "neighbour", "show", "to", there), capture_output=True, text=True).stdout
    fate.append("OK" if error == 0 else "REFUSED" if error == 111 else "TIMEOUT" if error is None and known else f"UNREACHABLE {error}")
print(json.dumps(fate))
"""


def run(*command: str, text: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command; its output is in the result, and in the error when it fails."""
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert not check or result.returncode == 0, f"{' '.join(command)}: {result.stderr or result.stdout}"
    return result
