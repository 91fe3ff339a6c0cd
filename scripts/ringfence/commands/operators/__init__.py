"""The verbs about people who log in to servers, and about what happened there: who may, what they did, what the servers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.commands.operators import logs, operator, sessions

if TYPE_CHECKING:
    import typer


def add(app: typer.Typer) -> None:
    """Register them."""
    operator.add(app)
    sessions.add(app)
    logs.add(app)
