"""A booted server of the image and how to log in to it, with the host key pinned from its console as a deployer does."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from hardening.image import cache
from tests.truth import netns
from tests.truth.image.machine import BACKBONE, MANAGEMENT, PATIENCE, Card, Machine, Namespace, config_drive, connect, fates, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

HOST_KEY = "ringfence-hostkey: "


@dataclass(slots=True)
class Server:
    """A booted server and how to log in to it; the host key is pinned from the console, as the deployer does."""

    machine: Machine
    address: str = MANAGEMENT.address
    source: str = BACKBONE
    port: int = 22
    sent: dict[str, set[str]] = field(default_factory=dict)
    boot_cpu_seconds: float = field(default=0.0, init=False)
    """CPU seconds from power-on until the server said that it is ready, before anybody logged in."""

    @property
    def namespace(self) -> Namespace:
        """Where it lives."""
        return self.machine.namespace

    def start(self) -> str:
        """Power on and wait until it says that it is ready and somebody is logged in: its host key."""
        self.machine.on()
        self.machine.wait_for_console("ringfence-ready")
        self.boot_cpu_seconds = self.machine.cpu_seconds
        key = self.machine.wait_for_console(HOST_KEY).removeprefix(HOST_KEY)
        host = self.address if self.port == 22 else f"[{self.address}]:{self.port}"
        (self.machine.folder / "known_hosts").write_text(f"{host} {key}\n", encoding="utf-8")
        self._log_in_first()
        return key

    def _log_in_first(self) -> None:
        """Wait for a login, as the deployer does (``infra/ssh/access.py``).

        The first one after a boot takes more than twice the processor time of a later one (4.3 s and 1.9 s, emulated). On a busy machine
        that is longer than sshd waits (``LoginGraceTime``).
        """
        end = time.monotonic() + PATIENCE
        while (first := self.ssh("true")).returncode:
            assert time.monotonic() < end, f"nobody is let in: {first.stderr.strip()}"
            time.sleep(1)

    def command(self, command: str, *options: str, user: str = "ringfence", limit: int = 600) -> tuple[str, ...]:
        """The words that log in anew with OpenSSH and run a command; after ``limit`` seconds it is ended with exit code 124."""
        folder = self.machine.folder
        settings = {
            "BindAddress": self.source,
            "Port": str(self.port),
            "UserKnownHostsFile": str(folder / "known_hosts"),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "ConnectTimeout": "300",
            "LogLevel": "ERROR",
        }
        arguments = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        program = ("timeout", str(limit), "ssh", "-F", "none", "-i", str(folder / "key"), *options, *arguments, f"{user}@{self.address}")
        return self.namespace.command(*program, *([command] if command else []))

    def ssh(
        self, command: str, *options: str, text: str = "", user: str = "ringfence", limit: int = 600
    ) -> subprocess.CompletedProcess[str]:
        """Log in anew with OpenSSH and run a command; after ``limit`` seconds it is ended with exit code 124."""
        return run(*self.command(command, *options, user=user, limit=limit), text=text, check=False)

    def done(self, command: str, text: str = "") -> str:
        """Standard output of a command that must succeed."""
        result = self.ssh(command, text=text)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def reach(self, address: str, port: int, source: str = "", timeout: int = 4) -> str:
        """What happens when TCP is opened to the server."""
        return connect(self.namespace, source, address, port, timeout=timeout)

    def fates(self, *ends: tuple[str, int, str]) -> list[str]:
        """What has become of connections to (address, port, own address) when a later one has been greeted; for what does not answer."""
        asked = [(source, address, port) for address, port, source in ends]
        return fates(self.namespace, asked, (self.source, self.address, self.port))


def new_machine(folder: Path, cards: tuple[Card, ...], properties: Mapping[str, str], *disks: str) -> Machine:
    """A machine that was never on, with a volume from the image; its namespace is not up yet. Skips, and says why, what cannot be made."""
    image = cache.image_path()
    if not image.exists():
        pytest.skip("the image is not built; next: scripts/image build")
    if missing := [program for program in ("qemu-system-x86_64", "qemu-img", "genisoimage", "ssh") if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(unpacked(image, folder.parent)), str(folder / "root.qcow2"), "3G")
    for disk in disks:
        run("qemu-img", "create", "-q", "-f", "qcow2", str(folder / disk), "256M")
    config_drive(folder / "config.iso", cards, (folder / "key.pub").read_text(encoding="utf-8").strip(), properties)
    return Machine(Namespace(netns.name(folder.name[:8]), cards), folder, disks)


def unpacked(image: Path, folder: Path) -> Path:
    """The image as a cloud's volumes have it, which are not compressed: made once in a folder, and each server writes above it."""
    target, draft = folder / "image.raw", folder / "image.draft"
    if not target.exists():
        run("qemu-img", "convert", "-O", "raw", str(image), str(draft))
        draft.rename(target)
    return target


PARAMIKO = f"""
import socket, sys
import paramiko
address, source, key, known = sys.argv[1:]
client = paramiko.SSHClient()
client.load_host_keys(known)
client.set_missing_host_key_policy(paramiko.RejectPolicy())
peer = socket.create_connection((address, 22), 300, ({BACKBONE!r}, 0))
identity = paramiko.Ed25519Key.from_private_key_file(key)
client.connect(address, username="ringfence", pkey=identity, sock=peer, banner_timeout=300, auth_timeout=300)
print(client.exec_command("id -un", timeout=300)[1].read().decode())
client.close()
"""
