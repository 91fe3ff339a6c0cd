"""What is done for one tenant: a command of the engine or of ringfence, and what its end means. Pure."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.fleet.course import Ended
from infra.outcome import CheckVerdict
from ringfence import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
LONGEST = 200
"""Characters of what a program says that a table shows."""
SAME = "same"
"""What the engine calls resources that stay as they are."""


class Action(StrEnum):
    """What is done for every tenant."""

    PREVIEW = "preview"
    UP = "up"
    VERIFY = "verify"
    DRIFT = "drift"
    BACKUP = "backup"


DONE = {Action.UP: "as declared", Action.VERIFY: "verified", Action.DRIFT: "no difference", Action.BACKUP: "backed up"}
FOUND = {Action.VERIFY: "not as promised, as its log tells", Action.DRIFT: "differences", Action.BACKUP: "not all is backed up"}
OF_RINGFENCE = {Action.VERIFY: ("verify",), Action.DRIFT: ("drift",), Action.BACKUP: ("backup", "run")}


def command(action: Action, tenant: str) -> Sequence[str]:
    """Return the command line for a tenant. The stack is named each time: nothing reads or writes which one is selected."""
    if action is Action.PREVIEW:
        return engine.command("preview", "--stack", tenant, "--json")
    if action is Action.UP:
        return engine.command("up", "--stack", tenant, "--yes", "--skip-preview")
    return (sys.executable, "-m", "ringfence", *OF_RINGFENCE[action], tenant)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says how the work for a tenant ended. ``unchanged``: a preview with changes is a finding."""

    action: Action
    unchanged: bool = False

    def __call__(self, code: int, out: str, err: str, seconds: float) -> Ended:
        """Judge by the exit code and by what was said."""
        if code == INTERRUPTED or code < 0:
            return Ended(CheckVerdict.ERROR, "interrupted" if code == INTERRUPTED else f"ended by signal {-code}", seconds)
        if self.action is Action.PREVIEW and code == 0:
            return _previewed(out, seconds, unchanged=self.unchanged)
        if code == 0:
            return Ended(CheckVerdict.PASS, DONE[self.action], seconds)
        if code == 1 and self.action in OF_RINGFENCE:
            return Ended(CheckVerdict.FAIL, FOUND[self.action], seconds)
        said = (_complaint(out) if self.action is Action.PREVIEW else "") or _last(f"{out}\n{err}")
        return Ended(CheckVerdict.ERROR, f"exit code {code}: {said}", seconds)


def _previewed(output: str, seconds: float, *, unchanged: bool) -> Ended:
    try:
        told = json.loads(output)
        changes = {str(kind): int(count) for kind, count in told["changeSummary"].items() if kind != SAME}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Ended(CheckVerdict.ERROR, "the engine does not tell what would change", seconds)
    if not changes:
        return Ended(CheckVerdict.PASS, "no change", seconds)
    said = "would " + ", ".join(f"{kind} {count}" for kind, count in sorted(changes.items()))
    return Ended(CheckVerdict.FAIL if unchanged else CheckVerdict.PASS, said, seconds)


def _complaint(output: str) -> str:
    """Return the last error that the engine tells in its JSON; empty where it tells none."""
    try:
        told = [str(each["message"]) for each in json.loads(output)["diagnostics"] if each["severity"] == "error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return told[-1].strip().partition("\n")[0][:LONGEST] if told else ""


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith("error:")]
    return (wrong or lines or ["it said nothing"])[-1][:LONGEST]
