"""The verbs about people who log in to servers: who may, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.commands.operators import operator, sessions

if TYPE_CHECKING:
    import typer


def add(app: typer.Typer) -> None:
    """Register both."""
    operator.add(app)
    sessions.add(app)
