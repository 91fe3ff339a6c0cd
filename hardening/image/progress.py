"""Tell a person what a long step does and for how long; one line for each step when nobody watches."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


class Progress:
    """Steps on standard error: a line that counts seconds on a terminal, and a plain line at the end of each step anywhere else."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._live = stream.isatty()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show ``title`` and the time while the block runs, and the time that it took afterwards."""
        started, done = time.monotonic(), threading.Event()
        watcher = threading.Thread(target=self._count, args=(title, started, done), daemon=True)
        if self._live:
            watcher.start()
        try:
            yield
        finally:
            done.set()
            if self._live:
                watcher.join()
        self._stream.write(f"{self._return()}{title}: {time.monotonic() - started:.0f} s\n")
        self._stream.flush()

    def _count(self, title: str, started: float, done: threading.Event) -> None:
        while not done.wait(1):
            self._stream.write(f"{self._return()}{title} ... {time.monotonic() - started:.0f} s")
            self._stream.flush()

    def _return(self) -> str:
        return "\r\x1b[K" if self._live else ""
