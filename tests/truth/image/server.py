"""A booted server of the image and how to log in to it, with the host key pinned from its console as a deployer does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.truth.image.machine import BACKBONE, MANAGEMENT, Machine, Namespace, connect

if TYPE_CHECKING:
    import subprocess

HOST_KEY = "ringfence-hostkey: "


@dataclass(slots=True)
class Server:
    """A booted server and how to log in to it; the host key is pinned from the console, as the deployer does."""

    machine: Machine
    sent: dict[str, set[str]] = field(default_factory=dict)

    @property
    def namespace(self) -> Namespace:
        """Where it lives."""
        return self.machine.namespace

    def start(self) -> str:
        """Power on and wait until it says that it is ready: its host key."""
        self.machine.on()
        self.machine.wait_for_console("ringfence-ready", 600)
        key = self.machine.wait_for_console(HOST_KEY).removeprefix(HOST_KEY)
        (self.machine.folder / "known_hosts").write_text(f"{MANAGEMENT.address} {key}\n", encoding="utf-8")
        return key

    def ssh(self, command: str, *options: str, text: str = "", user: str = "ringfence") -> subprocess.CompletedProcess[str]:
        """Log in anew with OpenSSH and run a command."""
        folder = self.machine.folder
        settings = {
            "BindAddress": BACKBONE,
            "UserKnownHostsFile": str(folder / "known_hosts"),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "ConnectTimeout": "20",
            "LogLevel": "ERROR",
        }
        arguments = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        program = ("ssh", "-F", "none", "-i", str(folder / "key"), *options, *arguments, f"{user}@{MANAGEMENT.address}", command)
        return self.namespace.run(*program, text=text, check=False)

    def done(self, command: str, text: str = "") -> str:
        """Standard output of a command that must succeed."""
        result = self.ssh(command, text=text)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def reach(self, address: str, port: int, source: str = "", timeout: int = 4) -> str:
        """What happens when TCP is opened to the server."""
        return connect(self.namespace, source, address, port, timeout=timeout)
