"""The Pulumi engine as a program: one question, its answer, and where it has none, an error that says what to do."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from infra.errors import CloudError, Problem
from ringfence import folder, locks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 300
"""How long the engine may take for what is no update."""
HALF_WRITTEN = "failed to load checkpoint"
"""What the engine says of a state file that somebody is writing."""
TRIES = 20
PAUSE_SECONDS = 0.25
NO_ENGINE = Problem("the Pulumi engine is not on the PATH", expected=f"a `{locks.ENGINE}` command", hint='eval "$(scripts/toolchain/env)"')


def command(*arguments: str) -> list[str]:
    """Return the command line of the engine: it asks nobody anything."""
    return [locks.ENGINE, *arguments, "--non-interactive"]


def run(*arguments: str, place: Path | None = None, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the engine to its end, in the project's folder when none is named; whoever calls looks at the exit code.

    Raises:
        CloudError: there is no engine, or it did not end.
    """
    try:
        return subprocess.run(
            command(*arguments), cwd=place or folder.root(), env=env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as problem:
        hint = "look after the engine's backend, then run it again"
        raise CloudError.of("the Pulumi engine did not answer", got=f"nothing in {SECONDS} s", hint=hint) from problem
    except FileNotFoundError as problem:
        raise CloudError(NO_ENGINE) from problem


def answer(
    *arguments: str, failed: str, where: str = "", hint: str = "", place: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Return what the engine prints. It is asked again while somebody writes the state.

    ``failed`` says what is so when it has no answer, and ``hint`` what to do unless a lock is in the way.

    Raises:
        CloudError: the engine has no answer.
    """
    done = run(*arguments, place=place, env=env)
    for _ in range(TRIES):
        if HALF_WRITTEN not in done.stderr or not done.returncode:
            break
        time.sleep(PAUSE_SECONDS)
        done = run(*arguments, place=place, env=env)
    if done.returncode:
        raise CloudError.of(failed, where=where, got=done.stderr.strip(), hint=locks.said(done.stderr) or hint)
    return done.stdout
