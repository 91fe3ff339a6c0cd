"""What a run of the examiners came to: one JSON file, one page, a few lines for the terminal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from examiners import bars, judge
from examiners.model import Result, counts
from hardening.controls.catalogue import CATALOGUE
from infra.outcome import CheckVerdict
from ringfence import pages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from examiners.bars import Bar, Score
    from examiners.exceptions import Allowance
    from examiners.judge import Judged
    from examiners.model import Examination, Tier
    from examiners.mutations import Noticed
    from hardening.controls.model import Control

FORMAT = 1
"""Of examine.json."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, judged. ``broken`` says why an examiner gave no answer; ``noticed`` what became of undone controls.

    ``needed`` are the exceptions that excuse something, ``idle`` those that could have and did not.
    """

    image: str
    when: str
    judged: tuple[Judged, ...]
    scores: tuple[Score, ...]
    idle: tuple[Allowance, ...]
    broken: dict[str, str]
    needed: tuple[Allowance, ...] = ()
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
    idle = tuple(judge.idle(runs, allowances))
    needed = tuple(one for one in allowances if one not in idle and any(one.asks(run) for run in runs))
    return Report(image, today.isoformat(), judged, scores, idle, dict(broken), needed)


def as_json(report: Report, beside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the report for programs; ``beside`` is the JSON of another run, of which the figures are kept."""
    kept = ("examiner", "scope", "tier", "counts", "figures")
    earlier = [{name: run[name] for name in kept} for run in beside["runs"]] if beside else []
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
        "exceptions": [msgspec.to_builtins(one) for one in report.needed],
        "idle_exceptions": [msgspec.to_builtins(one) for one in report.idle],
        "broken": report.broken,
        "controls": by_clause(),
        "mutations": [dataclasses.asdict(one) for one in report.noticed],
        **({"beside": {"image": beside["image"], "when": beside["when"], "runs": earlier}} if beside else {}),
    }


def by_clause(controls: Iterable[Control] = CATALOGUE) -> dict[str, list[str]]:
    """Return the controls of each clause of ISO/IEC 27002 and 27017 (``CLD``), in the order of the clauses."""
    found: dict[str, list[str]] = {}
    for control in controls:
        for clause in control.iso:
            found.setdefault(clause, []).append(control.identifier)
    return dict(sorted(found.items(), key=lambda item: [int(word) if word.isdigit() else -1 for word in item[0].split(".")]))


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
    return pages.render(
        "examiners", "examine.html.j2", report=report, rows=rows, words=list(Result), beside=beside, of=bars.figures, clauses=by_clause()
    )
