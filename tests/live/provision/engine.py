"""The engine as these tests drive it: stacks in a temporary copy of the project, so that no declaration in the work tree is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 1200
PARTS = ("Pulumi.yaml", "Pulumi.platform.yaml", "infra", "hardening", ".venv")
SAME, CREATE, UPDATE, DELETE = "same", "create", "update", "delete"
READS = {"read", "refresh"}


@dataclass(frozen=True, slots=True)
class Step:
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
    steps: tuple[Step, ...] = ()

    def kinds(self, operation: str) -> set[str]:
        """Return the kinds of resources that an operation touched."""
        return {step.kind for step in self.steps if step.operation == operation}


class Project:
    """The project with a declaration of one's own for one stack, at the same backend as the user's."""

    def __init__(self, folder: Path, stack: str) -> None:
        self.folder, self.stack = folder, stack
        for part in PARTS:
            (folder / part).symlink_to(ROOT / part)

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
        self.file.write_text(yaml.safe_dump({**kept, "config": config}, sort_keys=False))

    def declared(self) -> dict[str, Any]:
        """Read the declaration back."""
        tenant: dict[str, Any] = yaml.safe_load(self.file.read_text())["config"]["ringfence:tenant"]
        return tenant

    def allow_replacing(self, *servers: str) -> None:
        """Allow replacements by name, as an operator does."""
        whole = yaml.safe_load(self.file.read_text())
        whole["config"]["ringfence:allowReplace"] = list(servers)
        self.file.write_text(yaml.safe_dump(whole, sort_keys=False))

    def run(self, *arguments: str) -> Ended:
        """Run the engine on the stack; never raises for its exit code."""
        done = subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False)
        return Ended(done.returncode, done.stdout + done.stderr)

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a run."""
        return ["pulumi", *arguments, "--stack", self.stack, "--non-interactive"]

    def preview(self) -> Ended:
        """Preview, with the planned steps."""
        done = subprocess.run(
            self.command("preview", "--json"), cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        steps = json.loads(done.stdout).get("steps", []) if done.stdout.lstrip().startswith("{") else []
        planned = tuple(_step(entry["op"], entry["urn"]) for entry in steps if entry["op"] not in {SAME, *READS})
        return Ended(done.returncode, done.stdout + done.stderr, planned)

    def up(self) -> Ended:
        """Update, with the steps that were taken."""
        log = self.folder / "events.json"
        log.unlink(missing_ok=True)
        ended = self.run("up", "--yes", "--skip-preview", "--event-log", str(log))
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        taken = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
        steps = tuple(_step(entry["op"], entry["urn"]) for entry in taken if entry["op"] not in {SAME, *READS})
        return Ended(ended.status, ended.output, steps)

    def ensure(self) -> None:
        """Make the stack when the engine does not have it."""
        subprocess.run(
            ["pulumi", "stack", "select", "--create", self.stack, "--non-interactive"],
            cwd=self.folder,
            env=os.environ,
            check=True,
            capture_output=True,
            timeout=SECONDS,
        )


def _step(operation: str, urn: str) -> Step:
    kinds, _, name = urn.rpartition("::")
    return Step(operation, kinds.rpartition("::")[2].rpartition("$")[2], name)
