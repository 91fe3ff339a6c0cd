"""`pulumi up` on a tenant that is there: with nothing to do, and with one flow changed."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.up.run import enter_cloud
from infra.errors import CloudError
from ringfence.complaint import complaint
from ringfence.demo import TENANTS
from ringfence.project import Project

if TYPE_CHECKING:
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run
    from ringfence.project import Ended

TENANT = TENANTS[0]
FLOW = "bench"
PORTS = [9200]
ENGINES_OWN = "pulumi:"
"""What the engine keeps for itself: providers and the stack."""


def nothing(run: Run) -> list[Reading]:
    """Bring up what is up, without and with a preview. Raises :class:`CloudError` when there is something to do."""
    enter_cloud()
    with tempfile.TemporaryDirectory() as folder:
        project = copy(Path(folder))
        run.say("bringing the tenant up to its declaration, so that there is nothing to do")
        finished(project.up(hear=run.say))
        plain, previewed = [], []
        for _ in range(run.repeats):
            ended, seconds = timed_up(project, run)
            if ended.steps:
                raise CloudError.of("there was something to do", where=TENANT, expected="no steps", got=str(ended.steps))
            plain.append(seconds)
            began = time.perf_counter()
            finished(project.run("up", "--yes", hear=run.say))
            previewed.append(time.perf_counter() - began)
    return [run.reading("nothing", plain, note=f"tenant {TENANT}"), run.reading("preview", previewed)]


def flow(run: Run) -> list[Reading]:
    """Add a flow and take it away again, in turn; the tenant is as it was afterwards, however this ends."""
    enter_cloud()
    with tempfile.TemporaryDirectory() as folder:
        project = copy(Path(folder))
        before = project.declared()

        def restore() -> None:
            project.declare(before)
            finished(project.up(hear=run.say))

        changed, kinds = [], set()
        with run.endings.undone(restore):
            for _ in range(run.repeats):
                for declared in (with_flow(before), before):
                    project.declare(declared)
                    ended, seconds = timed_up(project, run)
                    if not ended.steps:
                        raise CloudError.of("the changed flow changed nothing", where=TENANT, expected="rules and guest policies")
                    changed.append(seconds)
                    kinds |= {step.kind for step in ended.steps if not step.type.startswith(ENGINES_OWN)}
    return [run.reading("flow", changed, note=f"touched: {', '.join(sorted(kinds))}")]


def copy(folder: Path) -> Project:
    """Return a copy of the project with the tenant's own declaration in it, to be changed."""
    project = Project(folder, TENANT, beside=TENANTS)
    project.copy_declaration()
    return project


def with_flow(tenant: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration with one flow more, between the first and the last of its servers."""
    first, *_, last = tenant["servers"]
    more = {"from": first, "to": last, "protocol": "tcp", "ports": PORTS, "reason": "a benchmark changes a flow", "owner": "bench up"}
    return {**tenant, "flows": {**tenant["flows"], FLOW: more}}


def timed_up(project: Project, run: Run) -> tuple[Ended, float]:
    """Bring the stack up; return how it ended, and its seconds."""
    began = time.perf_counter()
    ended = finished(project.up(hear=run.say))
    return ended, time.perf_counter() - began


def finished(ended: Ended) -> Ended:
    """Return a run of the engine that ended well. Raises :class:`CloudError` with its last words otherwise."""
    if ended.status:
        raise CloudError.of("the engine failed", expected="exit code 0", got=f"{ended.status}: {complaint(ended.output)}")
    return ended
