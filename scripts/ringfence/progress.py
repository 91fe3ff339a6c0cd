"""How far a long verb is: one line on a terminal's standard error, and nothing where that is no terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infra.text import visible
from ringfence.analysis.output import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress(doing: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show what is being done, and take the line away at the end, however it comes.

    Yields what tells the news: what is being done, how much of it is done, and of how much (0 where nobody knows).
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Plain(stderr=True), transient=True, disable=not sys.stderr.isatty()) as line:
        task = line.add_task(visible(doing), total=None)
        yield lambda what, done, total: line.update(task, description=visible(what), completed=done, total=total or None)
