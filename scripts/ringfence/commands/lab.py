"""``ringfence lab``: hand everything over to ``scripts/lab`` of the checkout, which knows the lab cloud; nothing here does."""

from __future__ import annotations

import os

import typer  # noqa: TC002 - typer reads the annotation of the command's context at run time

from infra.errors import QuestionError
from ringfence import folder

LAB = "scripts/lab"


def add(app: typer.Typer) -> None:
    """Register the command."""

    @app.command("lab", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
    def lab(context: typer.Context) -> None:
        """The lab cloud on this machine: up, down, status, exec, logs, wipe. Only in a checkout of ringfence."""
        place = folder.found()
        program = place / LAB if place else None
        if program is None or not program.exists():
            hint = "clone ringfence's repository and run it there"
            raise QuestionError.of("the lab is no part of what is installed", expected=f"{LAB} in the project's folder", hint=hint)
        os.execv(program, [str(program), *context.args])  # noqa: S606 - takes this process's place on purpose
