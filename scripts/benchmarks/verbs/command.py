"""The command: run every verb as a process, measure, judge, print, and write the report if asked to."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.document import DOCUMENT, replace_section
from benchmarks.snapshots import snapshot_file
from benchmarks.synthetic import Shape
from benchmarks.verbs import report
from benchmarks.verbs.plan import questions
from benchmarks.verbs.running import Ran, asked
from infra.outcome import CheckVerdict

TENANTS, QUICK = 5000, 100
REPEATS, QUICK_REPEATS = 3, 1
FAILED = 1


def run(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A fiftieth of the size, once; costs are shown and not judged.")] = False,
    only: Annotated[str, typer.Option(help="Only questions whose command begins with this, such as matrix.")] = "",
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Verbs" of docs/benchmarks.md.')] = False,
    json: Annotated[bool, typer.Option("--json", help="Print runs and verdicts as JSON.")] = False,
) -> None:
    """Every analysis verb on a million rules: time, memory, size of the answer, exit code. Exit 0 when all is as it must be, else 1.

    Examples: `./scripts/bench verbs`; `./scripts/bench verbs --quick --only lint`; `./scripts/bench verbs --write`
    """
    tenants = QUICK if quick else TENANTS
    runs = measured(tenants, only, QUICK_REPEATS if quick else REPEATS)
    outcomes = report.judge(runs, costs=not quick)
    if json:
        document = {"runs": runs, "outcomes": [msgspec.to_builtins(outcome) for outcome in outcomes]}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
    else:
        show(runs)
    for outcome in outcomes:
        if outcome.verdict is not CheckVerdict.PASS:
            print(f"{outcome.verdict}: {outcome.check}: {outcome.reason}", file=sys.stderr)
    if write:
        command = f"./scripts/bench verbs{' --quick' if quick else ''}{f' --only {only}' if only else ''}"
        replace_section(DOCUMENT, "verbs", report.markdown(runs, outcomes, command, tenants))
    if any(outcome.verdict is not CheckVerdict.PASS for outcome in outcomes):
        raise typer.Exit(FAILED)


def measured(tenants: int, only: str, repeats: int) -> list[Ran]:
    """Run every question, with progress on standard error."""
    cloud = Shape(tenants=tenants)
    clouds = {"cloud": cloud, "apart": replace(cloud, joined=0), "edited": replace(cloud, edited_every=100)}
    runs = []
    with tempfile.TemporaryDirectory(prefix="ringfence-") as folder:
        files = {"proof": Path(folder, "proof.json"), "copy": Path(folder, "copy.jsonl")}
        for name, shape in clouds.items():
            print(f"snapshot of {tenants:,} tenants: {name}", file=sys.stderr, flush=True)
            files[name] = snapshot_file(shape)
        for question in questions(f"tenant-{tenants * 4 // 5}", f"tenant-{tenants * 3 // 5}"):
            if question.words.startswith(only):
                runs.append(asked(question, files, repeats))
                print(runs[-1], file=sys.stderr, flush=True)
    return runs


def show(runs: list[Ran]) -> None:
    """Print the table, as much of it as a terminal is wide."""
    columns = [report.HEAD.index(name) for name in ("command", "exit", "median", "peak memory", "for people", "as JSON")]
    table = Table(*(report.HEAD[column] for column in columns))
    for ran in runs:
        table.add_row(*(report.line(ran)[column] for column in columns))
    Console().print(table)
