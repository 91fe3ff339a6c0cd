"""A third tenant with two servers: by the stack, and by a bare openstacksdk script, in turn, each from nothing and back to nothing."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.up import reach
from benchmarks.up.measurements import peer
from benchmarks.up.measurements.changes import finished
from benchmarks.up.run import enter_cloud
from infra.declaration import load_platform
from infra.ssh.access import JumpHost, open_bastion
from ringfence.demo import TENANTS, stacks
from ringfence.project import ROOT, Project

if TYPE_CHECKING:
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

STACK, PEER = "bench-third", "bench-third-sdk"
"""The tenant by the stack, and the same by the bare script."""


def declaration(region: str) -> dict[str, Any]:
    """Return what is built: two servers in one zone, each with an encrypted root and data volume; one with a public address."""
    server = {"flavor": "small", "root": 2, "data": {"data": {"size": 1}}}
    flow = {"protocol": "tcp", "reason": "a benchmark builds a tenant", "owner": "bench up"}
    return {
        "region": region,
        "labels": {"classification": "internal", "service": "bench"},
        "zones": {"app": {"cidr": "10.0.0.0/24"}},
        "servers": {"web": {"zones": {"app": 11}, **server, "public": "app"}, "db": {"zones": {"app": 12}, **server}},
        "flows": {
            "shop": {"from": "internet", "to": "web", "ports": [443], **flow},
            "sql": {"from": "web", "to": "db", "ports": [5432], **flow},
        },
    }


def measure(run: Run) -> list[Reading]:
    """Build and remove both in turn, ``repeats`` times."""
    enter_cloud()
    ours: list[float] = []
    engine: list[float] = []
    theirs: list[float] = []
    for number in range(1, run.repeats + 1):
        run.say(f"the stack, {number} of {run.repeats}")
        total, of_it = by_stack(run)
        ours.append(total)
        engine.append(of_it)
        run.say(f"the bare script, {number} of {run.repeats}")
        theirs.append(by_script(run))
    note = f"`pulumi up` itself {median(engine):.0f} s of it"
    ratio = median(ours) / median(theirs)
    return [run.reading("tenant", ours, note=note), run.reading("sdk", theirs), run.reading("ratio", (ratio,))]


def declared(folder: Path, stack: str) -> Project:
    """Return a project with the third tenant's declaration under one of its names."""
    project = Project(folder, stack, beside=TENANTS)
    project.declare(declaration(load_platform(ROOT / "Pulumi.platform.yaml").platform.region))
    return project


def by_stack(run: Run) -> tuple[float, float]:
    """Bring the stack up and destroy it; return the seconds until both servers answered, and those that the engine took."""
    with tempfile.TemporaryDirectory() as folder:
        project = declared(Path(folder), STACK)
        with run.endings.undone(lambda: destroy(project, run)):
            project.ensure()
            began = time.perf_counter()
            finished(project.up(hear=run.say))
            engine = time.perf_counter() - began
            wait_for_servers()
            return time.perf_counter() - began, engine


def wait_for_servers() -> None:
    """Wait until the stack's servers answer over management."""
    from ringfence.verify import stacks  # noqa: PLC0415 - asks the engine

    port = load_platform(ROOT / "Pulumi.platform.yaml").platform.ssh_port
    bastion = stacks.platform().bastion
    servers = stacks.tenant(STACK).facts.servers.values()
    with open_bastion(JumpHost.from_environment(bastion.address, bastion.host_key, port)) as session:
        reach.until_all_answer(session, [server.management for server in servers], port)


def destroy(project: Project, run: Run) -> None:
    """Destroy the stack, if there is one, and forget it. Raises :class:`CloudError` when something stays."""
    if project.stack not in stacks.known(os.environ):
        return
    project.run("cancel", "--yes")  # the lock of a run that was killed: there is only one run at a time
    ended = project.run("destroy", "--yes", "--skip-preview", hear=run.say)
    if ended.status:
        ended = project.run("destroy", "--yes", "--skip-preview", hear=run.say)
    finished(ended)
    finished(project.run("stack", "rm", "--yes"))


def by_script(run: Run) -> float:
    """Run the bare script and remove what it made; return the seconds until both servers answered, Python's start included."""
    from benchmarks.up.bare import removal  # noqa: PLC0415 - imports the engine's SDK

    with tempfile.TemporaryDirectory() as folder:
        file = declared(Path(folder), PEER).file
        order = peer.order(file)

        def remove() -> None:
            run.say("removing what the bare script made")
            removal.remove(PEER)

        with run.endings.undone(remove):
            began = time.perf_counter()
            peer.script(file, order, run.say)
            return time.perf_counter() - began
