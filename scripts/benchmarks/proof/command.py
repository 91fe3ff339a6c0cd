"""The command: run the jobs one after another, each in a process of its own, judge, print, and write the report if asked to."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.document import DOCUMENT, replace_section
from benchmarks.measure import Row
from benchmarks.proof import report
from benchmarks.proof.gates import Judged, judge, seconds
from benchmarks.proof.plan import JOBS, QUICK_REPEATS, Job
from infra.errors import RingfenceError
from infra.outcome import CheckVerdict

FAILED = 1


def run(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, in about two minutes; gates of full size are skipped.")] = False,
    only: Annotated[str, typer.Option(help="Only cases that begin with this, such as B1.")] = "",
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Proof" of docs/benchmarks.md.')] = False,
    json: Annotated[bool, typer.Option("--json", help="Print rows and gates as JSON.")] = False,
) -> None:
    """Speed of the firewall analysis beside its peers, on the same data, with equal answers."""
    jobs = [job for job in JOBS if job.case.startswith(only) and (job.quick or not quick)]
    rows, broken = run_jobs(jobs, quick=quick)
    judged = [*judge(rows), *broken]
    if json:
        document = {"rows": rows, "gates": judged}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
    else:
        show(judged)
    if write:
        command = f"./scripts/bench proof{' --quick' if quick else ''}{f' --only {only}' if only else ''}"
        replace_section(DOCUMENT, "proof", report.markdown(rows, judged, command))
    if any(gate.outcome.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR} for gate in judged):
        raise typer.Exit(FAILED)


def run_jobs(jobs: list[Job], *, quick: bool) -> tuple[list[Row], list[Judged]]:
    """Measure job after job, with progress on standard error; return rows, and errors in place of rows. Ctrl-C ends it early."""
    console = Console(stderr=True)
    rows: list[Row] = []
    broken: list[Judged] = []
    begin = perf_counter()
    for number, job in enumerate(jobs, start=1):
        name = f"{job.case} {job.engine}"
        try:
            row = measure(job, quick=quick)
        except RingfenceError as error:
            broken.append(Judged.error(name, str(error)))
            said = str(error)
        except KeyboardInterrupt:
            console.print("interrupted; what was measured so far follows")
            break
        else:
            rows.append(row)
            said = f"{row.size:,} {row.unit}: {seconds(row.median)}"
        console.print(f"{perf_counter() - begin:5.0f} s  {number}/{len(jobs)}  {name}, {said}", markup=False)
    return rows, broken


def measure(job: Job, *, quick: bool) -> Row:
    """Run one job in a process of its own. Raises :class:`RingfenceError` with the end of what it said when it fails."""
    size, repeats = (job.quick, min(job.repeats, QUICK_REPEATS)) if quick else (job.size, job.repeats)
    arguments = [sys.executable, "-m", "benchmarks.proof.worker", job.case, job.engine, str(size), str(repeats)]
    done = subprocess.run(arguments, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-1500:]
        where = f"{job.case} {job.engine} at {size:,}"
        raise RingfenceError.of("a measurement failed", where=where, expected="exit code 0", got=said)
    return msgspec.json.decode(done.stdout, type=Row)


def show(judged: list[Judged]) -> None:
    """Print the gates."""
    table = Table("gate", "measured", "gate", "further aim", "verdict")
    for gate in judged:
        colour = {CheckVerdict.PASS: "green", CheckVerdict.FAIL: "red", CheckVerdict.ERROR: "red"}.get(gate.outcome.verdict, "dim")
        verdict = f"[{colour}]{gate.outcome.verdict}[/]{' (aim met)' if gate.aim_met else ''}"
        table.add_row(gate.outcome.check, gate.measured, gate.gate, gate.aim, verdict)
    Console().print(table)
