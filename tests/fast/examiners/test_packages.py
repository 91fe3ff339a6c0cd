"""Only the file that is pinned becomes an examiner."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from examiners import packages
from examiners.model import ExaminerError
from examiners.packages import Pin, Toolbox

if TYPE_CHECKING:
    from pathlib import Path


def test_the_pinned_file_is_kept_under_its_hash(tmp_path: Path) -> None:
    """So it is fetched once, also when the archive has another by then."""
    (tmp_path / "x.deb").write_bytes(b"content")
    pin = Pin("x", "1", hashlib.sha256(b"content").hexdigest())
    packages.keep(tmp_path, pin, tmp_path / "x.deb")
    assert packages.kept(tmp_path, pin).read_bytes() == b"content"


def test_another_file_is_refused(tmp_path: Path) -> None:
    """Whatever its name and version are."""
    (tmp_path / "x.deb").write_bytes(b"another")
    pin = Pin("x", "1", hashlib.sha256(b"content").hexdigest())
    with pytest.raises(ExaminerError, match="another file than is pinned"):
        packages.keep(tmp_path, pin, tmp_path / "x.deb")
    assert not packages.kept(tmp_path, pin).exists()


def test_a_program_runs_with_libraries_of_its_own(tmp_path: Path) -> None:
    """Nothing of what is examined, or of this machine, is between it and its answer."""
    words = Toolbox(tmp_path, tmp_path / "seen").program("usr/bin/x")
    assert words[0].startswith(str(tmp_path / "seen"))
    assert words[1] == "--library-path"
    assert all(folder.startswith(str(tmp_path / "seen/usr/lib")) for folder in words[2].split(":"))
