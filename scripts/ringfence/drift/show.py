"""A report for people: a table by layer, every difference with its object, what was not compared, and the sentence that it comes to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from infra.text import visible
from ringfence.analysis.output import SHOWN, Plain
from ringfence.drift.report import COMPARED, DIFFERS, HOLDS, Layer
from ringfence.drift.watch import changed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from ringfence.drift.report import Difference, Report

PIPED_WIDTH = 140
COLOURS = {HOLDS: "green", DIFFERS: "red"}
UNKNOWN_COLOUR = "magenta"


def show(report: Report, before: Report | None = None) -> None:
    """Print the report; after an earlier one of the same watch what changed, and nothing that did not."""
    console = Plain(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    if before is None:
        _table(console, report)
        _differences(console, report.differences, "")
        for one in report.errors[:SHOWN]:
            console.print(f"cannot tell: {one.layer}: {one.control}: {one.reason}", style=UNKNOWN_COLOUR, markup=False, soft_wrap=True)
        if len(report.errors) > SHOWN:
            console.print(f"... and {len(report.errors) - SHOWN:,} more; --json has all", style="dim", markup=False)
    else:
        new, gone = changed(before, report)
        _differences(console, new, "new: ")
        for each in gone:
            console.print(f"gone: {each.layer}: {each.deviation.text}", style="green", markup=False, soft_wrap=True)
    for text in report.acceptances if before is None else ():
        console.print(text, style="yellow", markup=False, soft_wrap=True)
    if report.records and not report.records.judged_on:
        console.print(str(report.records), markup=False, soft_wrap=True)
    style = f"bold {COLOURS.get(report.exit_code, UNKNOWN_COLOUR)}"
    line = f"{report.started} {', '.join(report.tenants)}: {report.headline} ({report.seconds:.0f} s)"
    console.print(line, style=style, markup=False, soft_wrap=True)


def _table(console: Console, report: Report) -> None:
    table = Table("layer", "what is compared", "controls", "differences", "cannot tell", "skipped", box=box.SIMPLE_HEAD)
    for layer in Layer:
        row = next(each for each in report.plain()["layers"] if each["layer"] == layer)
        counts = (row[key] for key in ("compared", "differences", "cannot_tell", "skipped"))
        table.add_row(str(layer), COMPARED[layer], *((str(count or "") for count in counts) if row["asked"] else ("left out", "", "", "")))
    console.print(table)


def _differences(console: Console, found: Iterable[Difference], word: str) -> None:
    entries = list(found)
    for each in entries[:SHOWN]:
        one = each.deviation
        what = " ".join(filter(None, (one.object_kind, one.name, one.id and f"({one.id})")))
        console.print(f"{word}{each.layer}: {one.text}", style="red", markup=False, soft_wrap=True)
        rows = {
            "control": f"{each.owner}: {each.control}" if each.owner and not each.control.startswith(each.owner) else each.control,
            "object": what,
            "since": since(each),
            "made by": one.by and f"user {one.by}",
            "put back": each.remedy,
        }
        for key, value in rows.items():
            if value:
                console.print(f"    {key}: {visible(value)}", markup=False, soft_wrap=True)
    if len(entries) > SHOWN:
        console.print(f"... and {len(entries) - SHOWN:,} more differences; --json has all", style="dim", markup=False)


def since(each: Difference) -> str:
    """Say since when, in the words of whoever tells it."""
    one, told = each.deviation, []
    if one.since:
        is_new = one.kind == "undeclared" and not one.part
        word = "its stack was last brought up" if each.layer is Layer.STACK else "made" if is_new else "last changed"
        told.append(f"{word} {one.since}")
    if each.first_seen:
        told.append(f"first seen {each.first_seen}{f', not there {each.not_before}' if each.not_before else ''}")
    return "; ".join(told)
