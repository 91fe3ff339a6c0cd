"""``ringfence matrix``: tenants by tenants or zones by zones, as text, CSV, Markdown, HTML or DOT."""

from __future__ import annotations

from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import typer

from infra.queries.matrix import Level, matrix
from ringfence.analysis import tables
from ringfence.analysis.options import (
    HOLDS,
    UNKNOWN,
    StateOptions,
    about,
    emit,
    tell_about,
)
from ringfence.commands.can import plain
from ringfence.verb import verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.queries.matrix import Matrix
    from ringfence.analysis.states import State


class Form(StrEnum):
    """How a matrix is written."""

    TEXT = "text"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    DOT = "dot"


def page(found: Matrix, state: State) -> str:
    """Return the page of a matrix, which says of which state it is, who wrote it, and what it does not know."""
    about = [f"ringfence {version('ringfence')}", f"state: {state.name}", f"judged as of {state.today}"]
    if state.fingerprint:
        about.append(str(state.fingerprint))
    if state.alone:
        about.append(f"not compared with the declarations: {state.alone}")
    return tables.html(found, lambda traffic: plain(state, traffic), about=about, unknowns=state.fabric.unknowns)


WRITERS: dict[Form, Callable[[Matrix, State], str]] = {
    Form.TEXT: lambda found, _: tables.text(found),
    Form.CSV: lambda found, _: tables.csv_text(found),
    Form.MARKDOWN: lambda found, _: tables.markdown(found),
    Form.HTML: page,
    Form.DOT: lambda found, _: tables.dot(found),
}


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("matrix")(command)


@verb
def command(
    tenants: Annotated[list[str] | None, typer.Argument(help="Only these tenants and the platform among themselves.")] = None,
    by: Annotated[Level, typer.Option(help="What a row is.")] = Level.ZONES,
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.TEXT,
    *,
    options: StateOptions,
) -> None:
    """Who can send what to whom, exactly: exit 0, or 2 when something in the state is not understood.

    Examples: `ringfence matrix`; `ringfence matrix acme --format html > acme.html`; `ringfence matrix --by tenants --state cloud`
    """
    opened = options.opened()
    for name in tenants or ():
        opened.directory.find(name)
    found = matrix(opened.reachable, by, tuple(tenants or ()), detail=options.as_json or form is Form.HTML)
    if options.as_json:
        cells = [
            {"from": source, "to": target, "services": cell.services, "passes": plain(opened, cell.traffic)}
            for (source, target), cell in found.cells.items()
        ]
        emit({"rows": found.rows, "cells": cells, **about(opened)})
    else:
        print(WRITERS[form](found, opened))
        tell_about(opened, aside=form is not Form.TEXT)
    raise typer.Exit(UNKNOWN if opened.fabric.unknowns else HOLDS)
