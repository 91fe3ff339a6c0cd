"""systemd's own checker takes the units of the backups, the drills and the renewal."""

from __future__ import annotations

import subprocess
from datetime import time
from typing import TYPE_CHECKING

import pytest

from infra.backups import units as backups
from infra.fleet import units as fleet
from infra.units import UnitPlace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.truth
SETTINGS = {"OS_CLOUD": "my cloud", "RINGFENCE_NO_CLOUD": ""}


def of_backups(place: UnitPlace) -> dict[str, str]:
    """Return the units of the backups and the drills."""
    return {
        f"{backups.NAME}.timer": backups.timer([time(2, 30), time(14)]),
        f"{backups.NAME}.service": backups.service(place, SETTINGS, drills=True),
        f"{backups.DRILL}.service": backups.drill(place, SETTINGS),
    }


def of_renewal(place: UnitPlace) -> dict[str, str]:
    """Return the units of the renewal."""
    return {
        f"{fleet.NAME}.timer": fleet.timer(fleet.WEEKLY),
        f"{fleet.NAME}.service": fleet.service(place, SETTINGS, (place.program, "up", "--yes")),
    }


def said(folder: Path, kind: str, *, more: str = "") -> str:
    """Return what systemd says of the units, on a program that is there and has a space in its name."""
    program = folder / "ring fence"
    program.symlink_to("/bin/true")
    place = UnitPlace(str(program), str(folder), str(folder / "none.env"))
    units = of_backups(place) if kind == "backups" else of_renewal(place)
    for name, text in units.items():
        (folder / name).write_text(text + (more if name.endswith(".service") else ""))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in units)], capture_output=True, text=True, check=False
    )
    own = [line for line in done.stderr.splitlines() if any(name in line for name in units)]
    return "\n".join(own) + ("" if done.returncode == 0 else f"\nended with {done.returncode}")


@pytest.mark.parametrize("kind", ["backups", "renewal"])
def test_systemd_takes_them(tmp_path: Path, kind: str) -> None:
    """Without a word about any."""
    assert said(tmp_path, kind) == ""


@pytest.mark.parametrize("kind", ["backups", "renewal"])
def test_systemd_would_say_what_it_does_not_take(tmp_path: Path, kind: str) -> None:
    """The twin: a setting that there is not."""
    assert "Unknown key" in said(tmp_path, kind, more="[Service]\nEnvironmentFiles=x\n")


@pytest.mark.parametrize("at", [fleet.WEEKLY, "00:00", "Thu 23:59"])
def test_systemd_understands_the_moment(at: str) -> None:
    """It tells when the next one is; of none it says that it cannot."""
    (moment,) = (line.partition("=")[2] for line in fleet.timer(at).splitlines() if line.startswith("OnCalendar"))
    asked = ["systemd-analyze", "calendar"]
    assert "Next elapse" in subprocess.run([*asked, moment], capture_output=True, text=True, check=True).stdout
    assert subprocess.run([*asked, f"{moment} x"], capture_output=True, check=False).returncode
