"""The command line: ``ringfence VERB``. Every verb is a module of ``ringfence.commands`` with a function ``add(app)``.

Errors that ringfence raises on purpose are printed without a trace-back and end with exit code 1; ``--debug`` shows where they came from.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import sys

import typer
from rich.console import Console

from infra.errors import RingfenceError
from ringfence import commands

DEBUG = "RINGFENCE_DEBUG"
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
        Console(stderr=True, highlight=False).print(str(problem), style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted")
        sys.exit(INTERRUPTED)
