"""What a demonstration does with tenants that are verified: a backup of each, a drill of it, and a comparison of all layers.

What is said of them in the end are the lines that the verbs themselves said, so it claims no more than they did.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ringfence.demo import TENANTS, stacks
from ringfence.demo.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringfence.demo.steps import Log

BACKUP, DRILL, DRIFT = "backup", "drill", "drift"
SAID = {
    BACKUP: ("Backed up", re.compile(r"made: (.+)|(\S+: nothing was due)")),
    DRILL: ("Drilled", re.compile(r"(\S+/\S+, \S+: restored in .+)")),
    DRIFT: ("Compared", re.compile(r"(\S+ .+: (?:no difference in |DRIFT: |CANNOT TELL: ).+)")),
}
"""The word for each step, and which lines of its log say what came of it."""


def steps(after: str) -> list[Step]:
    """Return the steps, one after the other: a drill's server and volumes are declared nowhere, so nothing is compared meanwhile."""
    return [
        Step(BACKUP, "backups", _verb("backup", "run"), (after,)),
        Step(DRILL, "drill of the backups", _verb("backup", "drill"), (BACKUP,)),
        Step(DRIFT, "drift report", _verb("drift"), (DRILL,)),
    ]


def _verb(*words: str) -> Callable[[Log], None]:
    """Return what runs a verb for the tenants. Any exit code but 0 is a step that failed."""

    def action(log: Log) -> None:
        log.run([str(stacks.ROOT / ".venv/bin/ringfence"), *words, *TENANTS], cwd=stacks.ROOT, env=stacks.environment())

    return action


def conclusion(logs: Mapping[str, Log]) -> list[str]:
    """Quote what each step came to, from its log; a log that does not say it is named."""
    lines = []
    for name, (word, pattern) in SAID.items():
        text = logs[name].file.read_text(encoding="utf-8")
        found = [next(filter(None, match.groups())) for line in text.splitlines() if (match := pattern.fullmatch(line))]
        lines += [f"{word}: {said}" for said in found or [f"its log does not say what: {logs[name].file}"]]
    return lines
