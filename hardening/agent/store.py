"""Files, links and folders, so that after a crash each is the old one or the new one and never a part."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.agent.paths import Paths

FOLDER_MODE = 0o755


def read(path: str) -> str:
    """Text of a file; ``-`` is standard input."""
    if path == "-":
        return sys.stdin.read()
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - pathlib costs an emulated guest a quarter of a second
        return stream.read()


def write(path: str, text: str) -> None:
    """Replace a file for root only."""
    temporary = f"{path}.new"
    remove(temporary)
    create(temporary, text.encode(), 0o600)
    os.replace(temporary, path)  # noqa: PTH105
    sync_folder(os.path.dirname(path))  # noqa: PTH120


def create(path: str, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Make a new file that has its owner and its mode before its first byte; nobody else could read it before either."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
        if owner is not None:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)


def make_folder(path: str) -> None:
    """Make a folder, and those that it is in, which everybody may pass and root alone may change."""
    if os.path.isdir(path):  # noqa: PTH112
        return
    make_folder(os.path.dirname(path))  # noqa: PTH120
    os.mkdir(path)  # noqa: PTH102
    os.chmod(path, FOLDER_MODE)  # noqa: PTH101 - whatever the caller's umask was


def switch(link: str, target: str) -> None:
    """Let a link point elsewhere, in one step."""
    temporary = f"{link}.new"
    remove(temporary)
    os.symlink(target, temporary)  # noqa: PTH211
    os.replace(temporary, link)  # noqa: PTH105
    sync_folder(os.path.dirname(link))  # noqa: PTH120


def sync_folder(path: str) -> None:
    """Put what a folder lists on the disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def remove(path: str) -> None:
    """Remove a file, a link or a whole folder, if it is there; a link's target stays."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        os.unlink(path)  # noqa: PTH108
        return
    for name in os.listdir(path):  # noqa: PTH208
        remove(f"{path}/{name}")
    os.rmdir(path)  # noqa: PTH106


@contextlib.contextmanager
def locked(paths: Paths) -> Iterator[None]:
    """Hold the lock of the state: one command at a time."""
    make_folder(paths.run)
    descriptor = os.open(f"{paths.run}/lock", os.O_RDWR | os.O_CREAT, 0o600)
    with open(descriptor, "w", encoding="utf-8") as lock:  # noqa: PTH123 - a descriptor
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
