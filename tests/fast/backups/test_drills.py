"""When a drill is due, when it is missed, and that a later one does not hide one that ended badly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.backups.drills import BAD, EARLIER, EVERY, GOOD, LONGEST, PastDrill, drilled, due
from infra.backups.findings import TOO_OLD
from infra.backups.settings import Settings
from infra.declaration.platform import Drilling
from infra.outcome import CheckVerdict
from tests.fast.backups.cinder import DAY, NOW, server

if TYPE_CHECKING:
    from infra.backups.plan import BackedServer

pytestmark = pytest.mark.fast
ONE = server(since=NOW - 30 * DAY)
MINUTE = timedelta(minutes=1)
OFTEN = pytest.mark.parametrize("often", [Drilling.WEEKLY, Drilling.MONTHLY])
UNDONE = 2


def declared(often: Drilling) -> BackedServer:
    """Return a server with declared drills."""
    return replace(ONE, settings=Settings(drill=often))


def past(ago: timedelta, code: int = GOOD, day: str = "2026-11-01") -> PastDrill:
    """Return a drill that was over some time before now."""
    return PastDrill(NOW - ago, day, code)


@OFTEN
def test_a_drill_is_due_again_at_the_same_time_of_day(often: Drilling) -> None:
    """Although the last one ended some time after it began; and not on the day before."""
    one, every = declared(often), EVERY[often]
    assert due(one, [past(every - EARLIER)], NOW, whole=True)
    assert not due(one, [past(every - EARLIER - MINUTE)], NOW, whole=True)
    assert not due(one, [past(2 * every), past(DAY)], NOW, whole=True)
    assert not due(one, [past(DAY), past(2 * every)], NOW, whole=True)
    assert LONGEST[often] > every


def test_the_first_drill_is_due_with_the_first_generation() -> None:
    """A server that ought to have one and has none is drilled all the same, so that it fails; a new one is not."""
    one = declared(Drilling.WEEKLY)
    young = replace(one, since=NOW - TOO_OLD)
    assert [due(each, [], NOW, whole=True) for each in (one, young, ONE)] == [True, True, False]
    assert [due(each, [], NOW, whole=False) for each in (one, young, replace(one, since=None))] == [True, False, True]


@pytest.mark.parametrize(("code", "again"), [(GOOD, False), (BAD, False), (UNDONE, True)])
def test_what_could_not_be_done_is_due_again_and_what_ended_badly_is_not(code: int, again: bool) -> None:  # noqa: FBT001 - a parameter
    """A good one on the next day would say nothing of the copy that was bad."""
    assert due(declared(Drilling.WEEKLY), [past(DAY, code)], NOW, whole=True) is again


@OFTEN
def test_a_drill_is_missed_after_the_declared_time_and_a_day(often: Drilling) -> None:
    """A server that is younger may have had none; where no drill is declared nobody is told."""
    one, longest = declared(often), LONGEST[often]
    assert one.since is not None
    cases = {
        (NOW, longest): CheckVerdict.PASS,
        (NOW, longest + MINUTE): CheckVerdict.FAIL,
        (one.since + longest, None): CheckVerdict.SKIPPED,
        (one.since + longest + MINUTE, None): CheckVerdict.FAIL,
    }
    for (now, last), verdict in cases.items():
        found = drilled(one, [past(last)] if last else [], (), now)
        assert found is not None
        assert found.verdict is verdict
    unknown = drilled(replace(one, since=None), [past(MINUTE, UNDONE), past(MINUTE, BAD)], (), NOW)
    assert unknown is not None
    assert unknown.verdict is CheckVerdict.FAIL
    assert drilled(ONE, [], (), NOW + 90 * DAY) is None


def test_a_generation_that_came_out_bad_is_named_as_long_as_it_is_kept() -> None:
    """Whatever other generations came to since, until it came out well itself; also where no drill is declared."""
    bad, other, well = past(3 * DAY, BAD), past(2 * DAY, day="2026-11-02"), past(DAY)
    for one in (ONE, declared(Drilling.WEEKLY)):
        found = drilled(one, [bad, other], ["2026-11-02", "2026-11-01"], NOW)
        assert found is not None
        assert (found.verdict, found.mend) == (CheckVerdict.FAIL, "ringfence backup drill acme/db --generation 2026-11-01")
        assert "the generation of 2026-11-01 did not come through its drill on 2026-11-27" in found.said
    one = declared(Drilling.WEEKLY)
    for lines, kept in (([bad, other, well], ["2026-11-01"]), ([bad, other], ["2026-11-02"])):
        found = drilled(one, lines, kept, NOW)
        assert found is not None
        assert found.verdict is CheckVerdict.PASS
    found = drilled(one, [past(DAY, UNDONE), bad, other], ["2026-11-01"], NOW)
    assert found is not None
    assert found.verdict is CheckVerdict.FAIL
