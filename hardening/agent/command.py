"""``apply-policy``: one verb, one JSON object on standard output; a refusal is one on standard error, and its exit code says which kind."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from hardening.agent import states, store
from hardening.agent.paths import EXIT_REFUSED, EXIT_USAGE, Paths, PolicyError
from hardening.agent.show import show
from hardening.bundle import Bundle, BundleError, decode

if TYPE_CHECKING:
    from collections.abc import Callable

ROLLBACK_SECONDS = 120
USAGE = "usage: apply-policy stage FILE|- [--seconds N] | stage-bundle FILE|- [--seconds N] | confirm [SHA256] | rollback | show"


def option(arguments: list[str], name: str, default: str) -> str:
    """Take ``name VALUE`` out of the arguments."""
    if name not in arguments:
        return default
    index = arguments.index(name)
    if index + 1 >= len(arguments):
        raise PolicyError(EXIT_USAGE, USAGE)
    value = arguments[index + 1]
    del arguments[index : index + 2]
    return value


def prepared(arguments: list[str]) -> Callable[[Paths], dict[str, Any]]:
    """Read what a verb needs, so that nobody waits for it with the lock in hand. A packet filter alone is a bundle without files."""
    seconds = option(arguments, "--seconds", str(ROLLBACK_SECONDS))
    token = option(arguments, "--token", "")
    timed = seconds.isdigit() and int(seconds) > 0
    match arguments:
        case ["stage" | "stage-bundle" as verb, file] if timed:
            text = store.read(file)
            bundle = Bundle(text) if verb == "stage" else decode(text)
            return lambda paths: states.stage(paths, bundle, int(seconds))
        case ["confirm"] | ["confirm", _]:
            return lambda paths: states.confirm(paths, "".join(arguments[1:]))
        case ["rollback"]:
            return lambda paths: states.rollback(paths, token)
        case ["show"]:
            return show
    raise PolicyError(EXIT_USAGE, USAGE)


def main(arguments: list[str]) -> int:
    """Entry point: one JSON object and an exit code. First of all, what an earlier command left half done comes to its end."""
    paths = Paths.from_environment()
    try:
        verb = prepared(list(arguments))
        with store.locked(paths):
            states.recover(paths)
            sys.stdout.write(json.dumps(verb(paths)) + "\n")
    except (PolicyError, BundleError, OSError) as error:
        code = error.code if isinstance(error, PolicyError) else EXIT_REFUSED if isinstance(error, BundleError) else EXIT_USAGE
        sys.stderr.write(json.dumps({"error": str(error)}) + "\n")
        return code
    return 0
