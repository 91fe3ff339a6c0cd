"""From a bare machine to the finished demonstration: cannot be measured from inside, so the demonstration keeps its own times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.up.figures import Reading
from ringfence.demo import times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.up.run import Run

WHOLE = "all"
"""The part of the demonstration that has everything in it."""


def measure(run: Run) -> list[Reading]:
    """Return the last good runs of the whole demonstration: from a bare machine, from its packages on, and with caches warm."""
    kept = [each for each in times.read() if each.good and each.part == WHOLE]
    return [
        reading(run, "demo-bare", [each for each in kept if each.is_bare], "found nothing"),
        reading(run, "demo-empty", [each for each in kept if each.is_empty], "found packages and nothing else"),
        reading(run, "demo-warm", [each for each in kept if each.is_warm], "found all caches and no lab"),
    ]


def reading(run: Run, figure: str, runs: Sequence[times.Run], wanted: str) -> Reading:
    """Return the last of the runs as a reading; none is a reading without values."""
    if not runs:
        return run.reading(figure, (), doubt=f"{times.file().name} has no good run of scripts/demo that {wanted}")
    last = runs[-1]
    steps = ", ".join(f"{step.name} {step.seconds:.0f} s" for step in last.steps)
    return Reading(figure=figure, values=(last.seconds,), when=last.began, load=None, note=steps)
