"""The shipped declarations as if they declared services, or none, or no backups, whatever they declare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from tests.fast.declaration.declared import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

BACKUP = re.compile(r", backup: \{[^}]*\}")


def offer(tree: Path, **services: object) -> Path:
    """Let the platform of a folder offer every service, or those that are not ``None``; returns its file."""
    file = tree / "Pulumi.platform.yaml"
    declared = yaml.safe_load(file.read_text())
    offered = {key: value for key, value in (SERVICES | services).items() if value is not None}
    declared["config"]["ringfence:platform"]["services"] = offered
    file.write_text(yaml.safe_dump(declared, sort_keys=False))
    return file


def offer_nothing(tree: Path) -> None:
    """Let the platform of a folder declare no services."""
    file = tree / "Pulumi.platform.yaml"
    declared = yaml.safe_load(file.read_text())
    declared["config"]["ringfence:platform"].pop("services", None)
    file.write_text(yaml.safe_dump(declared, sort_keys=False))


def without_backups(text: str) -> str:
    """Return the text of a shipped declaration that declares no backups: whoever reads it then asks no cloud for them."""
    return BACKUP.sub("", text)
