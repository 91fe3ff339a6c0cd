"""What examiners find, in one form: the words are theirs, nothing is judged yet."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExaminerError(RingfenceError, RuntimeError):
    """An examiner could not be fetched or run, or what it said cannot be read: nothing was examined."""


class Tier(StrEnum):
    """What is examined: the image's files as a tree, or a server that has booted from it, once and again."""

    OFFLINE = "offline"
    BOOTED = "booted"
    REBOOTED = "rebooted"


class Examiner(StrEnum):
    """Programs that nobody here wrote."""

    OPENSCAP = "openscap"
    LYNIS = "lynis"
    SSH_AUDIT = "ssh-audit"
    SYSTEMD = "systemd"
    NMAP = "nmap"
    MACHINE = "machine"
    """Not a program of anybody's: what the server costs, measured beside what examiners say of it."""


class Result(StrEnum):
    """What an examiner says of one rule: the words of XCCDF 1.2 (6.6.4.2), which say more than pass and fail."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    ERROR = "error"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "notapplicable"
    NOT_CHECKED = "notchecked"
    INFORMATIONAL = "informational"
    FIXED = "fixed"


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule and what became of it."""

    rule: str
    result: Result
    detail: str = ""


class Examination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run of one examiner; ``scope`` is what it was asked, such as a profile, and ``figures`` what it measures besides rules."""

    examiner: Examiner
    scope: str
    tier: Tier
    version: str
    findings: tuple[Finding, ...]
    figures: dict[str, float] = {}
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """How a run is called."""
        return f"{self.examiner} {self.scope} {self.tier}"

    def said(self, rule: str) -> Result | None:
        """Return what became of a rule."""
        return next((finding.result for finding in self.findings if finding.rule == rule), None)


def counts(findings: Iterable[Finding]) -> dict[Result, int]:
    """Return how often each word was said, those that were not said included."""
    found = [finding.result for finding in findings]
    return {word: found.count(word) for word in Result}
