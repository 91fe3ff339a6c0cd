"""``ringfence lab``: hand everything over to ``scripts/lab``, which knows the lab cloud; nothing here does."""

from __future__ import annotations

import os
from pathlib import Path

import typer  # noqa: TC002 - typer reads the annotation of the command's context at run time

LAB = Path(__file__).resolve().parents[2] / "lab"


def add(app: typer.Typer) -> None:
    """Register the command."""

    @app.command("lab", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
    def lab(context: typer.Context) -> None:
        """The lab cloud on this machine: up, down, status, exec, logs, wipe."""
        os.execv(LAB, [str(LAB), *context.args])  # noqa: S606 - takes this process's place on purpose
