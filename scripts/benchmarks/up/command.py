"""The command: measure what was asked for, judge, print, keep, and write the report if asked to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmarks.document import DOCUMENT, replace_section
from benchmarks.up import report, store
from benchmarks.up.course import Bench
from benchmarks.up.figures import FIGURES, Group, judged
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

NAME = "up"
FAILED = 1
INTERRUPTED = 130
REPEATS = 3
MEASURES = {
    Group.DEMO: "demonstration.measure",
    Group.GUEST: "guest.measure",
    Group.MEMORY: "memory.measure",
    Group.NOTHING: "changes.nothing",
    Group.FLOW: "changes.flow",
    Group.VERIFY: "verification.measure",
    Group.TENANT: "third.measure",
}
"""Which function measures a group; its module is imported when it is needed, because some import the cloud's client."""


def run(
    *,
    only: Annotated[list[Group] | None, typer.Option(help="Only these figures; may be given more than once.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="How often what can be repeated is measured.")] = REPEATS,
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Up" of docs/benchmarks.md.')] = False,
    json: Annotated[bool, typer.Option("--json", help="Print readings and verdicts as JSON.")] = False,
) -> None:
    """Time to get, change and verify tenants on the live cloud, and the lab's memory: exit 0 when no bar is missed, else 1.

    Needs root and the two tenants of ./scripts/demo; a third is built and destroyed again. Readings are kept: a figure that is not measured
    this time is shown as it was last time.

    Examples: `./scripts/bench up`; `./scripts/bench up --only nothing --only flow`; `./scripts/bench up --only tenant --repeats 1`;
    `./scripts/bench up --write`
    """
    chosen, bench = list(only or Group), Bench(NAME, FIGURES, lambda group: one(Group(group)))
    try:
        with store.only_one():
            broken, is_whole = bench.measured(chosen, repeats)
    except RingfenceError as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
        raise typer.Exit(FAILED) from error
    readings = store.read()
    outcomes = judged(readings, broken)
    bench.show(readings, outcomes, as_json=json)
    if write:
        replace_section(DOCUMENT, NAME, report.markdown(readings, outcomes, as_typed(only or (), repeats)))
    if not is_whole:
        raise typer.Exit(INTERRUPTED)
    if bench.is_red(outcomes, chosen):
        raise typer.Exit(FAILED)


def as_typed(only: Sequence[Group], repeats: int) -> str:
    """Return the command line that was given."""
    return " ".join(
        ["./scripts/bench up", *(f"--only {group}" for group in only), *([f"--repeats {repeats}"] if repeats != REPEATS else [])]
    )


def one(group: Group) -> Callable[[Run], list[Reading]]:
    """Return the function that measures a group."""
    module, _, function = MEASURES[group].partition(".")
    measure: Callable[[Run], list[Reading]] = getattr(import_module(f"benchmarks.up.measurements.{module}"), function)
    return measure
