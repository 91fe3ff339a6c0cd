"""Running programs inside the lab, and marks that say that a directory was prepared to its end."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARK = ".complete"


def run(*command: str | Path, environment: Mapping[str, str] | None = None, told: str = "") -> None:
    """Run a program, which reads ``told``; ``CalledProcessError`` when it fails."""
    subprocess.run([str(part) for part in command], check=True, env=environment, input=told, text=True)


def output(*command: str | Path) -> str:
    """Run a program and return what it printed."""
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def succeeds(*command: str | Path) -> bool:
    """Run a program and tell whether it ended with 0."""
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def is_complete(directory: Path) -> bool:
    """Tell whether a directory was prepared to its end."""
    return (directory / MARK).exists()


def start_over(directory: Path) -> None:
    """Make a directory empty: what a killed preparation left in it is of no use to anyone."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)


def complete(directory: Path) -> None:
    """Mark a directory as prepared."""
    (directory / MARK).touch()
