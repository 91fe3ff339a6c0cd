"""The guest's own policy files in a network namespace: what the policy command is tested on, without a boot."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardening.image.root import HERE, TREE
from tests.truth import netns
from tests.truth.image.machine import Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = HERE.parent.parent
PATIENCE = 600
"""Seconds after which the machine is taken to hang."""
CHAIN = "    chain {hook} {{\n        type filter hook {hook} priority filter; policy {policy};\n{rules}    }}\n"


def policy(*rules: str, **policies: str) -> str:
    """A policy with these rules for incoming packets; ``output="accept"`` opens a direction, ``output=""`` leaves it out."""
    wanted = {"input": "drop", "forward": "drop", "output": "drop"} | policies
    lines = "".join(f"        {rule}\n" for rule in rules)
    chains = (CHAIN.format(hook=hook, policy=word, rules=lines if hook == "input" else "") for hook, word in wanted.items() if word)
    return f"table inet ringfence {{\n{''.join(chains)}}}\n"


BASE = policy('tcp dport 22 accept comment "base"')
ONE = policy('tcp dport 8001 accept comment "one"')
TWO = policy('tcp dport 8002 accept comment "two"')
EVERYTHING_OPEN = policy(input="accept", forward="accept", output="accept")


SLEEP = """#!/bin/sh
echo >"FOLDER/timer.$PPID"
while [ -e "FOLDER/timer.$PPID" ]; do REAL 0.05; done
"""
"""Stands for the clock: time is over when a test says so, however slow the machine is. The booted server of test_boot.py has a real one."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A namespace that stands for a guest, with the guest's own files."""

    namespace: Namespace
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Where the guest's files are."""
        paths = {name: str(self.folder / name.lower()) for name in ("ETC", "LIB", "RUN")}
        return {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", **{f"RINGFENCE_{name}": path for name, path in paths.items()}}

    def run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run one of the guest's programs."""
        command = self.namespace.command(str(self.folder / "lib" / program), *arguments)
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=self.environment)

    def apply(self, *arguments: str, text: str = "") -> dict[str, Any]:
        """Run the policy command, which must succeed."""
        result = self.run("apply-policy", *arguments, text=text)
        assert result.returncode == 0, result.stderr
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def refused(self, *arguments: str, text: str = "") -> tuple[int, str]:
        """Run the policy command, which must refuse: its exit code and its words."""
        result = self.run("apply-policy", *arguments, text=text)
        assert result.returncode != 0, result.stdout
        return result.returncode, json.loads(result.stderr)["error"]

    @property
    def ruleset(self) -> str:
        """What the kernel holds."""
        return self.namespace.run("nft", "list", "ruleset").stdout

    def in_force(self) -> str:
        """The name of the policy that the kernel holds, from the comment of its one rule; ``deny`` for deny-all, ``nothing`` for none."""
        for name in ("base", "one", "two"):
            if f'comment "{name}"' in self.ruleset:
                return name
        return "deny" if "policy drop" in self.ruleset else "nothing"

    def timers(self, count: int) -> list[Path]:
        """What waits for the end of a stage's time, as soon as there are so many."""
        assert eventually(lambda: len(list(self.folder.glob("timer.*"))) >= count, PATIENCE)
        return list(self.folder.glob("timer.*"))

    def expire(self, *timers: Path) -> None:
        """Let the time of stages be over, and return when each has done what it does then."""
        for timer in timers:
            timer.unlink()
            assert eventually(lambda timer=timer: is_gone(timer), PATIENCE)  # type: ignore[misc]

    def close(self) -> None:
        """End what waits."""
        for timer in self.folder.glob("timer.*"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(timer.suffix[1:]), signal.SIGKILL)

    @property
    def console(self) -> str:
        """What was said on the console."""
        path = self.folder / "console"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def _install(namespace: Namespace, folder: Path) -> Guest:
    """Put the guest's files into ``folder``, with a console that is a file, and a base policy as after a first boot."""
    (folder / "etc").mkdir()
    shutil.copytree(TREE / "usr/lib/ringfence", folder / "lib")
    (folder / "lib/console").write_text(f'#!/bin/sh\necho "$*" >>{folder}/console\n', encoding="utf-8")
    program = "import sys; from hardening.agent.command import main; sys.exit(main(sys.argv[1:]))"
    (folder / "lib/apply-policy").write_text(
        f"#!/bin/sh\nPYTHONPATH={PROJECT} exec {sys.executable} -c '{program}' \"$@\"\n", encoding="utf-8"
    )
    (folder / "etc/base.nft").write_text(BASE, encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin/sleep").write_text(SLEEP.replace("FOLDER", str(folder)).replace("REAL", shutil.which("sleep") or ""), encoding="utf-8")
    (folder / "bin/sleep").chmod(0o755)
    return Guest(namespace, folder)


@contextlib.contextmanager
def after_first_boot(name: str, folder: Path) -> Iterator[Guest]:
    """A guest after its first boot, in a namespace of its own: the base policy is in force."""
    namespace = Namespace(netns.name(name), ())
    guest = _install(namespace, folder)
    namespace.up()
    try:
        assert guest.run("load-firewall").stdout.strip() == "base"
        yield guest
    finally:
        guest.close()
        namespace.down()


def is_gone(timer: Path) -> bool:
    """Whether the program has ended that waited: what is left of it then is at most its exit code, which nobody has asked for yet."""
    try:
        return Path(f"/proc/{timer.suffix[1:]}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def eventually(question: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether the answer becomes yes within the time; for what another process does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if question():
            return True
        time.sleep(0.1)
    return False
