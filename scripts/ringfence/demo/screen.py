"""What is on the screen while the steps run: a table on a terminal, one line per event in a pipe."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ringfence.demo.steps import StepState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ringfence.demo.steps import Step

PERIOD = 0.5
REPEAT_SECONDS = 30.0
"""How often a pipe is told that a step is still at work."""
STYLES = {
    StepState.WAITING: "dim",
    StepState.RUNNING: "cyan",
    StepState.DONE: "green",
    StepState.FAILED: "bold red",
    StepState.NOT_RUN: "yellow",
}


def clock(seconds: float) -> str:
    """Render a duration: ``2:05``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


class TableScreen:
    """For a terminal: one row per step, redrawn in place."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._live = Live(self._table(), console=Console(), refresh_per_second=4)

    def __enter__(self) -> Callable[[], None]:
        """Start drawing; the result draws once more."""
        self._live.start()
        return lambda: self._live.update(self._table())

    def __exit__(self, *_: object) -> None:
        """Draw the end."""
        self._live.update(self._table())
        self._live.stop()

    def _table(self) -> Table:
        table = Table("step", "state", "time", "latest", box=None, pad_edge=False)
        for step in self._steps:
            latest = step.log.latest if step.state is StepState.RUNNING else ""
            table.add_row(step.title, f"[{STYLES[step.state]}]{step.state}[/]", clock(step.seconds()) if step.started else "", latest[:80])
        return table


class LineScreen:
    """For a pipe: a line when a step begins and ends, and now and then while it runs."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._shown: dict[str, tuple[StepState, float]] = {step.name: (StepState.WAITING, 0.0) for step in steps}
        self._began = time.monotonic()

    def __enter__(self) -> Callable[[], None]:
        """Return what tells the news."""
        return self._tell

    def __exit__(self, *_: object) -> None:
        """Tell the last news."""
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        for step in self._steps:
            state, when = self._shown[step.name]
            due = step.state is StepState.RUNNING and now - when >= REPEAT_SECONDS
            if step.state is state and not due:
                continue
            latest = f": {step.log.latest[:100]}" if due and state is StepState.RUNNING else ""
            took = f" after {clock(step.seconds())}" if step.started and (due or step.ended) else ""
            print(f"[{clock(now - self._began)}] {step.title}: {step.state}{took}{latest}", flush=True)
            self._shown[step.name] = (step.state, now)


def screen(steps: Sequence[Step]) -> TableScreen | LineScreen:
    """Return the screen that fits the standard output."""
    return TableScreen(steps) if sys.stdout.isatty() else LineScreen(steps)
