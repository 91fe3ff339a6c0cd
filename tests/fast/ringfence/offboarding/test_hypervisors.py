"""What hypervisors hold, asked behind a command prefix."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ringfence.offboarding import hypervisors

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


def test_folders_and_secrets_are_listed_and_what_goes_wrong_is_said(tmp_path: Path) -> None:
    """A list that broke off half-way is not the whole."""
    (tmp_path / "instances" / "s1").mkdir(parents=True)
    virsh = tmp_path / "virsh"
    virsh.write_text("#!/bin/sh\necho ' u1  volume v1'\n", encoding="utf-8")
    virsh.chmod(0o755)
    asked = {hypervisors.VARIABLE: f"env PATH={tmp_path}:{os.environ['PATH']}", hypervisors.FOLDER: str(tmp_path / "instances")}
    assert hypervisors.lines(asked) == (["s1", "u1  volume v1"], "")
    virsh.write_text("#!/bin/sh\necho broken >&2; exit 1\n", encoding="utf-8")
    found, why = hypervisors.lines(asked)
    assert (found, why) == (["s1"], "exit code 1: broken")
    assert hypervisors.lines({**asked, hypervisors.FOLDER: str(tmp_path / "none")})[1]
    assert hypervisors.lines({**asked, hypervisors.VARIABLE: "no-such-program"})[1]
    assert hypervisors.lines({}) == (None, hypervisors.SKIP)
