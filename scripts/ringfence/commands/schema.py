"""``ringfence schema``: the JSON Schema of a declaration for editors, and the tables of its manual."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.declaration.schema import reference, schema_text
from infra.errors import QuestionError
from ringfence import folder
from ringfence.analysis import output

SCHEMA, MANUAL = "docs/schema/stack.json", "docs/declaration.md"
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
    place = folder.root()
    text = (place / MANUAL).read_text(encoding="utf-8") if (place / MANUAL).exists() else ""
    if REFERENCE not in text:
        hint = "only a checkout of ringfence has it; elsewhere: ringfence schema > stack.json"
        raise QuestionError.of("the manual of declarations is not here", where=str(place / MANUAL), hint=hint)
    output.write(place / SCHEMA, [schema_text().encode()])
    output.write(place / MANUAL, [manual(text).encode()])
