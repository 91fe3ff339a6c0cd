"""The wheel as it is released, and what it is installed into."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fast.architecture.sources import ROOT
from tests.fast.test_packaging import locked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SECONDS = 900
FIND_UV = """
set -euo pipefail
ROOT=$1; PYTHON=/usr/bin/python3; shift
source "$ROOT/scripts/paths.sh"; source "$ROOT/scripts/toolchain/uv.sh"
follow_pip_settings; find_uv
"""
"""uv at its pinned version is ``$UV``, and uses the registry of this machine."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """The wheel, and a file with the versions of the lock: a cache has those. What is asked for is decided by the wheel."""

    file: Path
    constraints: Path

    @classmethod
    def build(cls, folder: Path) -> Wheel:
        """Build it into a folder."""
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
        constraints = folder / "constraints.txt"
        constraints.write_text("".join(f"{name}=={number}\n" for name, number in locked().items()))
        return cls(next(folder.glob("*.whl")), constraints)


@dataclass(frozen=True, slots=True)
class Installed:
    """The folder of programs that the wheel was installed into, and the Python that runs it."""

    programs: Path
    python: Path

    def run(self, *arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
        """Run the command line as a person does."""
        return self.execute([str(self.programs / "ringfence"), *arguments], where=where)

    def execute(self, command: Sequence[str], *, where: Path) -> subprocess.CompletedProcess[str]:
        """Run a command with the installed programs on its path, and nothing of this checkout on any path."""
        settings = {"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(where)}
        return subprocess.run(command, cwd=where, env=settings, capture_output=True, text=True, timeout=SECONDS, check=False)


def install(script: str, *arguments: Path | str, settings: Mapping[str, Path] | None = None) -> None:
    """Run a script of the shell that finds uv in ``$UV`` and its arguments from ``$1`` on."""
    environment = {**os.environ, **{name: str(value) for name, value in (settings or {}).items()}}
    command = ["bash", "-c", FIND_UV + script, "-", str(ROOT), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
