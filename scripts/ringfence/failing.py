"""How a failure is told: shortly on standard error and, with ``--json``, as an object on standard output. Needs nothing but Python."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

AS_JSON = "--json"
HANDED_OVER = frozenset({"lab", "ssh"})
"""Verbs whose arguments are another program's."""


def complain(problems: Sequence[dict[str, str]], text: str) -> None:
    """Tell problems to people and programs; where nobody can be told, the exit code has to do."""
    with contextlib.suppress(OSError, ValueError):
        red = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() and not no_colour() else ("", "")
        sys.stderr.write(text.join(red) + "\n")
        sys.stderr.flush()
    if AS_JSON in _own(sys.argv[1:]):
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(json.dumps({"errors": list(problems)}, indent=1) + "\n")
    flushed()


def no_colour() -> bool:
    """Tell whether the user wants no colours (no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def _own(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments that are ringfence's own."""
    handed_over = next((place for place, argument in enumerate(arguments) if argument in HANDED_OVER), len(arguments))
    return arguments[:handed_over]


def flushed() -> OSError | None:
    """Write out what waits, and return what went wrong; it is then let go, or Python would end with a code of its own for it."""
    wrong = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _let_go(stream.fileno())
            wrong = wrong or error
    return wrong


def _let_go(descriptor: int) -> None:
    """Send a stream's output nowhere from here on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
