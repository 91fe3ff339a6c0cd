"""A matrix as text, CSV, Markdown, a self-contained page, or a graph."""

from __future__ import annotations

import csv
import io
import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from rich import box
from rich.measure import Measurement
from rich.table import Table

from infra import text as escaped
from infra.errors import QuestionError
from ringfence import pages
from ringfence.analysis.output import SHOWN, Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from infra.queries.matrix import Matrix
    from infra.queries.traffic import Traffic

NOTHING = "-"
WIDE = 6
"""Rows up to which a terminal shows a matrix as a square if it is wide enough; else the cells that are not empty are listed."""
SQUARE = 60
"""The same for documents and pages."""
COLUMNS = 160
"""How wide a matrix may be where there is no terminal that says so."""
EVER = 10_000
LINE_END = "\\n"
"""How a label of Graphviz begins a new line."""


def rows(found: Matrix) -> list[list[str]]:
    """Return the square as texts, the row's name first; an empty cell is a dash."""
    cells = {key: ", ".join(cell.services) for key, cell in found.cells.items()}
    return [[row, *(cells.get((row, column), NOTHING) for column in found.rows)] for row in found.rows]


def text(found: Matrix) -> str:
    """Draw a square for a terminal, or list the first cells when there are many rows."""
    out = io.StringIO()
    console = Plain(file=out, width=get_terminal_size((COLUMNS, 24)).columns, highlight=False)
    square = len(found.rows) <= WIDE
    table = _table(["from \\ to", *found.rows], rows(found)) if square else None
    if table is None or Measurement.get(console, console.options.update(max_width=EVER), table).maximum > console.width:
        square, table = False, _table(["from", "to", "services"], _listed(found)[:SHOWN])
    console.print(table)
    more = len(found.cells) - SHOWN
    rest = f"... and {more:,} more cells; name tenants, or take --format csv or --json, which have all" if more > 0 and not square else ""
    return out.getvalue() + rest if rest else out.getvalue().rstrip()


def _table(head: list[str], lines: list[list[str]]) -> Table:
    """Return a table, drawn with what the output's encoding has."""
    drawn = box.HEAVY_HEAD if "utf" in (sys.stdout.encoding or "").lower() else box.ASCII2
    table = Table(*head, box=drawn)
    for line in lines:
        table.add_row(*line)
    return table


def _listed(found: Matrix) -> list[list[str]]:
    return [[source, target, ", ".join(cell.services)] for (source, target), cell in found.cells.items()]


def csv_text(found: Matrix) -> str:
    """Write the cells that are not empty as CSV with a head line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["from", "to", "services"])
    writer.writerows(map(escaped.csv_cell, row) for row in _listed(found))
    return out.getvalue().rstrip()


def markdown(found: Matrix) -> str:
    """Write the square as a Markdown table, or the cells that are not empty when there are many rows."""
    if len(found.rows) > SQUARE:
        return "\n".join(["| from | to | services |", "|---|---|---|", *map(_markdown_row, _listed(found))])
    head = ["|".join(["", " from \\ to ", *(f" {escaped.markdown(row)} " for row in found.rows), ""]), "|---" * (len(found.rows) + 1) + "|"]
    return "\n".join([*head, *map(_markdown_row, rows(found))])


def _markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(cell if cell == NOTHING else escaped.markdown(cell) for cell in cells)} |"


def dot(found: Matrix) -> str:
    """Write the cells as a Graphviz graph."""
    quoted = escaped.dot_string
    nodes = [f"  {quoted(row)};" for row in found.rows]
    edges = [
        f'  {quoted(source)} -> {quoted(target)} [label="{LINE_END.join(quoted(text)[1:-1] for text in cell.services)}"];'
        for (source, target), cell in found.cells.items()
    ]
    return "\n".join(["digraph flows {", "  rankdir=LR; node [shape=box];", *nodes, *edges, "}"])


def html(
    found: Matrix, detail: Callable[[Iterable[Traffic]], list[dict[str, Any]]], *, about: Sequence[str] = (), unknowns: Sequence[str] = ()
) -> str:
    """Write a page that works without network; every cell opens to the servers, addresses and paths behind it.

    ``about`` says of what the page is, line by line; ``unknowns`` is what the model does not understand: the table may be too small.

    Raises:
        QuestionError: there are more rows than a page can show.
    """
    if len(found.rows) > SQUARE:
        hint = "name tenants, or take --format csv or --json, which have all"
        raise QuestionError.of("this is too much for a page", expected=f"at most {SQUARE} rows", got=f"{len(found.rows):,}", hint=hint)
    cells = {key: {"services": cell.services, "passes": detail(cell.traffic)} for key, cell in found.cells.items()}
    return pages.render("ringfence.analysis", "matrix.html.j2", rows=found.rows, cells=cells, about=about, unknowns=unknowns)
