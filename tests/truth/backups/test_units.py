"""systemd's own checker takes the units of the backups and the drills."""

from __future__ import annotations

import subprocess
from datetime import time
from typing import TYPE_CHECKING

import pytest

from infra.backups.units import DRILL, NAME, UnitPlace, drill, service, timer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.truth


def said(folder: Path, *, more: str = "") -> str:
    """Return what systemd says of the units, on a program that is there and has a space in its name."""
    program = folder / "ring fence"
    program.symlink_to("/bin/true")
    place = UnitPlace(str(program), str(folder), str(folder / "none.env"))
    settings = {"OS_CLOUD": "my cloud"}
    (folder / f"{NAME}.service").write_text(service(place, settings, drills=True))
    (folder / f"{DRILL}.service").write_text(drill(place, settings) + more)
    (folder / f"{NAME}.timer").write_text(timer([time(2, 30), time(14)]))
    files = [str(folder / file) for file in (f"{NAME}.service", f"{NAME}.timer", f"{DRILL}.service")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False)
    return "\n".join(line for line in done.stderr.splitlines() if NAME in line or DRILL in line) + (
        "" if done.returncode == 0 else f"\nended with {done.returncode}"
    )


def test_systemd_takes_them(tmp_path: Path) -> None:
    """Without a word about any."""
    assert said(tmp_path) == ""


def test_systemd_would_say_what_it_does_not_take(tmp_path: Path) -> None:
    """The twin: a setting that there is not."""
    assert "Unknown key" in said(tmp_path, more="[Service]\nEnvironmentFiles=x\n")
