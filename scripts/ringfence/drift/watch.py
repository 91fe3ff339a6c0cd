"""Compare again and again: how often, and what is new since the last time. Pure but for the waiting."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ringfence.drift.report import Difference, Report

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
LONGEST = 24 * 3600
_WRITTEN = re.compile(r"([0-9]{1,6})([smh]?)")


def seconds(text: str) -> int:
    """Read a time such as ``90``, ``30s``, ``5m`` or ``1h``. Raises :class:`QuestionError`."""
    found = _WRITTEN.fullmatch(text)
    number = int(found[1]) * UNITS[found[2]] if found else 0
    if not 0 < number <= LONGEST:
        raise QuestionError.of("no time between two comparisons", where="--watch", expected="30s, 5m or 1h; at most a day", got=text)
    return number


def rounds(every: int, clock: Callable[[], float] = time.monotonic) -> Iterator[int]:
    """Yield the number of each run when it is due; what took longer than the time between two is followed by the next at once."""
    number, due = 0, clock()
    while True:
        yield number
        number, due = number + 1, max(due + every, clock())
        if (left := due - clock()) > 0:
            time.sleep(left)


def changed(before: Report, now: Report) -> tuple[list[Difference], list[Difference]]:
    """Return what is new and what is gone. What was not compared this time is not gone."""
    known, here = {each.key for each in before.differences}, {each.key for each in now.differences}
    untold = {(each.layer, each.owner) for each in now.errors}
    gone = [each for each in before.differences if each.key not in here and now.compared.get(each.layer)]
    return [each for each in now.differences if each.key not in known], [each for each in gone if (each.layer, each.owner) not in untold]
