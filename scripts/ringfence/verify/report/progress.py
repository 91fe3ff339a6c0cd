"""How far a run is, on a terminal's standard error; nothing where that is no terminal."""

from __future__ import annotations

import sys

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ringfence.analysis.output import Plain


def progress() -> Progress:
    """Return the line that says what is going on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Plain(stderr=True), transient=True, disable=not sys.stderr.isatty())
