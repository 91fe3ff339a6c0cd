"""What a sender has on its disk: lines that the store has not answered yet, how far it has, and how far the journal was read.

Everything is written through before it counts, so a server may be switched off at any moment: what was read is sent, perhaps twice.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from hardening.logs.wire import BATCH_BYTES

if TYPE_CHECKING:
    from pathlib import Path

ROOM = 64 * 1024 * 1024
"""Bytes that wait while the store is away; what comes when there is no room is lost, and counted."""
TIDY = 1024 * 1024
"""From this size on the file begins anew whenever nothing waits."""


class Spool:
    """The three files of a folder; one thread adds, another one takes."""

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        """Open it as it was left."""
        self._folder, self._room = folder, room
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._waiting = os.open(folder / "waiting", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = self._whole()
        self._taken = self._number("taken")
        if self._taken > self._size:
            self._taken = 0  # the file had begun anew, and the number had not
        self._changed = threading.Condition()
        self.lost = 0

    def cursor(self) -> str:
        """How far the journal was read; empty at the first start."""
        path = self._folder / "cursor"
        return path.read_text(encoding="ascii").strip() if path.exists() else ""

    def add(self, lines: list[bytes], cursor: str) -> None:
        """Keep lines, then that they were read."""
        with self._changed:
            data = b"".join(lines)
            if self._size - self._taken + len(data) > self._room:
                self.lost += len(lines)
            else:
                self._append(data)
            self._write("cursor", cursor)
            self._changed.notify()

    def take(self, seconds: float | None = None) -> bytes:
        """Wait for lines and return the oldest that make a batch; they stay until :meth:`done`. Empty when the time is over."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._size > self._taken, seconds):
                return b""
            found = os.pread(self._waiting, BATCH_BYTES, self._taken)
            return found[: found.rindex(b"\n") + 1]

    def done(self, size: int) -> None:
        """Forget the oldest lines: the store has them."""
        with self._changed:
            self._taken += size
            if self._taken == self._size and self._size >= TIDY:
                os.ftruncate(self._waiting, 0)
                os.fsync(self._waiting)
                self._size = self._taken = 0
            self._write("taken", str(self._taken))

    def _append(self, data: bytes) -> None:
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._waiting, left) :]
            os.fsync(self._waiting)
        except OSError:
            os.ftruncate(self._waiting, self._size)  # no half of a line stays
            raise
        self._size += len(data)

    def _whole(self) -> int:
        """Cut off what is no whole line, as a server that was switched off leaves it, and return the size."""
        size = end = os.fstat(self._waiting).st_size
        while end and os.pread(self._waiting, 1, end - 1) != b"\n":
            end -= 1
        if end != size:
            os.ftruncate(self._waiting, end)
        return end

    def _number(self, name: str) -> int:
        path = self._folder / name
        text = path.read_text(encoding="ascii").strip() if path.exists() else ""
        return int(text) if text.isdigit() else 0

    def _write(self, name: str, text: str) -> None:
        """Replace a small file at once: after a power cut it is the old one or the new one."""
        new = self._folder / f"{name}.new"
        with new.open("w", encoding="ascii") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self._folder / name)
