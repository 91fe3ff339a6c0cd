"""The command: measure what was asked for, judge, print, keep, and write the report if asked to."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.document import DOCUMENT, replace_section
from benchmarks.up import load, report, store
from benchmarks.up.figures import FIGURES, Group, amount, judged, of_group
from benchmarks.up.interrupts import Endings
from benchmarks.up.run import Run
from benchmarks.up.screen import Screen
from infra.errors import RingfenceError
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.up.figures import Reading
    from infra.outcome import Outcome

FAILED = 1
INTERRUPTED = 130
REPEATS = 3
PIPED_WIDTH = 160
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
COLOURS = {CheckVerdict.PASS: "green", CheckVerdict.FAIL: "red", CheckVerdict.ERROR: "magenta"}


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
    chosen = list(only or Group)
    try:
        with store.only_one():
            broken, is_whole = measured(chosen, repeats)
    except RingfenceError as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
        raise typer.Exit(FAILED) from error
    readings = store.read()
    outcomes = judged(readings, broken)
    show(readings, outcomes, as_json=json)
    if write:
        replace_section(DOCUMENT, "up", report.markdown(readings, outcomes, as_typed(only or (), repeats)))
    if not is_whole:
        raise typer.Exit(INTERRUPTED)
    if any(outcomes[figure.name].verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR} for group in chosen for figure in of_group(group)):
        raise typer.Exit(FAILED)


def as_typed(only: Sequence[Group], repeats: int) -> str:
    """Return the command line that was given."""
    return " ".join(
        ["./scripts/bench up", *(f"--only {group}" for group in only), *([f"--repeats {repeats}"] if repeats != REPEATS else [])]
    )


def measured(groups: Sequence[Group], repeats: int) -> tuple[dict[Group, str], bool]:
    """Measure groups one after another and keep their readings; return why groups broke, and whether nobody interrupted."""
    broken: dict[Group, str] = {}
    with Screen() as screen, Endings(screen.tell) as endings:
        for number, group in enumerate(groups, start=1):
            title = f"{number}/{len(groups)}  {group}"
            screen.begin(title)
            try:
                readings = one(group)(Run(repeats, screen.say, load.look(), endings))
                store.keep(readings)
            except KeyboardInterrupt:
                screen.tell("interrupted; what was measured so far follows")
                return broken, False
            except (RingfenceError, OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
                broken[group] = str(error)
                screen.tell(f"{title}: {error}")
            else:
                screen.tell(f"{title}: {told(readings)}")
    return broken, True


def one(group: Group) -> Callable[[Run], list[Reading]]:
    """Return the function that measures a group."""
    module, _, function = MEASURES[group].partition(".")
    measure: Callable[[Run], list[Reading]] = getattr(import_module(f"benchmarks.up.measurements.{module}"), function)
    return measure


def told(readings: Sequence[Reading]) -> str:
    """Return readings as a line."""
    units = {figure.name: figure.unit for figure in FIGURES}
    return ", ".join(f"{each.figure} {amount(each.median, units[each.figure]) if each.values else each.doubt}" for each in readings)


def show(readings: Mapping[str, Reading], outcomes: Mapping[str, Outcome], *, as_json: bool) -> None:
    """Print the table on standard output, or everything as JSON."""
    if as_json:
        document = {"readings": list(readings.values()), "outcomes": [msgspec.to_builtins(outcome) for outcome in outcomes.values()]}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    table = Table("figure", "median", "bar", "verdict", "spread", "runs", "beside it", box=box.SIMPLE_HEAD)
    for figure in FIGURES:
        name, _, value, bar, _, spread, runs, *_, beside = report.line(figure, readings.get(figure.name), outcomes[figure.name])
        verdict = outcomes[figure.name].verdict
        shown = "" if verdict is CheckVerdict.NOT_APPLICABLE else str(verdict)
        with contextlib.suppress(KeyError):
            shown = f"[{COLOURS[verdict]}]{shown}[/]"
        table.add_row(name, value, bar, shown, spread, runs, beside)
    console.print(table)
