"""How long the verification of both tenants takes, and how many probes that is per second."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks.up import programs
from benchmarks.up.run import enter_cloud
from infra.errors import CloudError
from ringfence.demo import TENANTS

if TYPE_CHECKING:
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

COMMAND = Path(sys.executable).parent / "ringfence"


class Report(msgspec.Struct, frozen=True):
    """What is read of ``verify --json``."""

    green: bool
    counts: dict[str, int]
    probes: int
    probes_per_second: float


def measure(run: Run) -> list[Reading]:
    """Verify both tenants ``repeats`` times."""
    enter_cloud()
    seconds, reports = [], []
    for number in range(1, run.repeats + 1):
        run.say(f"verification {number} of {run.repeats}")
        took, report = verify()
        seconds.append(took)
        reports.append(report)
    note = f"{reports[-1].probes:,} probes; {shown(reports[-1].counts)}"
    return [run.reading("verify", seconds, note=note), run.reading("probes", [report.probes_per_second for report in reports])]


def shown(counts: dict[str, int]) -> str:
    """Return the outcomes of a verification as a text."""
    return ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items())


def verify() -> tuple[float, Report]:
    """Run the command once; return its seconds and what it found. Raises :class:`CloudError` when that is not green."""
    began = time.perf_counter()
    done = programs.finished([str(COMMAND), "verify", *TENANTS, "--json"])
    seconds = time.perf_counter() - began
    try:
        report = msgspec.json.decode(done.stdout.encode(), type=Report)
    except msgspec.MsgspecError as error:
        said = done.stderr.strip()[-1500:]
        raise CloudError.of("the verification broke off", where="ringfence verify", got=said, hint="./scripts/demo build") from error
    if not report.green:
        raise CloudError.of("the verification is not green: its time says nothing", got=shown(report.counts), hint="ringfence verify")
    return seconds, report
