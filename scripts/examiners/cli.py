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
from examiners.openscap import PROFILES
from examiners.run import Asked
from hardening.image.progress import Progress
from infra import paths
from infra.errors import RingfenceError
from ringfence.failing import complain

EXAMPLES = """
Examples:

  ./scripts/examine                                      all that is examined so far: the image's files

  ./scripts/examine --profile cis_level2_server          one profile

  ./scripts/examine --tree FOLDER --out FOLDER           a tree of files that is there

  ./scripts/examine --beside FOLDER/examine.json         with an earlier run in brackets

  ./scripts/examine --json
"""
FAILED, INTERRUPTED = 2, 130
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command(epilog=EXAMPLES)
def examine(
    *,
    profile: Annotated[
        list[str] | None, typer.Option(help=f"Only this profile of OpenSCAP; may be repeated: {', '.join(PROFILES)}.")
    ] = None,
    tree: Annotated[Path | None, typer.Option(help="Examine this tree of files instead of the image's.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder of raw results, examine.json and examine.html.")] = None,
    beside: Annotated[Path | None, typer.Option(help="The examine.json of another run, shown in brackets.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report for programs.")] = False,
) -> None:
    """Let independent examiners look at the guest image, with nothing installed in it. Needs root.

    Exit code 0: every bar is met, and nothing is left without an exception. 1: something is. 2: something has no answer. 130: interrupted.
    """
    try:
        asked = Asked(run.known(profile or PROFILES), tree, out or paths.state() / "examine", beside)
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
    sys.exit(app())
