"""The command: measure what was asked for, judge, print, keep, and write the report if asked to."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmarks.document import DOCUMENT, replace_section
from benchmarks.lifecycle.asked import Asked
from benchmarks.lifecycle.figures import FIGURES, NAME, SMALL_GIB, SMALL_MIB, Part
from benchmarks.up import report, store
from benchmarks.up.course import Bench
from benchmarks.up.figures import judged
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

FAILED = 1
INTERRUPTED = 130
REPEATS = 3
MEASURES = {
    Part.FLEET: "fleet.measure",
    Part.PREVIEW: "verbs.preview",
    Part.DRIFT: "verbs.drift",
    Part.BACKUP: "backup.measure",
    Part.DRILL: "drill.measure",
    Part.OFFBOARDING: "offboarding.measure",
}
"""Which function measures a part; its module is imported when it is needed, because some import the cloud's client."""


def run(
    *,
    only: Annotated[list[Part] | None, typer.Option(help="Only these figures; may be given more than once.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="How often what can be repeated is measured.")] = REPEATS,
    server: Annotated[str, typer.Option(metavar="TENANT/SERVER", help="backup, drill: beside which server; it needs a backup.")] = "",
    small: Annotated[bool, typer.Option("--small", help=f"backup: {SMALL_GIB} GiB with {SMALL_MIB} MiB written, for slow labs.")] = False,
    offboarding: Annotated[Path | None, typer.Option(help="offboarding: folder of one that came to its end, or its journal.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Measure nothing: take away what a run that was killed left.")] = False,
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Life of a tenant" of docs/benchmarks.md.')] = False,
    json: Annotated[bool, typer.Option("--json", help="Print readings and verdicts as JSON.")] = False,
) -> None:
    """Backup, drill, drift, the end of a tenant, a fleet: exit 0 when no bar is missed, else 1.

    Needs the two tenants of ./scripts/demo, all but `--only fleet` and `--only offboarding`. Whatever it makes (volumes, backups and a
    server, all named `ringfence.bench`) goes again, also after Ctrl-C; what a kill leaves, the next run or --clear takes away. `verify` and
    `drift` name it meanwhile. The drill is a real one, and counts as one. Readings are kept: a figure that is not measured this time is
    shown as it was last time.

    Examples: `./scripts/bench lifecycle`; `./scripts/bench lifecycle --only backup --small --repeats 1`;
    `./scripts/bench lifecycle --only offboarding --offboarding FOLDER`; `./scripts/bench lifecycle --clear`
    """
    chosen, asked = list(only or Part), Asked(server, small, offboarding)
    bench = Bench(NAME, FIGURES, lambda part: one(Part(part), asked))
    try:
        with store.only_one(NAME):
            if clear:
                cleared(asked)
                return
            broken, is_whole = bench.measured(chosen, repeats)
    except RingfenceError as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
        raise typer.Exit(FAILED) from error
    readings = store.read(NAME)
    outcomes = judged(readings, broken, FIGURES)
    bench.show(readings, outcomes, as_json=json)
    if write:
        text = report.section(
            "## Life of a tenant", as_typed(only or (), repeats, asked), report.lines(readings, outcomes, FIGURES), FIGURES
        )
        replace_section(DOCUMENT, NAME, text)
    if not is_whole:
        raise typer.Exit(INTERRUPTED)
    if bench.is_red(outcomes, chosen):
        raise typer.Exit(FAILED)


def as_typed(only: Sequence[Part], repeats: int, asked: Asked) -> str:
    """Return the command line that was given; a folder of this machine is not told."""
    words = [
        *(f"--only {part}" for part in only),
        *([f"--repeats {repeats}"] if repeats != REPEATS else []),
        *([f"--server {asked.server}"] if asked.server else []),
        *(["--small"] if asked.small else []),
        *(["--offboarding FOLDER"] if asked.offboarding else []),
    ]
    return " ".join(["./scripts/bench lifecycle", *words])


def one(part: Part, asked: Asked) -> Callable[[Run], list[Reading]]:
    """Return the function that measures a part."""
    module, _, function = MEASURES[part].partition(".")
    measure: Callable[[Asked, Run], list[Reading]] = getattr(import_module(f"benchmarks.lifecycle.measurements.{module}"), function)
    return partial(measure, asked)


def cleared(asked: Asked) -> None:
    """Take away what a run that was killed left."""
    from benchmarks.lifecycle.measurements import clearing, scene  # noqa: PLC0415 - imports the cloud's client
    from benchmarks.up.run import enter_cloud  # noqa: PLC0415 - as above

    enter_cloud()
    clearing.cleared(scene.opened(asked.server))
