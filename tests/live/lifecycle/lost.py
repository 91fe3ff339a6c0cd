"""What a crash leaves when the cloud's answer never arrived: the cloud has a thing and the stack does not, and its last run broke off."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ringfence.project import Project

STACK = "pulumi:pulumi:Stack"


def forget(project: Project, kinds: Collection[str], scratch: Path) -> list[str]:
    """Take from the stack's state every resource of these types, and say that the last run broke off.

    Returns the names of what was taken. Raises :class:`CloudError` when one of the types has none: then nothing would be tried.
    """
    before, after = scratch / "before.json", scratch / "after.json"
    _engine(project, "export", "--file", str(before))
    state: dict[str, Any] = json.loads(before.read_text())
    resources: list[dict[str, Any]] = state["deployment"]["resources"]
    lost = [entry for entry in resources if entry["type"] in kinds and entry.get("custom")]
    missing = set(kinds) - {entry["type"] for entry in lost}
    if missing:
        raise CloudError.of("the stack has nothing to forget", where=project.stack, expected=", ".join(sorted(missing)), got="none")
    urns = {entry["urn"] for entry in lost}
    kept = [_without(entry, urns) for entry in resources if entry["urn"] not in urns]
    for entry in kept:
        if entry["type"] == STACK:
            entry["outputs"] = {}
    state["deployment"]["resources"] = kept
    after.write_text(json.dumps(state))
    _engine(project, "import", "--file", str(after))
    return sorted(entry["urn"].rpartition("::")[2] for entry in lost)


def _without(entry: dict[str, Any], urns: Collection[str]) -> dict[str, Any]:
    """Return the resource without the lost ones among what it waits for or was made from."""
    waits = [urn for urn in entry.get("dependencies") or [] if urn not in urns]
    by_property = {
        name: [urn for urn in needed or [] if urn not in urns] for name, needed in (entry.get("propertyDependencies") or {}).items()
    }
    return {**entry, "dependencies": waits, "propertyDependencies": by_property}


def _engine(project: Project, verb: str, *arguments: str) -> None:
    """Export or import the state; its secrets stay encrypted."""
    subprocess.run(project.command("stack", verb, *arguments), cwd=project.folder, check=True, capture_output=True, text=True, timeout=120)
