"""Progress on standard error: what is measured, how long so far, and the latest line of whatever is at work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ringfence.demo.screen import REPEAT_SECONDS, clock
from ringfence.demo.steps import ESCAPES

if TYPE_CHECKING:
    from rich.progress import TaskID

SHOWN = 90


class Screen:
    """A moving line on a terminal; in a pipe, a line for each event and now and then the latest one."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
        self._progress = Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._began = self._told = time.monotonic()
        self._task: TaskID | None = None
        self._title = ""

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Draw no more."""
        self._progress.stop()

    def begin(self, title: str) -> None:
        """Tell that something begins; its own clock starts."""
        self._title = title
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(title, total=None)
        self.tell(f"{title} ...")

    def say(self, line: str) -> None:
        """Show a line as the latest one."""
        text = ESCAPES.sub("", line).strip(" .@\n")
        if not text:
            return
        if self._task is not None:
            self._progress.update(self._task, description=f"{self._title}: {text[:SHOWN]}")
        if self._progress.disable and time.monotonic() - self._told >= REPEAT_SECONDS:
            self.tell(f"{self._title}: {text[:SHOWN]}")

    def tell(self, text: str) -> None:
        """Print a line that stays, with the time since the beginning."""
        self._told = time.monotonic()
        self._console.print(f"[{clock(self._told - self._began)}] {text}", markup=False, soft_wrap=True)
