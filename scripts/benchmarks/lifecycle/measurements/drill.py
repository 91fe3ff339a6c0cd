"""A drill of one server against bare calls: its disks restored, and one boot from the root disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.lifecycle.measurements import scene as scenes
from benchmarks.lifecycle.measurements.clearing import cleared
from benchmarks.lifecycle.measurements.copies import Bare
from benchmarks.lifecycle.measurements.scene import NAME, PATIENCE_SECONDS
from benchmarks.up.run import enter_cloud
from infra.declaration import names
from infra.errors import CloudError
from ringfence.backups import drilling
from ringfence.backups.making import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.lifecycle.asked import Asked
    from benchmarks.lifecycle.measurements.scene import Scene
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run
    from infra.backups.records import BackupRecord


def measure(asked: Asked, run: Run) -> list[Reading]:
    """Drill and repeat by bare calls what a drill cannot do without, ``repeats`` times."""
    enter_cloud()
    scene = scenes.opened(asked.server)
    drills, bare = [], []
    with run.endings.undone(lambda: cleared(scene)):
        for number in range(1, run.repeats + 1):
            run.say(f"drill {number} of {run.repeats}")
            took, records = drilled(asked)
            drills.append(took)
            run.say(f"restore and boot {number} of {run.repeats}")
            bare.append(restored_and_booted(scene, records))
            cleared(scene)
    values = [mine / theirs for mine, theirs in zip(drills, bare, strict=True)]
    note = f"{scene.tenant.name}/{scene.server}: {median(drills):.0f} s; restore and boot by bare calls {median(bare):.0f} s"
    return [run.reading("drill", values, note=note)]


def drilled(asked: Asked) -> tuple[float, Sequence[BackupRecord]]:
    """Drill the generation whose turn it is; return the seconds, and its backups. Raises :class:`CloudError` when it did not end well."""
    began = perf_counter()
    scene = scenes.opened(asked.server)
    with scene.tenant.journal.held():
        server, one = drilling.turn(scene.tenant, scene.server)
        found, _ = drilling.drilled(scene.tenant, server, one, PATIENCE_SECONDS)
    took = perf_counter() - began
    if drilling.exit_code(found):
        got = "; ".join(f"{each.disk} {each.check}: {each.verdict} {each.said}" for each in found if each.verdict != drilling.GOOD)
        raise CloudError.of(
            "the drill did not end well: its time says nothing",
            where=f"{scene.tenant.name}/{server}",
            got=got,
            hint="ringfence backup drill",
        )
    return took, one.records


def restored_and_booted(scene: Scene, records: Sequence[BackupRecord]) -> float:
    """Restore all disks, as many at a time as a drill, and boot from the root disk; return the seconds."""
    bare, began = Bare(scene), perf_counter()
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        volumes = dict(zip([record.mark.disk if record.mark else "" for record in records], pool.map(bare.restore, records), strict=True))
    except BaseException:
        bare.waits.stopped.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    server = scene.machines.boot(NAME, volumes[names.ROOT], scene.id)
    said = bare.waits.until(NAME, lambda: _said(scene, server), bool)
    if not said.startswith(drilling.SPOKEN):
        raise CloudError.of("the server did not boot", where=NAME, got=said, hint="ringfence backup drill")
    return perf_counter() - began


def _said(scene: Scene, server: str) -> str:
    """Return the first line of the image's own programs, or why there will be none."""
    if why := scene.machines.failed(server):
        return f"the server could not be made: {why}"
    lines = (line.strip() for line in scene.machines.console(server).splitlines())
    return next((line for line in lines if line.startswith(drilling.SPOKEN)), "")
