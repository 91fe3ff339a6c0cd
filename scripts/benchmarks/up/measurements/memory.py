"""How much memory the lab takes with both tenants in it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.up import programs
from benchmarks.up.run import enter_cloud
from infra.errors import CloudError
from ringfence.demo import TENANTS
from ringfence.project import ROOT

if TYPE_CHECKING:
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

KIB_PER_GIB = 1 << 20
LAB = "lab"


def measure(run: Run) -> list[Reading]:
    """Look once, with every server of both tenants at work."""
    enter_cloud()
    if os.environ.get("OS_CLOUD") != LAB:
        return [run.reading("memory", (), doubt="the cloud is not the lab on this machine")]
    run.say("are all servers of both tenants active?")
    count = servers()
    run.say("adding up")
    note = f"of it {processes(lab_maps()):.1f} GiB the lab's own processes; {count} servers of {len(TENANTS)} tenants, and the bastion"
    return [run.reading("memory", (in_use(Path("/proc/meminfo").read_text(encoding="ascii")),), note=note)]


def in_use(meminfo: str) -> float:
    """Return the GiB that are in use and could not be had without swapping, from the text of /proc/meminfo."""
    found = dict(re.findall(r"^(\w+): +(\d+) kB$", meminfo, re.MULTILINE))
    return (int(found["MemTotal"]) - int(found["MemAvailable"])) / KIB_PER_GIB


def processes(smaps: str) -> float:
    """Return the GiB of processes, what they share counted once, from texts of /proc/PID/smaps_rollup."""
    return sum(map(int, re.findall(r"^Pss: +(\d+) kB$", smaps, re.MULTILINE))) / KIB_PER_GIB


def lab_maps() -> str:
    """Return the maps of all processes in the lab; some may end while they are read."""
    command = [str(ROOT / "scripts/lab"), "exec", "sh", "-c", "cat /proc/[0-9]*/smaps_rollup 2>/dev/null || true"]
    done = programs.finished(command)
    if done.returncode:
        raise CloudError.of("the lab does not answer", where="scripts/lab exec", got=done.stderr.strip(), hint="./scripts/lab status")
    return done.stdout


def servers() -> int:
    """Return how many servers both tenants have. Raises :class:`CloudError` unless all are active."""
    from infra.dynamic import clouds  # noqa: PLC0415 - the cloud's client takes a second to import
    from ringfence.verify import failures, stacks  # noqa: PLC0415 - as above

    with failures.translated("asking for the tenants' servers"):
        found = {
            f"{tenant}/{name}": clouds.admin().compute.get_server(server.id).status
            for tenant in TENANTS
            for name, server in stacks.tenant(tenant).facts.servers.items()
        }
    off = {name: status for name, status in found.items() if status != "ACTIVE"}
    if off:
        raise CloudError.of("not all servers are active", expected="all of both tenants", got=str(off), hint="./scripts/demo build")
    return len(found)
