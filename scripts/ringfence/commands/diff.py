"""``ringfence diff``: the traffic gained and lost between two states, in meaning; fit for a pull request's comment."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from infra.diff.changes import Change, changes
from infra.diff.verdicts import NOT_UNDERSTOOD
from infra.neutron.comparison.rewired import rewired
from infra.text import markdown as markdown_text
from infra.text import markdown_code, visible
from ringfence.analysis.options import (
    BROKEN,
    HOLDS,
    UNKNOWN,
    Options,
    console,
    declarations_of,
    emit,
    shown,
    tell_about,
)
from ringfence.analysis.output import SHOWN
from ringfence.verb import verb

MANY = 3
"""NICs up to which a change names all of them."""
LINES = 10
"""Lines of traffic gained, or lost, that people are shown of one change."""


class Form(StrEnum):
    """How a difference is written."""

    TEXT = "text"
    MARKDOWN = "markdown"


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("diff")(command)


@verb
def command(
    before: Annotated[
        str, typer.Argument(help="A state: declarations, git:REV, plan:FILE+STATE, cloud[:NAME], a snapshot file or a folder.")
    ],
    after: Annotated[str, typer.Argument(help="The other state.")] = "declarations",
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.TEXT,
    *,
    options: Options,
) -> None:
    """Traffic gained and lost, the widest first: exit 0 when the two mean the same, 1 when not, 2 when it cannot be told.

    Examples: `ringfence diff git:HEAD`; `ringfence diff git:main git:HEAD --format markdown`; `ringfence diff cloud plan:plan.json+cloud`
    """
    old, new = (options.read(name) for name in (before, after))
    found = [*changes(old.reachable, new.reachable), *rewired(old.snapshot, new.snapshot)]
    unknowns = (*old.fabric.unknowns, *new.fabric.unknowns)
    if options.as_json:
        emit(
            {
                "changes": [dataclasses.asdict(change) for change in found],
                "unknowns": list(unknowns),
                "not_compared": [old.alone, new.alone],
                "declarations": [declarations_of(old), declarations_of(new)],
            }
        )
    elif form is Form.MARKDOWN:
        marks = dict.fromkeys(str(state.fingerprint) for state in (old, new) if state.fingerprint)
        print(markdown(found, before, after), *(f"<sub>{markdown_text(mark)}</sub>" for mark in marks), sep="\n\n")
    else:
        _show(found, before, after)
        tell_about(old, new)
    raise typer.Exit(BROKEN if any(change.subject != NOT_UNDERSTOOD for change in found) else UNKNOWN if unknowns else HOLDS)


def _show(found: list[Change], before: str, after: str) -> None:
    out = console()
    for change in shown(found, "changes", out):
        rest = f" {_nics(change)}: {change.subject}" if change.cards else f": {change.subject}"
        out.print(Text.assemble((visible(change.party), "bold"), visible(rest)))
        for sign, style, texts in (("+", "green", change.gained), ("-", "red", change.lost)):
            for text in texts[:LINES]:
                out.print(f"  {sign} {text}", style=style, markup=False)
            if len(texts) > LINES:
                out.print(f"  {sign} ... and {len(texts) - LINES:,} more", style=style, markup=False)
    out.print(f"{before} -> {after}: {len(found) or 'no'} change{'' if len(found) == 1 else 's'} of meaning", markup=False)


def _nics(change: Change) -> str:
    if len(change.cards) <= MANY:
        return ", ".join(change.cards)
    return f"{', '.join(change.cards[:MANY])} and {len(change.cards) - MANY} more"


def markdown(found: list[Change], before: str, after: str) -> str:
    """Return a difference as Markdown: one line of summary, details folded."""
    if not found:
        return f"**Firewall:** {markdown_code(before)} and {markdown_code(after)} mean the same."
    gained = sum(bool(change.gained) for change in found)
    lost = sum(bool(change.lost) for change in found)
    lines = [f"**Firewall:** {len(found)} changes of meaning, {gained} with traffic gained, {lost} with traffic lost.", ""]
    lines += ["<details><summary>widest first</summary>", "", "| tenant | ports | what | gained | lost |", "|---|---|---|---|---|"]
    for change in found[:SHOWN]:
        ends = map(_folded, (change.gained, change.lost))
        names = map(markdown_text, (change.party, _nics(change), change.subject))
        lines.append(f"| {' | '.join([*names, *ends])} |")
    more = [f"{len(found) - SHOWN:,} more changes are not shown; `--json` has all.", ""] if len(found) > SHOWN else []
    return "\n".join([*lines, "", *more, "</details>"])


def _folded(texts: tuple[str, ...]) -> str:
    """Return traffic as a cell of a table: code hosts refuse comments of more than some ten thousand characters."""
    shown_ = [markdown_code(text) for text in texts[:LINES]]
    return "<br>".join([*shown_, *([f"{len(texts) - LINES:,} more"] if len(texts) > LINES else [])]) or "-"
