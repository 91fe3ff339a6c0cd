"""Outcomes of checks: five words, never a bool, because "could not tell" and "holds" must not look alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class CheckVerdict(StrEnum):
    """What a check came to. ``ERROR`` turns a run red as ``FAIL`` does; a skip is never a pass."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not-applicable"


class DeviationKind(StrEnum):
    """In which way something deviates."""

    MISSING = "missing"
    """It is declared, and not there."""
    UNDECLARED = "undeclared"
    """It is there, and not declared."""
    DIFFERENT = "different"
    """It is declared and there, and not as it was declared."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that is not as it was declared. ``id`` is the one that the cloud gave the object, empty where it has none.

    ``name`` is what people call the object. ``part``: the object is declared, and a part of it is not. ``since`` and ``by`` are what the
    cloud tells of when the object was made or last changed, and by which user. ``undo`` is the command that puts back, where whoever
    compared knows it better than the object's kind does.
    """

    kind: DeviationKind
    object_kind: str
    id: str
    name: str
    text: str
    part: bool = False
    since: str = ""
    by: str = ""
    undo: str = ""

    def __str__(self) -> str:
        """Return the sentence."""
        return self.text


NEEDS_REASON = frozenset({CheckVerdict.FAIL, CheckVerdict.ERROR, CheckVerdict.SKIPPED, CheckVerdict.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict of one named check, with the reason wherever it is not a pass.

    ``deviations`` are what the reason says, object by object, where somebody compared objects. Raises ``ValueError`` when a verdict other
    than pass comes without a reason.
    """

    check: str
    verdict: CheckVerdict
    reason: str = ""
    tenant: str = ""
    seconds: float = 0.0
    deviations: tuple[Deviation, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an unexplained failure, error or skip."""
        if self.verdict in NEEDS_REASON and not self.reason:
            message = f"{self.check}: verdict {self.verdict} needs a reason"
            raise ValueError(message)


def is_green(outcomes: Iterable[Outcome]) -> bool:
    """Tell whether a run succeeded: something passed, and nothing failed or ended in an error."""
    verdicts = {outcome.verdict for outcome in outcomes}
    return CheckVerdict.PASS in verdicts and not verdicts & {CheckVerdict.FAIL, CheckVerdict.ERROR}
