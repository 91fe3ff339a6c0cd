"""The command: make the stacks, ask for the status as a user does, and judge the time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated, NamedTuple

import typer

from benchmarks.document import DOCUMENT, machine, replace_section, table
from benchmarks.fleet import stacks
from ringfence import engine, folder

TENANTS, QUICK, REPEATS = 500, 20, 3
LIMIT_SECONDS = 10.0
FAILED = 1
ANSWERS = {0, 1, 2}


class Took(NamedTuple):
    """Seconds by the clock, and of processors."""

    clock: float
    processor: float


def run(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A few tenants, once; the time is shown and not judged.")] = False,
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Status of many tenants" of docs/benchmarks.md.')] = False,
) -> None:
    """`ringfence fleet status` of 500 tenants, beside the engine's own list of their stacks. Exit 0 when it is fast enough, else 1.

    Examples: `./scripts/bench fleet`; `./scripts/bench fleet --quick`; `./scripts/bench fleet --write`
    """
    tenants, repeats = (QUICK, 1) if quick else (TENANTS, REPEATS)
    with tempfile.TemporaryDirectory(prefix="ringfence-") as name:
        place = Path(name)
        stacks.project(folder.root(), place / "project", tenants)
        stacks.backend(place / "backend", tenants)
        settings = {"PULUMI_BACKEND_URL": f"file://{place / 'backend'}", "RINGFENCE_STATE": str(place / "state")}
        listed, shown = [], []
        for _ in range(repeats):
            listed.append(_took(engine.command("stack", "ls", "--json"), place / "project", settings, tenants + 1))
            shown.append(_took([sys.executable, "-m", "ringfence", "fleet", "status", "--json"], place / "project", settings, tenants))
            print(f"engine's list {listed[-1].clock:.1f} s, status {shown[-1].clock:.1f} s", file=sys.stderr, flush=True)
    slow = median(each.clock for each in shown) > LIMIT_SECONDS and not quick
    lines = _table(tenants, {"`pulumi stack ls --json`": listed, "`ringfence fleet status --json`": shown})
    print("\n".join(lines))
    if write:
        command = f"./scripts/bench fleet{' --quick' if quick else ''}"
        judged = f"Bar: {LIMIT_SECONDS:.0f} s by the clock for {TENANTS} tenants: {'missed' if slow else 'met'}."
        replace_section(DOCUMENT, "fleet", "\n".join(["## Status of many tenants", "", machine(command), "", *lines, "", judged]))
    if slow:
        raise typer.Exit(FAILED)


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


def _table(tenants: int, runs: dict[str, list[Took]]) -> list[str]:
    rows = []
    for command, took in runs.items():
        clock = sorted(each.clock for each in took)
        spread = f"{median(clock):.1f} s ({clock[0]:.1f} to {clock[-1]:.1f})"
        rows.append((command, str(tenants), spread, f"{median(each.processor for each in took):.1f} s"))
    return table(("command", "tenants", "by the clock, median of runs in turn", "processor time"), *rows)
