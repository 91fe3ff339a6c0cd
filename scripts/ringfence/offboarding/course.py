"""The course of an offboarding: step after step by the journal, until it is done, stopped, or something cannot be done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import RingfenceError
from infra.offboarding.steps import ORDER, Mark, Step, refuse_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringfence.offboarding.places import Place


@dataclass(frozen=True, slots=True)
class StepEnd:
    """What a step came to: how much it removed, and what is to be known."""

    removed: int = 0
    said: str = ""


def run(place: Place, work: Mapping[Step, Callable[[], StepEnd]], until: Step | None, tell: Callable[[str, int, int], None]) -> None:
    """Do every step that is not done, up to ``until``. A step that fails is begun anew by the next run; what it raises goes through."""
    while (step := place.progress().next) is not None and step is not until:
        tell(step, ORDER.index(step), len(ORDER))
        began = time.monotonic()
        place.write(Mark.BEGAN, step)
        try:
            end = work[step]()
        except RingfenceError as error:
            place.write(Mark.FAILED, step, said=str(error))
            raise
        place.write(Mark.DONE, step, removed=end.removed, said=end.said, seconds=round(time.monotonic() - began, 1))


def stop(place: Place, undo: Callable[[], None]) -> None:
    """Bring back what was prepared. Raises :class:`QuestionError` when something was erased."""
    refuse_stop(place.progress(), str(place.journal))
    undo()
    place.write(Mark.STOPPED)
