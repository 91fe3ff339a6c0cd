"""A stack in a temporary copy of the project: benchmarks and live tests change declarations there, and none in the work tree."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from infra.declaration.yaml.scalars import plain
from infra.operators.registry import FILE as OPERATORS
from ringfence import engine, folder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

ROOT = folder.root()
"""The checkout: benchmarks and live tests run there."""
SECONDS = 1200
"""How long a run of the engine may take."""
PATIENCE_SECONDS = 300
"""How long an engine that was asked to stop may take for what it has begun."""
PARTS = ("Pulumi.yaml", "Pulumi.platform.yaml", "infra", "hardening", ".venv")
SAME, CREATE, UPDATE, DELETE = "same", "create", "update", "delete"
READS = {"read", "refresh"}
HEARS_INTERRUPTS = ("env", "--default-signal=INT")
"""A shell starts what runs in its background with interrupts ignored, and whoever inherits that can never be asked to stop."""
DEBUGGING = {"PULUMI_DEBUG_COMMANDS": "true"}
"""Without it the engine does not know the option for its event log."""

Hear = Callable[[str], None]
"""Is told each line that the engine prints, as it prints it."""


@dataclass(frozen=True, slots=True)
class EngineStep:
    """One thing that the engine did or would do."""

    operation: str
    type: str
    name: str

    @property
    def kind(self) -> str:
        """The last word of the type."""
        return self.type.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the engine ended, with the steps that were more than looking."""

    status: int
    output: str
    steps: tuple[EngineStep, ...] = ()

    def kinds(self, operation: str) -> set[str]:
        """Return the kinds of resources that an operation touched."""
        return {step.kind for step in self.steps if step.operation == operation}


class _Declarations(yaml.SafeDumper):
    """Writes a value out wherever it stands, as a declaration has no anchors, and in quotes whatever readers of YAML do not agree on."""

    def ignore_aliases(self, _data: object) -> bool:
        """Return that nothing is an alias."""
        return True

    def text(self, word: str) -> yaml.ScalarNode:
        """Return a text as a declaration's reader takes it: ``02:30`` is one in quotes only."""
        return self.represent_scalar("tag:yaml.org,2002:str", word, style=None if plain(word) == word else '"')


_Declarations.add_representer(str, _Declarations.text)


def declaration_text(whole: Mapping[str, Any]) -> str:
    """Return a declaration as a file, which the reader takes for the same."""
    text: str = yaml.dump(whole, Dumper=_Declarations, sort_keys=False)
    return text


def ignore(_line: str) -> None:
    """Hear nothing."""


class Project:
    """The project with a declaration of one's own for one stack, at the same backend as the user's.

    ``beside`` are the stacks whose declarations lie there as well: the program proves all of them apart. Servers believe the authority of
    the user's operators here as well; who is certified or revoked in the folder is so in the folder only.
    """

    def __init__(self, folder: Path, stack: str, *, beside: Collection[str] = ()) -> None:
        self.folder, self.stack = folder, stack
        others = (f"Pulumi.{name}.yaml" for name in beside if name != stack)
        for part in (*PARTS, *others, *(file for file in (OPERATORS,) if (ROOT / file).exists())):
            place = folder / part
            if not place.exists():  # several stacks may share a folder, and a declaration of one's own stays
                place.symlink_to(ROOT / part)

    @property
    def file(self) -> Path:
        """The declaration."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def copy_declaration(self) -> None:
        """Start from the declaration of the work tree."""
        shutil.copy(ROOT / f"Pulumi.{self.stack}.yaml", self.file)

    def declare(self, tenant: dict[str, Any]) -> None:
        """Write a declaration, keeping what the engine keeps in the same file."""
        kept = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        config = {**kept.get("config", {}), "ringfence:tenant": tenant}
        self._write({**kept, "config": config})

    def declared(self) -> dict[str, Any]:
        """Read the declaration back."""
        tenant: dict[str, Any] = yaml.safe_load(self.file.read_text())["config"]["ringfence:tenant"]
        return tenant

    def allow_replacing(self, *servers: str) -> None:
        """Allow replacements by name, as an operator does."""
        whole = yaml.safe_load(self.file.read_text())
        whole["config"]["ringfence:allowReplace"] = list(servers)
        self._write(whole)

    def _write(self, whole: dict[str, Any]) -> None:
        self.file.write_text(declaration_text(whole))

    def run(self, *arguments: str, hear: Hear = ignore) -> Ended:
        """Run the engine on the stack; never raises for its exit code. Interrupted, it lets the engine end what it has begun."""
        lines = []
        with subprocess.Popen(
            [*HEARS_INTERRUPTS, *self.command(*arguments)],
            cwd=self.folder,
            env={**os.environ, **DEBUGGING},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C reaches the engine once, from here, and not its plug-ins beside it
        ) as process:
            clock = threading.Timer(SECONDS, process.terminate)
            clock.start()
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    hear(line.rstrip())
            except BaseException:
                _stop(process)
                raise
            finally:
                clock.cancel()
        return Ended(process.returncode, "".join(lines))

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a run."""
        return engine.command(*arguments, "--stack", self.stack)

    def preview(self) -> Ended:
        """Preview, with the planned steps."""
        done = subprocess.run(
            self.command("preview", "--json"), cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        steps = json.loads(done.stdout).get("steps", []) if done.stdout.lstrip().startswith("{") else []
        return Ended(done.returncode, done.stdout + done.stderr, _steps(steps))

    def up(self, *, hear: Hear = ignore) -> Ended:
        """Update, with the steps that were taken."""
        log = self.folder / "events.json"
        log.unlink(missing_ok=True)
        ended = self.run("up", "--yes", "--skip-preview", "--event-log", str(log), hear=hear)
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        taken = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
        return Ended(ended.status, ended.output, _steps(taken))

    def ensure(self) -> None:
        """Make the stack when the engine does not have it."""
        subprocess.run(
            engine.command("stack", "select", "--create", self.stack),
            cwd=self.folder,
            env=os.environ,
            check=True,
            capture_output=True,
            timeout=SECONDS,
        )


def _steps(entries: list[dict[str, Any]]) -> tuple[EngineStep, ...]:
    """Return the entries of a plan or an event log that are more than looking."""
    return tuple(_step(entry["op"], entry["urn"]) for entry in entries if entry["op"] not in {SAME, *READS})


def _step(operation: str, urn: str) -> EngineStep:
    kinds, _, name = urn.rpartition("::")
    return EngineStep(operation, kinds.rpartition("::")[2].rpartition("$")[2], name)


def _stop(process: subprocess.Popen[str]) -> None:
    """Ask an engine to stop and wait: killed at once it would leave its state locked, and things that no state knows."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
