"""The one list of what may stay as an examiner found it: who answers for it, why, and until when."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from examiners.model import Examination, Examiner, ExaminerError, Finding, Result, Tier
from infra import structs
from infra.declaration.yaml import reader

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE: Final = Path(__file__).with_name("exceptions.yaml")
Said = Annotated[str, msgspec.Meta(min_length=1)]
EXCUSABLE: Final = frozenset({Result.FAIL, Result.ERROR, Result.UNKNOWN, Result.NOT_CHECKED})
"""What an exception can be for; the rest needs none."""


class Allowance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of one examiner that may end with one result: an exception for ``fail`` does not excuse an ``error``.

    ``scopes`` and ``tiers`` narrow it; empty ones mean all. ``expires`` is its last day.
    """

    rule: Said
    examiner: Examiner
    result: Result
    reason: Said
    owner: Said
    expires: date
    scopes: tuple[Said, ...] = ()
    tiers: tuple[Tier, ...] = ()

    def covers(self, run: Examination, finding: Finding) -> bool:
        """Tell whether it speaks of this finding, expired or not."""
        return self.asks(run) and (self.rule, self.result) == (finding.rule, finding.result)

    def asks(self, run: Examination) -> bool:
        """Tell whether a run could have found what it speaks of."""
        scoped = not self.scopes or run.scope in self.scopes
        return self.examiner == run.examiner and scoped and (not self.tiers or run.tier in self.tiers)

    def is_over(self, today: date) -> bool:
        """Tell whether its last day has passed."""
        return today > self.expires


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exceptions: tuple[Allowance, ...]


def read(path: Path = FILE) -> tuple[Allowance, ...]:
    """Read the list strictly. Raises :class:`ExaminerError` when anything in it is unknown, missing, double or no exception."""
    try:
        source = reader.read(path)
    except OSError as error:
        raise ExaminerError.of("the exceptions cannot be read", where=str(path), got=str(error), hint="repair the file") from error
    if problems := source.problems(source.mistakes):
        raise ExaminerError(*problems)
    try:
        listed = structs.convert(source.tree, _Content).exceptions
    except msgspec.ValidationError as error:
        raise _refused(path, expected="rule, examiner, result, reason, owner, expires; perhaps scopes, tiers", got=str(error)) from error
    if wrong := [one.rule for one in listed if one.result not in EXCUSABLE]:
        raise _refused(path, expected=f"result: {', '.join(sorted(EXCUSABLE))}", got=f"another one for {', '.join(wrong)}")
    if twice := list(_overlapping(listed)):
        raise _refused(path, expected="each finding excepted once", got=f"twice: {', '.join(twice)}")
    return listed


def _overlapping(listed: tuple[Allowance, ...]) -> Iterable[str]:
    """Find rules that two exceptions speak of: one that has expired must not be saved by another."""
    for number, one in enumerate(listed):
        for other in listed[:number]:
            same = (one.rule, one.examiner, one.result) == (other.rule, other.examiner, other.result)
            if same and _meet(one.scopes, other.scopes) and _meet(one.tiers, other.tiers):
                yield one.rule


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _refused(path: Path, *, expected: str, got: str) -> ExaminerError:
    return ExaminerError.of("an exception is refused", where=path.name, expected=expected, got=got, hint="correct the file")
