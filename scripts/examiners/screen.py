"""What a person at a terminal wants to know first; colours only where there is a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from examiners import report
from infra.outcome import CheckVerdict
from infra.text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from examiners.report import Report

COLOURS = {CheckVerdict.PASS: "green", CheckVerdict.FAIL: "red", CheckVerdict.ERROR: "magenta"}


def show(made: Report, folder: Path) -> None:
    """Print runs with what has no answer, bars, and exceptions that nothing needs."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for judged in made.judged:
        console.print(visible(report.line(judged)))
        for outcome in judged.outcomes:
            if outcome.verdict is CheckVerdict.ERROR:
                console.print(f"  {visible(outcome.check)}: {visible(outcome.reason)}", style=COLOURS[outcome.verdict])
    for name, why in made.broken.items():
        console.print(f"{name}: no answer: {visible(why)}", style=COLOURS[CheckVerdict.ERROR])
    for score in made.scores:
        reason = f": {score.outcome.reason}" if score.outcome.reason else ""
        console.print(f"{score.outcome.verdict}: {score.outcome.check}{reason}", style=COLOURS[score.outcome.verdict])
    for allowance in made.idle:
        console.print(
            f"not needed: the exception of {allowance.examiner} {allowance.rule} ({allowance.result}), {allowance.owner}", style="yellow"
        )
    for noticed in made.noticed:
        told = "; ".join(f"{profile}: {', '.join(rules)}" for profile, rules in noticed.rules.items() if rules)
        doubt = f" (not undone: {noticed.why})" if noticed.why else ""
        console.print(f"without {noticed.control}: {visible(told) or 'no rule notices'}{doubt}")
    console.print(f"report: {folder / 'examine.html'}")
