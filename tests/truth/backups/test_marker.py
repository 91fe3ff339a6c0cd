"""The scripts of servers: what they write to a disk before a backup, and what they say of the copy, with the tools of the system."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ringfence.backups.inspecting import LOOK
from ringfence.backups.stillness import WRITE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.truth


def shell(script: str, *words: object, folder: Path) -> str:
    """Run a script of the servers with tools of its own in the place of those that need a disk."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    doubles = {
        "findmnt": f"echo {folder}/disk",
        "mount": f"for last; do :; done; rm -rf $last; cp -a {folder}/disk $last",
        "umount": "rm -rf $1",
        "e2label": "exit ${LABEL_STATUS:-0}",
        "e2fsck": "exit ${FSCK_STATUS:-0}",
    }
    for name, text in doubles.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    text = script.replace("/run/ringfence-drill", f"{folder}/place").replace("[ -b ", "[ -e ")
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", text, "sh", *map(str, words)], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_what_is_written_before_a_backup_is_found_again_and_what_changed_is_named(tmp_path: Path) -> None:
    """The scripts of the servers, on a folder in the place of a disk."""
    disk = tmp_path / "disk"
    disk.mkdir()
    for name in ("a", "with space", "c"):
        (disk / name).write_text(name)
        os.utime(disk / name, (0, 0))
    (disk / "young").write_text("it changes")
    digest = shell(WRITE, tmp_path, "token", folder=tmp_path).strip()
    assert shell(LOOK, tmp_path, digest, folder=tmp_path).splitlines() == [
        "marker|good|",
        "files|good|3 files are as they were",
        "file system|good|",
    ]
    (disk / "young").write_text("it changed")
    assert "bad" not in shell(LOOK, tmp_path, digest, folder=tmp_path)
    (disk / "with space").write_text("damaged")
    assert "files|bad|./with space: FAILED" in shell(LOOK, tmp_path, digest, folder=tmp_path)
    (disk / "with space").unlink()
    assert "files|bad|" in shell(LOOK, tmp_path, digest, folder=tmp_path)
    assert "marker|bad|" in shell(LOOK, tmp_path, "0" * 64, folder=tmp_path)
