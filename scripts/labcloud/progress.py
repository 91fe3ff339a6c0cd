"""Telling what goes on and for how long: a live line on a terminal, plain lines when the output is piped."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class StepProgress:
    """Shows steps on standard error, so that standard output stays free for results."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._begun = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show one step while it runs and its time when it is done; the yielded function sets the remark beside it."""
        begun = time.monotonic()
        if self.console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            with Progress(*columns, console=self.console, transient=True) as progress:
                task = progress.add_task(what)
                yield lambda remark: progress.update(task, description=f"{what}: {remark}" if remark else what)
        else:
            self.console.print(f"{self._clock()} {what} ...")
            yield lambda _remark: None
        self.console.print(f"{self._clock()} {what}: done in {time.monotonic() - begun:.1f} s")

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(f"{self._clock()} {text}")

    def _clock(self) -> str:
        """Seconds since the beginning."""
        return f"[dim]{time.monotonic() - self._begun:6.1f}[/dim]"
