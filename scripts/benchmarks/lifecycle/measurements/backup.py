"""A backup, an increment and a restore, by ringfence and by the bare call, in turn on one volume."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.lifecycle.figures import CHANGED_MIB
from benchmarks.lifecycle.measurements import scene as scenes
from benchmarks.lifecycle.measurements.clearing import SOURCE, cleared
from benchmarks.lifecycle.measurements.copies import Bare, Ours
from benchmarks.lifecycle.measurements.scene import NAME
from benchmarks.up.run import enter_cloud

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.lifecycle.asked import Asked
    from benchmarks.lifecycle.measurements.copies import Copier
    from benchmarks.lifecycle.measurements.scene import Scene
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

STEPS = ("full", "increment", "restore")
Took = dict[str, float]


def measure(asked: Asked, run: Run) -> list[Reading]:
    """Copy and restore both ways, ``repeats`` times; who begins changes."""
    enter_cloud()
    began = perf_counter()
    scene = scenes.opened(asked.server)
    opening = perf_counter() - began
    with run.endings.undone(lambda: cleared(scene)):
        bare, ours = rounds(scene, asked, run)
    note = f"{asked.gib} GiB, {asked.written} MiB written" if asked.doubt else ""
    return [*(ratio(run, step, (ours, bare), note, asked.doubt) for step in STEPS), run.reading("opening", (opening,))]


def ratio(run: Run, step: str, pair: tuple[list[Took], list[Took]], note: str, doubt: str) -> Reading:
    """Return the multiples of a step, and beside them the medians that they are made of."""
    ours, bare = ([took[step] for took in each] for each in pair)
    times = f"{median(ours):.1f} s, bare {median(bare):.1f} s"
    values = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    return run.reading(step, values, note="; ".join(filter(None, (times, note))), doubt=doubt)


def rounds(scene: Scene, asked: Asked, run: Run) -> tuple[list[Took], list[Took]]:
    """Return what each step took by the bare call and by ringfence."""
    run.say("making and writing the volume")
    volume = Bare(scene).make(SOURCE.removeprefix(f"{NAME}."), asked.gib, scene.kind)
    scenes.write(scene, volume, asked.written)
    found: dict[str, list[Took]] = {"bare": [], "ours": []}
    ways: list[tuple[str, Callable[[], Copier]]] = [
        ("bare", lambda: Bare(scene, volume)),
        ("ours", lambda: Ours(scene, volume, asked.gib)),
    ]
    for number in range(run.repeats):
        for name, way in ways if number % 2 == 0 else reversed(ways):
            run.say(f"{name}, {number + 1} of {run.repeats}")
            found[name].append(one_round(way(), lambda: scenes.write(scene, volume, CHANGED_MIB)))
            cleared(scene, but=volume)
    return found["bare"], found["ours"]


def one_round(copier: Copier, change: Callable[[], None]) -> Took:
    """Return the seconds of each step; the change between is not counted."""
    moments = [perf_counter()]
    full = copier.full()
    moments.append(perf_counter())
    change()
    moments.append(perf_counter())
    increment = copier.increment(full)
    moments.append(perf_counter())
    copier.restore(increment)
    moments.append(perf_counter())
    return {"full": moments[1] - moments[0], "increment": moments[3] - moments[2], "restore": moments[4] - moments[3]}
