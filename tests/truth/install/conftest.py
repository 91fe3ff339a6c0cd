from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fast.architecture.sources import ROOT
from tests.truth.install.wheels import Wheel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """Build the wheel."""
    return Wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def declarations(tmp_path: Path) -> Path:
    """Return a folder with the sample declarations, kept in git."""
    folder = tmp_path / "declarations"
    folder.mkdir()
    for file in ROOT.glob("Pulumi.*.yaml"):
        shutil.copy(file, folder)
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x", "--no-verify"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder
