"""The examiners as a disk that a server may only read: a file system made from their folder, without a mount."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from examiners.model import ExaminerError

if TYPE_CHECKING:
    from pathlib import Path

    from examiners.packages import Toolbox
    from hardening.image.progress import Progress

ROOM: Final = 1.3
"""Size of the file system, in terms of its files."""


def made(tools: Toolbox, progress: Progress) -> Path:
    """Return the disk, made once for these examiners. Raises :class:`ExaminerError` when the file system cannot be made."""
    target = tools.folder.with_suffix(".ext4")
    if target.exists():
        return target
    draft = target.with_suffix(".draft")
    size = sum(path.lstat().st_size for path in tools.folder.rglob("*"))
    with progress.step("A disk with the examiners"):
        with draft.open("wb") as stream:
            stream.truncate(int(size * ROOM) + (32 << 20))
        command = ("mkfs.ext4", "-q", "-F", "-m", "0", "-L", "examiners", "-O", "^has_journal", "-d", str(tools.folder), str(draft))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        draft.unlink()
        raise ExaminerError.of("the examiners' disk cannot be made", where=str(target), expected="mkfs.ext4 to end with 0", got=done.stderr)
    draft.rename(target)
    return target
