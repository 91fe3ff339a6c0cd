"""The command: make the stacks, ask for the status as a user does, and judge the time."""

from __future__ import annotations

import sys
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.document import DOCUMENT, machine, replace_section, table
from benchmarks.fleet.status import LIMIT_SECONDS, TENANTS, measured

if TYPE_CHECKING:
    from benchmarks.fleet.status import Took

QUICK, REPEATS = 20, 3
FAILED = 1


def run(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A few tenants, once; the time is shown and not judged.")] = False,
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Status of many tenants" of docs/benchmarks.md.')] = False,
) -> None:
    """`ringfence fleet status` of 500 tenants, beside the engine's own list of their stacks. Exit 0 when it is fast enough, else 1.

    Examples: `./scripts/bench fleet`; `./scripts/bench fleet --quick`; `./scripts/bench fleet --write`
    """
    tenants, repeats = (QUICK, 1) if quick else (TENANTS, REPEATS)
    listed, shown = measured(tenants, repeats, lambda line: print(line, file=sys.stderr, flush=True))
    slow = median(each.clock for each in shown) > LIMIT_SECONDS and not quick
    lines = _table(tenants, {"`pulumi stack ls --json`": listed, "`ringfence fleet status --json`": shown})
    print("\n".join(lines))
    if write:
        command = f"./scripts/bench fleet{' --quick' if quick else ''}"
        judged = f"Bar: {LIMIT_SECONDS:.0f} s by the clock for {TENANTS} tenants: {'missed' if slow else 'met'}."
        replace_section(DOCUMENT, "fleet", "\n".join(["## Status of many tenants", "", machine(command), "", *lines, "", judged]))
    if slow:
        raise typer.Exit(FAILED)


def _table(tenants: int, runs: dict[str, list[Took]]) -> list[str]:
    rows = []
    for command, took in runs.items():
        clock = sorted(each.clock for each in took)
        spread = f"{median(clock):.1f} s ({clock[0]:.1f} to {clock[-1]:.1f})"
        rows.append((command, str(tenants), spread, f"{median(each.processor for each in took):.1f} s"))
    return table(("command", "tenants", "by the clock, median of runs in turn", "processor time"), *rows)
