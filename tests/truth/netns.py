"""Names for network namespaces, so that two runs never meet and what a killed run left is found and taken away."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

PREFIX = "rf"
HOME = Path("/run/netns")
OURS = re.compile(rf"{PREFIX}-(\d+)-")

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
"""For modules that make namespaces: another user's kernel refuses them, and the run says that they were skipped."""


def name(purpose: str) -> str:
    """Return the name of a namespace of this process."""
    return f"{PREFIX}-{os.getpid()}-{purpose}"


def left_behind(names: list[str]) -> list[str]:
    """Return those of the names whose process is gone."""
    found = ((each, OURS.match(each)) for each in names)
    return [each for each, match in found if match and not Path("/proc", match[1]).exists()]


def sweep() -> None:
    """Take away the namespaces of runs that were killed. What programs of theirs are still in them ends with their own deadline."""
    names = [path.name for path in HOME.iterdir()] if HOME.is_dir() else []
    for each in left_behind(names):
        subprocess.run(("ip", "netns", "delete", each), check=False, capture_output=True, timeout=300)
