"""The command line of ``./scripts/examine``."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from examiners import report, run, screen
from examiners.model import Examiner, Tier
from examiners.openscap import PROFILES
from examiners.run import Asked
from hardening.image.progress import Progress
from infra import paths
from infra.errors import RingfenceError
from ringfence.failing import complain

EXAMPLES = """
Examples:

  ./scripts/examine                                      everything: the files, and a server that boots twice; hours on a busy machine

  ./scripts/examine --only offline                       the image's files alone: a minute

  ./scripts/examine --only offline --tree FOLDER --profile cis_level2_server

  ./scripts/examine --only booted --examiner lynis --examiner ssh-audit

  ./scripts/examine --only booted --image IMAGE.qcow2 --before EARLIER.qcow2 --out FOLDER

  ./scripts/examine --only offline --mutations           every control undone once: five minutes

  ./scripts/examine --only offline --beside FOLDER/examine.json --json
"""
FAILED, INTERRUPTED = 2, 130
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command(epilog=EXAMPLES)
def examine(  # noqa: PLR0913 - one parameter an option
    *,
    only: Annotated[list[Tier] | None, typer.Option(help="Only this tier; may be repeated.")] = None,
    examiner: Annotated[list[Examiner] | None, typer.Option(help="Only this examiner; may be repeated.")] = None,
    profile: Annotated[
        list[str] | None, typer.Option(help=f"Only this profile of OpenSCAP; may be repeated: {', '.join(PROFILES)}.")
    ] = None,
    tree: Annotated[Path | None, typer.Option(help="Examine this tree of files instead of the image's; offline only.")] = None,
    image: Annotated[Path | None, typer.Option(help="Boot this image instead of this work tree's.")] = None,
    before: Annotated[Path | None, typer.Option(help="Another image, booted as well: how much more does this one cost?")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder of raw results, examine.json and examine.html.")] = None,
    beside: Annotated[Path | None, typer.Option(help="The examine.json of another run, shown in brackets.")] = None,
    mutations: Annotated[bool, typer.Option("--mutations", help="Undo every control once in the files: which rules notice?")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report for programs.")] = False,
) -> None:
    """Let independent examiners look at the guest image, with nothing installed in it. Needs root.

    Exit code 0: every bar is met, and nothing is left without an exception. 1: something is. 2: something has no answer. 130: interrupted.
    """
    try:
        asked = Asked(
            tuple(only or Tier),
            tuple(examiner or Examiner),
            run.known(profile or PROFILES),
            (out or paths.state() / "examine").absolute(),
            tree=tree,
            image=image,
            before=before,
            beside=beside,
            mutations=mutations,
        )
        made = run.run(asked, Progress())
    except KeyboardInterrupt:
        complain([{"what": "interrupted"}], "interrupted; nothing was judged, and raw results stay")
        raise typer.Exit(INTERRUPTED) from None
    except RingfenceError as error:
        complain([dataclasses.asdict(problem) for problem in error.problems], str(error))
        raise typer.Exit(FAILED) from error
    if as_json:
        print(json.dumps(report.as_json(made), indent=1))
    else:
        screen.show(made, asked.folder)
    raise typer.Exit(made.exit_code)


def main() -> None:
    """Run; who is asked to end does so as after Ctrl-C, so that what was started is ended as well."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(app(prog_name="scripts/examine"))
