"""``ringfence offboard``: the end of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.commands.offboard.verb import command

if TYPE_CHECKING:
    import typer


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("offboard")(command)
