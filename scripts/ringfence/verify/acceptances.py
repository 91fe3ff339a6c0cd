"""What somebody accepted of that which a verification finds, read beside the declarations, and taken out of what failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra import acceptances
from ringfence.analysis import exceptions
from ringfence.verify.result import Check

if TYPE_CHECKING:
    from datetime import date

    from infra.acceptances import AcceptedDeviation
    from ringfence.verify.result import Result


def read() -> tuple[AcceptedDeviation, ...]:
    """Return what the file beside the declarations accepts. Raises :class:`QuestionError` with every mistake in it."""
    found = exceptions.listed(None, "declarations")
    return found.content.deviations if found else ()


def apply(result: Result, accepted: tuple[AcceptedDeviation, ...], today: date | None) -> list[str]:
    """Take what is accepted out of what failed; return what is to be said of acceptances that ran out or match nothing."""
    day = today or datetime.now(UTC).date()
    said = [text for _, text in acceptances.aged(accepted, [check.outcome for check in result.checks], day)]
    if accepted:
        result.checks = [
            Check(check.kind, outcome, check.details if outcome.check == check.outcome.check else {})
            for check in result.checks
            for outcome in acceptances.applied([check.outcome], accepted, day)
        ]
    return said
