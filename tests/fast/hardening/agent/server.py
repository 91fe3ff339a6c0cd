"""A server without a kernel: the agent on real files, in a folder, with a packet filter, units and checks that are remembered only.

It can be killed at any step: from then on nothing that the agent does has an effect, whatever it catches, as after ``kill -9``.
"""

from __future__ import annotations

import getpass
import grp
import itertools
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hardening.agent import checks, generation, packet_filter, processes, states, store, units
from hardening.agent.paths import Paths
from hardening.bundle import Bundle, FileFacts, GuestFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

OWNER = f"{getpass.getuser()}:{grp.getgrgid(os.getgid()).gr_name}"
CHAINS = "".join(f"hook {hook} priority filter; policy drop;\n" for hook in ("input", "forward", "output"))
STEPS = ("replace", "symlink", "mkdir", "rmdir", "unlink", "open")
"""Functions of the system that change something."""


class Killed(BaseException):
    """The agent is dead."""


def bundle(name: str, *files: GuestFile, units: tuple[str, ...] = ("chrony.service",)) -> Bundle:
    """A bundle whose packet filter and files have its name in them."""
    own = (
        GuestFile("chrony/chrony.conf", f"# {name}\n", owner=OWNER),
        GuestFile("chrony/server.key", f"private-{name}\n", 0o600, OWNER),
        *files,
    )
    return Bundle(f"# {name}\n", own, units)


@dataclass(slots=True)
class Server:
    """What a server holds, and how it can be killed."""

    paths: Paths
    kernel: str = "# base\n"
    daemon: list[FileFacts] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    left: int | None = None

    def step(self) -> None:
        """One step further; dead when none is left."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    def run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Stand for every program of the guest."""
        self.step()
        program = os.path.basename(command[0])  # noqa: PTH119
        verb = f"{program} {command[1]}" if program == "systemctl" else program
        if verb in self.refusals:
            return subprocess.CompletedProcess(command, 1, "", self.refusals[verb])
        return subprocess.CompletedProcess(command, 0, self._answer(verb, command, text), "")

    def _answer(self, verb: str, command: tuple[str, ...], text: str) -> str:
        if verb == "replace-ruleset":
            self.kernel = text
        elif verb == "load-firewall":
            self.kernel, source = packet_filter.next_boots(self.paths)
            return source
        elif verb == "systemctl restart":
            self.restarts.append(" ".join(command[3:]))
            self.daemon = generation.found(self.paths.files)
        elif verb == "systemctl show":
            return "\n\n".join(f"Id={unit}\nLoadState=loaded\nActiveState=active" for unit in command[4:])
        elif verb == "unshare" and "--net" in command:
            return "{}" if "-j" in command[-1] else CHAINS
        elif verb == "nft":
            return "{}"
        return ""

    def reboot(self) -> None:
        """Forget what is in memory, and start as the image does."""
        self.left = None
        shutil.rmtree(self.paths.run)
        os.makedirs(self.paths.run)  # noqa: PTH103
        os.symlink(f"{self.paths.confirmed}/files", self.paths.files)  # noqa: PTH211
        self.kernel = packet_filter.next_boots(self.paths)[0]
        self.daemon = generation.found(self.paths.files)

    @property
    def holds(self) -> tuple[str, list[FileFacts], list[FileFacts]]:
        """The packet filter in force, the files in force, and the files that the units have read."""
        return self.kernel, generation.found(self.paths.files), self.daemon

    def killed_at_every_step(self, command: Callable[[], object], again: Callable[[], None]) -> Iterator[int]:
        """Run a command and kill it at its first step, its second, and so on until it comes to its end; ``again`` prepares each time."""
        for number in itertools.count():
            again()
            self.left = number
            try:
                command()
            except Killed:
                self.left = None
                yield number
            else:
                self.left = None
                return


def all_of(wanted: Bundle) -> tuple[str, list[FileFacts], list[FileFacts]]:
    """What a server holds when a bundle is in force, and nothing else."""
    facts = sorted(file.facts for file in wanted.files)
    return wanted.policy, facts, facts


def new_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server after its first boot."""
    paths = Paths(*(str(folder / name) for name in ("etc", "lib", "run")))
    for path in paths:
        os.mkdir(path)  # noqa: PTH102
    (folder / "etc/base.nft").write_text("# base\n")
    server = Server(paths)
    for module in (packet_filter, checks, units):
        monkeypatch.setattr(module, "run", server.run)
    monkeypatch.setattr(processes, "start_later", lambda *_: server.step())
    monkeypatch.setattr(checks, "find", lambda program: f"/usr/sbin/{program}")
    monkeypatch.setattr(states, "os", Stepping(server))
    monkeypatch.setattr(store, "os", Stepping(server))
    monkeypatch.setattr(generation, "os", Stepping(server))
    return server


class Stepping:
    """The module ``os``, in which every change is a step, and nothing waits for a disk."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        """The module's own function, behind a step."""
        if name == "fsync":
            return lambda _: None
        function = getattr(os, name)
        if name not in STEPS:
            return function

        def stepped(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            if name != "open" or arguments[1] & os.O_CREAT:
                self._server.step()
            return function(*arguments, **named)

        return stepped
