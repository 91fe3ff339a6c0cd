"""The section of docs/benchmarks.md, and the same table for the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.document import place, table
from benchmarks.up.figures import FIGURES, MISSING, amount, limit, spread
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.up.figures import Figure, Reading
    from infra.outcome import Outcome

HEAD = ("figure", "what", "median", "bar", "", "spread", "runs", "when", "load before", "beside it")
WORDS = {CheckVerdict.PASS: "met", CheckVerdict.FAIL: "**missed**", CheckVerdict.ERROR: "**broke**", CheckVerdict.NOT_APPLICABLE: ""}


def line(figure: Figure, reading: Reading | None, outcome: Outcome) -> tuple[str, ...]:
    """Return a figure's line; what was not measured, or says nothing about its bar, says why."""
    head = figure.name, figure.what
    word = WORDS.get(outcome.verdict, "not judged")
    said = {CheckVerdict.ERROR, CheckVerdict.SKIPPED}
    reason = outcome.reason.partition("\n")[0] if outcome.verdict in said else ""
    if reading is None or not reading.values or outcome.verdict is CheckVerdict.ERROR:
        word = word if outcome.verdict is CheckVerdict.ERROR else MISSING
        return *head, "", limit(figure), word, "", "", "", "", "" if reason == MISSING else reason
    beside = "; ".join(filter(None, (reading.note, reason)))
    when, load = ", ".join(filter(None, (reading.when.partition("T")[0], reading.revision))), str(reading.load or "")
    value, runs = amount(reading.median, figure.unit), str(len(reading.values))
    return *head, value, limit(figure), word, spread(figure, reading), runs, when, load, beside


def lines(readings: Mapping[str, Reading], outcomes: Mapping[str, Outcome], figures: Sequence[Figure] = FIGURES) -> list[tuple[str, ...]]:
    """Return the lines of all figures."""
    return [line(figure, readings.get(figure.name), outcomes[figure.name]) for figure in figures]


def markdown(readings: Mapping[str, Reading], outcomes: Mapping[str, Outcome], command: str) -> str:
    """Render the section."""
    return section("## Up", command, lines(readings, outcomes), FIGURES)


def section(title: str, command: str, found: Sequence[tuple[str, ...]], figures: Sequence[Figure]) -> str:
    """Render a section of figures, some of which another run may have measured."""
    parts = [
        title,
        "",
        (
            f"{place(command)}. Figures that this run did not measure are from the day and the commit in their line. *Load before*"
            " is the load average of the minute before, which the measurement before raised too, and how many processors were busy"
            " in the three seconds before."
        ),
        "",
        *table(HEAD, *found),
        "",
        *table(("figure", "how it is measured"), *((figure.name, figure.method) for figure in figures)),
    ]
    return "\n".join(parts)
