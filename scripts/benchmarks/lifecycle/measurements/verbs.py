"""Verbs as a user runs them: the drift report and a preview of the two live tenants."""

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
    from benchmarks.lifecycle.asked import Asked
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

COMMAND = Path(sys.executable).parent / "ringfence"


class Layer(msgspec.Struct, frozen=True):
    """What is read of a layer: how many of its controls were compared, and how long that took."""

    layer: str
    compared: int
    skipped: int
    seconds: float


class Report(msgspec.Struct, frozen=True):
    """What is read of ``drift --json``."""

    headline: str
    exit_code: int
    layers: tuple[Layer, ...]


class Fleet(msgspec.Struct, frozen=True):
    """What is read of ``fleet preview --json``."""

    exit_code: int
    tenants: tuple[dict[str, object], ...]


def drift(_asked: Asked, run: Run) -> list[Reading]:
    """Compare all layers ``repeats`` times."""
    enter_cloud()
    values, doubt, note = [], "", ""
    for number in range(1, run.repeats + 1):
        run.say(f"drift report {number} of {run.repeats}")
        seconds, answer = answered("drift", *TENANTS)
        report = msgspec.json.decode(answer, type=Report)
        doubt, note = incomplete(report), noted(report)
        if doubt:
            return [run.reading("drift", (), doubt=doubt)]
        values.append(seconds)
    return [run.reading("drift", values, note=note)]


def incomplete(report: Report) -> str:
    """Say why the time of a report is no figure: it found something, could not tell something, or left a layer out."""
    if report.exit_code:
        return f"the report is not clean, so its time says nothing: {report.headline}"
    empty = [layer.layer for layer in report.layers if not layer.compared]
    return f"not all layers were compared: {', '.join(empty)} had nothing" if empty or not report.layers else ""


def noted(report: Report) -> str:
    """Return the seconds of the layers, which run side by side, and how many controls were skipped."""
    seconds = ", ".join(f"{layer.layer} {layer.seconds:.0f} s" for layer in report.layers)
    skipped = sum(layer.skipped for layer in report.layers)
    return f"{seconds}; {skipped} of {skipped + sum(layer.compared for layer in report.layers)} controls skipped"


def preview(_asked: Asked, run: Run) -> list[Reading]:
    """Preview the two live tenants ``repeats`` times."""
    enter_cloud()
    values = []
    for number in range(1, run.repeats + 1):
        run.say(f"preview {number} of {run.repeats}")
        seconds, answer = answered("fleet", "preview", *TENANTS)
        report = msgspec.json.decode(answer, type=Fleet)
        if report.exit_code or len(report.tenants) != len(TENANTS):
            raise CloudError.of("the preview did not end well: its time says nothing", got=str(report), hint="ringfence fleet preview")
        values.append(seconds)
    return [run.reading("preview", values)]


def answered(*words: str) -> tuple[float, str]:
    """Run a verb; return its seconds, and its answer for programs. Raises :class:`CloudError` where it gave none."""
    began = time.perf_counter()
    done = programs.finished([str(COMMAND), *words, "--json"])
    seconds = time.perf_counter() - began
    if not done.stdout.startswith("{"):
        what = "the verb broke off"
        raise CloudError.of(what, where=" ".join(words), got=done.stderr.strip()[-1500:], hint="./scripts/demo build")
    return seconds, done.stdout
