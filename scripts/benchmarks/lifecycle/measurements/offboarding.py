"""What the end of a tenant took, by the journal of an offboarding that is named."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from benchmarks.lifecycle.figures import NAME
from benchmarks.up import store
from infra.errors import QuestionError
from infra.offboarding.steps import Mark, Step, progress
from ringfence.offboarding.places import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.lifecycle.asked import Asked
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

HINT = "name one that came to its end and was not killed"
WHY = "no offboarding was named (`--offboarding FOLDER`, the one that `ringfence offboard` keeps in the state)"


def measure(asked: Asked, run: Run) -> list[Reading]:
    """Add up the steps. An earlier reading stays when no offboarding is named."""
    if asked.offboarding is None:
        earlier = store.read(NAME).get("offboarding")
        return [] if earlier and earlier.values else [run.reading("offboarding", (), doubt=WHY)]
    place = Place(asked.offboarding if asked.offboarding.is_dir() else asked.offboarding.parent)
    try:
        seconds, waited = without_wait(place.lines(), str(place.journal))
    except QuestionError as error:
        return [run.reading("offboarding", (), doubt=error.problems[0].what)]
    return [run.reading("offboarding", (seconds,), note=f"and {waited:.0f} s of waiting for tokens")]


def without_wait(lines: Sequence[Mapping[str, Any]], where: str) -> tuple[float, float]:
    """Return the seconds of all steps but the wait, and those of the wait. What went before a stop does not count.

    An attempt that failed counts by its times. Raises :class:`QuestionError` for a journal that does not tell: it has not come to its end,
    or a step was killed, whose time nobody knows.
    """
    if not lines:
        raise QuestionError.of("there is no such journal, or nothing in it", where=where, hint=HINT)
    if (step := progress(lines, where).next) is not None:
        raise QuestionError.of(f"the offboarding has not come to its end: {step} is the next step", where=where, hint=HINT)
    took = dict.fromkeys(Step, 0.0)
    begun: datetime | None = None
    for line in lines:
        mark, at = Mark(line["what"]), datetime.fromisoformat(str(line["at"]))
        if mark is Mark.STOPPED:
            took, begun = dict.fromkeys(Step, 0.0), None
        elif mark is Mark.BEGAN:
            if begun is not None:
                raise QuestionError.of(
                    f"step {line['step']} was begun twice: it was killed, and nobody knows its time", where=where, hint=HINT
                )
            begun = at
        elif begun is not None:
            took[Step(line["step"])] += float(line["seconds"]) if mark is Mark.DONE else (at - begun).total_seconds()
            begun = None
    return sum(took.values()) - took[Step.WAIT], took[Step.WAIT]
