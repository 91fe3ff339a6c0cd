"""How long `ringfence fleet status` takes of tenants that are made up, beside the engine's own list of their stacks."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.fleet import stacks
from ringfence import engine, folder

if TYPE_CHECKING:
    from collections.abc import Callable

TENANTS = 500
LIMIT_SECONDS = 10.0
ANSWERS = {0, 1, 2}


class Took(NamedTuple):
    """Seconds by the clock, and of processors."""

    clock: float
    processor: float


def measured(tenants: int, repeats: int, tell: Callable[[str], None]) -> tuple[list[Took], list[Took]]:
    """Make the stacks, and return what the engine's list of them took and what their status took, in turn."""
    listed, shown = [], []
    with tempfile.TemporaryDirectory(prefix="ringfence-") as name:
        place = Path(name)
        stacks.project(folder.root(), place / "project", tenants)
        stacks.backend(place / "backend", tenants)
        settings = {"PULUMI_BACKEND_URL": f"file://{place / 'backend'}", "RINGFENCE_STATE": str(place / "state")}
        for _ in range(repeats):
            listed.append(_took(engine.command("stack", "ls", "--json"), place / "project", settings, tenants + 1))
            shown.append(_took([sys.executable, "-m", "ringfence", "fleet", "status", "--json"], place / "project", settings, tenants))
            tell(f"engine's list {listed[-1].clock:.1f} s, status {shown[-1].clock:.1f} s")
    return listed, shown


def _took(command: list[str], place: Path, settings: dict[str, str], rows: int) -> Took:
    """Run a program whose answer has so many rows."""
    began, before = time.perf_counter(), _processor()
    done = subprocess.run(command, cwd=place, env=os.environ | settings, capture_output=True, text=True, check=False)
    took = Took(time.perf_counter() - began, _processor() - before)
    if done.returncode not in ANSWERS:
        raise RuntimeError(done.stderr)
    answer = json.loads(done.stdout)
    found = len(answer if isinstance(answer, list) else answer["tenants"])
    if found != rows:
        what = f"{found} rows, not {rows}"
        raise RuntimeError(what)
    return took


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
