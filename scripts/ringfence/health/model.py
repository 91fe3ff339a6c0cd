"""The words of a look at the servers: what was asked, what was answered, and what was found. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.errors import GuestError, RingfenceError
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from infra.neutron.quotas.room import Room

HOLDS, FAULT, UNTOLD = 0, 1, 2
"""Exit codes: nothing is at fault, something is, something could not be told."""
CHECKS = ("time", "logs", "updates", "certificate", "sessions", "vulnerabilities")
"""What is told of every server."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check; ``said`` is what is known, whatever the verdict, and ``mend`` the next step where there is one."""

    check: str
    verdict: CheckVerdict
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """A server: whose it is, and its name."""

    tenant: str
    server: str

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.tenant}/{self.server}"


@dataclass(frozen=True, slots=True)
class Answers:
    """The output of every question, by its name, and why there is none of the others."""

    texts: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def none(cls, why: str) -> Answers:
        """Return the answers of a server that was not reached."""
        return cls(failed={"": why})

    def text(self, question: str) -> str:
        """Return an answer. Raises :class:`GuestError` when there is none."""
        if question in self.texts:
            return self.texts[question]
        raise GuestError.of(self.failed.get(question) or self.failed.get("") or "it was not asked", hint="ringfence status, once more")


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the collector brings: answers of each server, gauges of each project, or why there are none.

    ``store`` is the server that keeps logs and recordings, ``project`` the platform's id in the cloud. ``made`` is when the cloud made
    those servers that have not installed updates yet, or why it does not tell.
    """

    hosts: Mapping[Host, Answers]
    store: Host
    rooms: Mapping[str, Room | str] = field(default_factory=dict)
    project: str = ""
    made: Mapping[Host, datetime | str] = field(default_factory=dict)


def of_error(error: RingfenceError) -> str:
    """Return an error as one line."""
    return "; ".join(f"{problem.what}: {problem.got}" if problem.got else problem.what for problem in error.problems)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 when something is at fault, else 2 when something could not be told or nothing was looked at, else 0."""
    verdicts = {finding.verdict for finding in findings}
    if CheckVerdict.FAIL in verdicts:
        return FAULT
    return UNTOLD if CheckVerdict.ERROR in verdicts or CheckVerdict.PASS not in verdicts else HOLDS
