"""What examiners found becomes the project's outcomes: only a pass is a pass, and only a living exception excuses anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from examiners.model import Examination, Finding, Result
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from examiners.exceptions import Allowance

SAID = {
    Result.ERROR: "the examiner could not ask this",
    Result.UNKNOWN: "the examiner cannot tell",
    Result.NOT_CHECKED: "the examiner did not look",
    Result.FIXED: "the examiner changed the server, which it must not",
}
"""What has no answer. None of it is a pass."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A run with an outcome for each finding, in the examiner's order, and how many of them an exception excuses."""

    run: Examination
    outcomes: tuple[Outcome, ...]
    excepted: tuple[str, ...]

    def count(self, verdict: CheckVerdict) -> int:
        """Return how many findings came to a verdict."""
        return sum(outcome.verdict is verdict for outcome in self.outcomes)


def judged(run: Examination, allowances: Sequence[Allowance], today: date) -> Judged:
    """Judge a run; a finding that an exception covers is never a pass, it is skipped with the exception's reason."""
    outcomes, excepted = [], []
    for finding in run.findings:
        allowance = next((one for one in allowances if one.covers(run, finding)), None)
        if allowance and not allowance.is_over(today):
            excepted.append(finding.rule)
        outcomes.append(_outcome(finding, allowance, today))
    return Judged(run, tuple(outcomes), tuple(excepted))


def _outcome(finding: Finding, allowance: Allowance | None, today: date) -> Outcome:
    if allowance is None:
        return _unexcused(finding)
    if allowance.is_over(today):
        return Outcome(finding.rule, CheckVerdict.FAIL, f"{finding.result}; its exception ended on {allowance.expires}: {allowance.reason}")
    reason = f"{finding.result}, excepted until {allowance.expires} by {allowance.owner}: {allowance.reason}"
    return Outcome(finding.rule, CheckVerdict.SKIPPED, reason)


def _unexcused(finding: Finding) -> Outcome:
    rule, detail = finding.rule, finding.detail
    match finding.result:
        case Result.PASS:
            return Outcome(rule, CheckVerdict.PASS)
        case Result.FAIL:
            return Outcome(rule, CheckVerdict.FAIL, detail or "the examiner says so")
        case Result.NOT_APPLICABLE:
            return Outcome(rule, CheckVerdict.NOT_APPLICABLE, detail or "what it asks about is not there")
        case Result.INFORMATIONAL:
            return Outcome(rule, CheckVerdict.SKIPPED, detail or "for information")
        case Result.ERROR | Result.UNKNOWN | Result.NOT_CHECKED | Result.FIXED:
            said = SAID[finding.result]
            return Outcome(rule, CheckVerdict.ERROR, f"{said}: {detail}" if detail else said)
    assert_never(finding.result)


def idle(runs: Sequence[Examination], allowances: Iterable[Allowance]) -> list[Allowance]:
    """Return exceptions that nothing needs: a run could have found what they are for, and none did."""
    return [
        one
        for one in allowances
        if any(one.asks(run) for run in runs) and not any(one.covers(run, finding) for run in runs for finding in run.findings)
    ]
