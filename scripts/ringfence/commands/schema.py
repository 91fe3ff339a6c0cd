"""``ringfence schema``: the JSON Schema of a declaration for editors, and the tables of its manual."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.declaration.schema import reference, schema_text
from ringfence.analysis import output

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "docs" / "schema" / "stack.json"
MANUAL = ROOT / "docs" / "declaration.md"
REFERENCE = "<!-- The tables below are made by `ringfence schema --write`. -->"


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("schema")(command)


def manual(text: str) -> str:
    """Return the manual with its tables made anew."""
    return text.partition(REFERENCE)[0] + REFERENCE + "\n\n" + reference()


def command(
    *,
    write: Annotated[bool, typer.Option("--write", help="Renew docs/schema/stack.json and the tables of docs/declaration.md.")] = False,
) -> None:
    """Print the JSON Schema of Pulumi.<stack>.yaml, which is JSON already.

    Examples: `ringfence schema > stack.json`; `ringfence schema --write`
    """
    if not write:
        typer.echo(schema_text(), nl=False)
        return
    SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    output.write(SCHEMA, [schema_text().encode()])
    output.write(MANUAL, [manual(MANUAL.read_text(encoding="utf-8")).encode()])
