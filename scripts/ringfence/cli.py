"""The command line: ``ringfence VERB``. Every verb is a module of ``ringfence.commands`` with a function ``add(app)``.

An error means that nothing was judged: it ends with exit code 2, "cannot tell", and never looks like an answer. It is printed without a
trace-back; ``--debug`` shows where it came from. With ``--json`` it is printed on standard output as well, for programs.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import os
import pkgutil
import sys
from typing import NoReturn

import typer
from rich.console import Console

from infra.errors import Problem, RingfenceError
from ringfence import commands

DEBUG = "RINGFENCE_DEBUG"
CANNOT_TELL = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def application() -> typer.Typer:
    """Build the application with every verb there is."""
    app = typer.Typer(name="ringfence", help="Ring-fenced tenants on OpenStack: declared, proven, probed.", no_args_is_help=True,
                      pretty_exceptions_enable=False, add_completion=False)  # fmt: skip

    @app.callback()
    def common(*, debug: bool = typer.Option(default=False, help="Show where an error came from.", envvar=DEBUG)) -> None:
        if debug:
            os.environ[DEBUG] = "1"
        else:
            # paramiko prints trace-backs of attempts that are made again; what comes of them is raised and told.
            logging.getLogger("paramiko").setLevel(logging.CRITICAL)

    for module in sorted(found.name for found in pkgutil.iter_modules(commands.__path__)):
        importlib.import_module(f"{commands.__name__}.{module}").add(app)
    return app


def main() -> None:
    """Run the command line."""
    try:
        application()()
    except RingfenceError as problem:
        if os.environ.get(DEBUG):
            raise
        _fail(problem.problems)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted")
        sys.exit(INTERRUPTED)
    except Exception as problem:
        if os.environ.get(DEBUG):
            raise
        got = f"{type(problem).__name__}: {problem}"
        hint = "this is a defect of ringfence: run it again as `ringfence --debug ...` and report what it says"
        _fail((Problem("something that ringfence did not expect", got=got, hint=hint),))


def _fail(problems: tuple[Problem, ...]) -> NoReturn:
    """Say what is wrong and end."""
    Console(stderr=True, highlight=False).print("\n".join(map(str, problems)), style="red", markup=False, soft_wrap=True)
    if "--json" in sys.argv:
        print(json.dumps({"errors": [dataclasses.asdict(problem) for problem in problems]}, indent=1))
    sys.exit(CANNOT_TELL)
