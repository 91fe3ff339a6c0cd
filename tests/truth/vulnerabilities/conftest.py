"""Debian's own judges: dpkg orders versions, debsecan finds vulnerabilities. debsecan is unpacked and never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("debsecan", "python3-apt")
PYTHON = "/usr/bin/python3"
"""The one that Debian's packages are for."""


@dataclass(frozen=True)
class Debsecan:
    """debsecan in a folder of its own."""

    folder: Path

    def __call__(self, source: str, suite: str, status: Path) -> list[str]:
        """Return the lines that it says of a system's packages, ``VULNERABILITY PACKAGE (NOTES)``."""
        program = self.folder / "usr/bin/debsecan"
        modules = {"PYTHONPATH": str(self.folder / "usr/lib/python3/dist-packages"), "no_proxy": "*"}
        done = subprocess.run(
            [PYTHON, str(program), "--source", source, "--suite", suite, "--status", str(status)],
            env=os.environ | modules,
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert not done.stderr, done.stderr
        return done.stdout.splitlines()


@pytest.fixture(scope="session")
def debsecan(tmp_path_factory: pytest.TempPathFactory) -> Debsecan:
    """It and the module that it needs, of this machine's release."""
    if missing := [program for program in ("apt-get", "dpkg", PYTHON) if shutil.which(program) is None]:
        pytest.skip(f"debsecan comes from Debian: {', '.join(missing)} is not here")
    folder = tmp_path_factory.mktemp("debsecan")
    subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *PACKAGES], cwd=folder, check=True, timeout=600)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder], check=True, timeout=300)
    return Debsecan(folder)


@pytest.fixture(scope="session")
def dpkg() -> str:
    """The program that orders versions."""
    found = shutil.which("dpkg")
    if found is None:
        pytest.skip("dpkg is not here")
    return found
