"""What identifies the declarations that an answer is about: their folder, the git revision, and a digest of their bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration.folder import files

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 20
SHORT = 12
"""Digits of a revision and of a digest that people are shown."""
STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=all", "--ignored", "--", ":(glob)Pulumi.*.yaml")
COMMIT = "# branch.oid "


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The declarations of a folder as they were judged.

    ``digest`` is the SHA-256 of what ``LC_ALL=C sha256sum Pulumi.*.yaml`` prints in the folder. ``revision`` is the commit that is checked
    out there, or that they were read from; empty where git knows none. ``changed``: they are not those of that commit.
    """

    folder: str
    digest: str
    revision: str = ""
    changed: bool = False

    def __str__(self) -> str:
        """Return a line for people."""
        at = f" at {self.revision[:SHORT]}{' (changed)' if self.changed else ''}" if self.revision else ""
        return f"declarations: {self.folder}{at}, sha256 {self.digest[:SHORT]}"


def of_folder(folder: Path) -> Fingerprint:
    """Identify the declarations of a folder as they are now."""
    revision, changed = _checked_out(folder)
    return Fingerprint(str(folder), digest(folder), revision, changed)


def digest(folder: Path) -> str:
    """Return the digest of the declarations of a folder. What cannot be read is no file, and told where it is read as a declaration."""
    total = hashlib.sha256()
    for file in files(folder):
        try:
            content = file.read_bytes()
        except OSError:
            continue
        total.update(f"{hashlib.sha256(content).hexdigest()}  {file.name}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def _checked_out(folder: Path) -> tuple[str, bool]:
    """Return the commit that is checked out, and whether the declarations differ from it."""
    settings = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(["git", *STATUS], cwd=folder, env=settings, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "", False
    lines = done.stdout.decode(errors="replace").splitlines() if done.returncode == 0 else []
    commit = next((line.removeprefix(COMMIT) for line in lines if line.startswith(COMMIT)), "")
    if not commit.isalnum():  # "(initial)": nothing has been committed
        return "", False
    return commit, any(not line.startswith("#") for line in lines)
