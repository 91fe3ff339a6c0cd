"""The status of many tenants, as its own benchmark measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.fleet import status

if TYPE_CHECKING:
    from benchmarks.lifecycle.asked import Asked
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run


def measure(_asked: Asked, run: Run) -> list[Reading]:
    """Ask for the status of stacks that are made up ``repeats`` times. No cloud is behind them, so they cannot be previewed."""
    listed, shown = status.measured(status.TENANTS, run.repeats, run.say)
    note = f"the engine's own list of them {min(each.clock for each in listed):.1f} s"
    return [run.reading("status", [each.clock for each in shown], note=note, doubt=run.load.doubt)]
