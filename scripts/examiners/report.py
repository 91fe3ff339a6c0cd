"""What a run of the examiners came to: one JSON file, one page, a few lines for the terminal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from examiners import bars, judge
from examiners.model import Result, counts
from infra.outcome import CheckVerdict
from ringfence import pages

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from examiners.bars import Bar, Score
    from examiners.exceptions import Allowance
    from examiners.judge import Judged
    from examiners.model import Examination, Tier
    from examiners.mutations import Noticed

FORMAT = 1
"""Of examine.json."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, judged. ``broken`` says why an examiner gave no answer; ``noticed`` what became of undone controls."""

    image: str
    when: str
    judged: tuple[Judged, ...]
    scores: tuple[Score, ...]
    idle: tuple[Allowance, ...]
    broken: dict[str, str]
    noticed: tuple[Noticed, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 when every bar is met and nothing is left without an exception; 2 when something has no answer; 1 otherwise."""
        if not self.judged or self.broken:
            return 2
        verdicts = {score.outcome.verdict for score in self.scores} | {one.verdict for judged in self.judged for one in judged.outcomes}
        return 1 if CheckVerdict.FAIL in verdicts else 2 if CheckVerdict.ERROR in verdicts else 0


def made(
    runs: Sequence[Examination],
    allowances: Sequence[Allowance],
    *,
    today: date,
    image: str,
    scored: tuple[Collection[Tier], Sequence[Bar]],
    broken: Mapping[str, str],
) -> Report:
    """Judge the runs against exceptions, and against bars in the tiers that were asked for."""
    judged = tuple(judge.judged(run, allowances, today) for run in runs)
    scores = tuple(bars.scores(judged, *scored))
    return Report(image, today.isoformat(), judged, scores, tuple(judge.idle(runs, allowances)), dict(broken))


def as_json(report: Report) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "format": FORMAT,
        "image": report.image,
        "when": report.when,
        "exit_code": report.exit_code,
        "runs": [_run(one) for one in report.judged],
        "bars": [
            {"bar": score.bar.name, "tier": score.tier, "limit": score.bar.limit, "value": score.value, **_outcome(score.outcome)}
            for score in report.scores
        ],
        "idle_exceptions": [msgspec.to_builtins(one) for one in report.idle],
        "broken": report.broken,
        "mutations": [dataclasses.asdict(one) for one in report.noticed],
    }


def _run(judged: Judged) -> dict[str, Any]:
    run = judged.run
    return {
        "examiner": run.examiner,
        "scope": run.scope,
        "tier": run.tier,
        "version": run.version,
        "seconds": run.seconds,
        "counts": counts(run.findings),
        "figures": bars.figures(judged),
        "excepted": list(judged.excepted),
        "findings": [
            {"rule": finding.rule, "result": finding.result, **_outcome(outcome)}
            for finding, outcome in zip(run.findings, judged.outcomes, strict=True)
        ],
    }


def _outcome(outcome: Any) -> dict[str, str]:  # noqa: ANN401 - an outcome of a rule or of a bar
    return {"verdict": outcome.verdict, "reason": outcome.reason}


def line(judged: Judged) -> str:
    """Return a run in one line: the examiner's own words first, then what is left after exceptions."""
    said = counts(judged.run.findings)
    figures = bars.figures(judged)
    own = [f"{number} {word}" for word, number in said.items() if number]
    own += [f"{name} {value:g}" for name, value in judged.run.figures.items()]
    return f"{judged.run.name}: {', '.join(own)}; {figures[bars.UNEXCUSED]:g} without an exception ({judged.run.seconds:.0f} s)"


def page(report: Report, beside: Mapping[str, Any] | None = None) -> str:
    """Return the report as a page; ``beside`` is the JSON of another run, for example of the image before."""
    earlier = {(run["examiner"], run["scope"], run["tier"]): run for run in (beside or {}).get("runs", ())}
    rows = [(one, counts(one.run.findings), earlier.get((one.run.examiner, one.run.scope, one.run.tier))) for one in report.judged]
    return pages.render("examiners", "examine.html.j2", report=report, rows=rows, words=list(Result), beside=beside, of=bars.figures)
