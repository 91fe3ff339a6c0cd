"""What a run makes and prunes: never what a kept generation needs, never twice, and always leaf first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.backups.chains import Chains
from infra.backups.plan import STUCK, is_stuck, planned
from infra.backups.records import CREATING, ERROR, RESTORING
from infra.backups.settings import CHAIN, Settings
from infra.declaration.platform import BackupMode
from tests.fast.backups.cinder import DATA, DAY, NOW, ROOT, Cinder, server

if TYPE_CHECKING:
    from datetime import datetime

    from infra.backups.plan import BackedServer

pytestmark = pytest.mark.fast


def run(cinder: Cinder, one: BackedServer, now: datetime, *, failing: bool = False) -> None:
    """Do what is planned."""
    for new in planned([one], cinder.records.values(), now).make:
        cinder.make(new, now, ERROR if failing else "available")
    for record in planned([one], cinder.records.values(), now).prune:
        cinder.delete(record.id)


def days(cinder: Cinder, one: BackedServer, number: int) -> None:
    """Run once a day."""
    for day in range(number):
        run(cinder, one, NOW + day * DAY)


@given(
    st.lists(st.sampled_from(["run", "run", "run", "fails", "nothing", "stranger", "broken", "grown"]), min_size=1, max_size=40),
    st.sampled_from([BackupMode.AUTO, BackupMode.FULL, BackupMode.INCREMENTS]),
    st.integers(2, 8),
)
def test_whatever_happens_nothing_kept_loses_what_it_needs(events: list[str], mode: BackupMode, keep: int) -> None:
    """Runs, failures, backups of strangers, a broken chain, a grown volume: pruning takes leaves only, and never below what is kept."""
    cinder, disks = Cinder(), (ROOT, DATA)
    for number, event in enumerate(events):
        now = NOW + number * DAY
        one = server(*disks, settings=Settings(keep=keep, mode=mode))
        if event in {"run", "fails"}:
            for new in planned([one], cinder.records.values(), now).make:
                cinder.make(new, now, ERROR if event == "fails" else "available")
            before = cinder.whole_days(2)
            for record in planned([one], cinder.records.values(), now).prune:
                assert record.mark is not None
                cinder.delete(record.id)  # refused by the double when something stands upon it
            assert cinder.whole_days(2)[:keep] == before[:keep]
            again = planned([one], cinder.records.values(), now + timedelta(hours=2))
            assert not again.prune
            assert bool(again.make) is (event == "fails" and not _made(cinder, now))
        elif event == "stranger":
            cinder.add(DATA if disks[1] is DATA else disks[1], now - timedelta(hours=1))
        elif event == "broken" and cinder.records:
            cinder.change(next(reversed(cinder.records)), ERROR)
        elif event == "grown":
            disks = (ROOT, replace(disks[1], size=disks[1].size + 1))


def _made(cinder: Cinder, now: datetime) -> bool:
    return now.date().isoformat() in cinder.whole_days(2)


@given(st.integers(2, 9), st.integers(1, 40), st.sampled_from([BackupMode.FULL, BackupMode.INCREMENTS]))
def test_run_daily_it_keeps_what_is_declared_and_at_most_a_chain_more(keep: int, number: int, mode: BackupMode) -> None:
    """The room that the quotas have is enough, with one more that failed."""
    cinder, one = Cinder(), server(DATA, settings=Settings(keep=keep, mode=mode))
    for day in range(number):
        now = NOW + day * DAY
        made = planned([one], cinder.records.values(), now).make
        assert len(cinder.records) + len(made) < one.settings.most(DATA.size)
        run(cinder, one, now)
    assert len(cinder.whole_days(1)) >= min(keep, number)


def test_a_second_run_of_the_day_makes_nothing() -> None:
    """The day begins when its generation is due, and not at midnight."""
    cinder, one = Cinder(), server()
    run(cinder, one, NOW)
    assert len(cinder.records) == 2
    for hours in (0, 12, 23):
        assert planned([one], cinder.records.values(), NOW + timedelta(hours=hours)).make == ()
    assert len(planned([one], cinder.records.values(), NOW + timedelta(hours=23, minutes=31)).make) == 2


def test_a_clock_that_goes_back_makes_nothing() -> None:
    """What is there of a later day counts for an earlier one."""
    cinder, one = Cinder(), server()
    run(cinder, one, NOW)
    assert planned([one], cinder.records.values(), NOW - DAY).make == ()


def test_what_is_being_made_is_waited_for_until_it_hangs() -> None:
    """A run that was killed left it behind; the next one makes no second one."""
    cinder, one = Cinder(), server(ROOT)
    (new,) = planned([one], (), NOW).make
    record = cinder.make(new, NOW, CREATING)
    plan = planned([one], cinder.records.values(), NOW + timedelta(hours=1))
    assert (plan.make, plan.wait) == ((), (record,))
    late = NOW + STUCK + timedelta(minutes=1)
    assert not is_stuck(record, NOW + STUCK)
    assert is_stuck(record, late)
    assert len(planned([one], cinder.records.values(), late).make) == 1


def test_a_server_that_was_replaced_is_backed_up_anew_and_its_old_backups_stay() -> None:
    """Backups of a volume that is gone can be restored, and count as generations."""
    cinder, one = Cinder(), server(ROOT)
    days(cinder, one, 3)
    new = server(replace(ROOT, volume="another"))
    plan = planned([new], cinder.records.values(), NOW + 2 * DAY)
    assert [made.disk.volume for made in plan.make] == ["another"]
    assert plan.prune == ()


WHOLE = {
    "the first one of a volume": (0, "it is the first one of this volume"),
    "the second one": (1, ""),
    "the seventh one": (CHAIN - 1, ""),
    "the eighth one": (CHAIN, f"the chain has {CHAIN} generations"),
    "the ninth one": (CHAIN + 1, ""),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_large_disk_has_a_whole_backup_a_week(case: str) -> None:
    """One that holds everything, six increments, and again."""
    before, why = WHOLE[case]
    cinder, one = Cinder(), server(DATA)
    days(cinder, one, before)
    (new,) = planned([one], cinder.records.values(), NOW + before * DAY).make
    assert (new.why, new.increment) == (why, not why)


def test_a_chain_ends_after_a_week_although_days_were_missed() -> None:
    """Else one week's loss of a single backup would cost many."""
    cinder, one = Cinder(), server(DATA)
    days(cinder, one, 2)
    (soon,) = planned([one], cinder.records.values(), NOW + 6 * DAY).make
    (late,) = planned([one], cinder.records.values(), NOW + 7 * DAY).make
    assert (soon.increment, late.increment, late.why) == (True, False, "the chain is a week old")


def test_a_small_disk_is_copied_whole_every_day_unless_increments_are_declared() -> None:
    """Twenty GiB is no longer small."""
    cinder, one = Cinder(), server(ROOT)
    days(cinder, one, 2)
    for disk, mode, increment in (
        (ROOT, BackupMode.AUTO, False),
        (replace(ROOT, size=19), BackupMode.AUTO, False),
        (ROOT, BackupMode.INCREMENTS, True),
    ):
        records = [replace(record, size=disk.size) for record in cinder.records.values()]
        (new,) = planned([server(disk, settings=Settings(mode=mode))], records, NOW + 2 * DAY).make
        assert new.increment is increment
    assert Settings().is_whole(19)
    assert not Settings().is_whole(20)


def test_no_increment_stands_upon_a_strangers_backup_another_size_or_a_broken_chain() -> None:
    """Cinder would take each of them without a word."""
    one, said = server(DATA), []
    for damage in ("stranger", "grown", "broken"):
        cinder = Cinder()
        days(cinder, one, 3)
        disk = DATA
        if damage == "stranger":
            cinder.add(DATA, NOW + 2 * DAY + timedelta(hours=1))
        elif damage == "grown":
            disk = replace(DATA, size=41)
        else:
            cinder.change("b1", ERROR)
        (new,) = planned([server(disk)], cinder.records.values(), NOW + 3 * DAY).make
        said.append((new.increment, new.why))
    assert said == [
        (False, "somebody else made a backup of this volume, and an increment would stand upon it"),
        (False, "the volume has another size"),
        (False, "the chain is not whole"),
    ]


def test_a_chain_goes_when_a_younger_one_is_whole_leaf_first() -> None:
    """Thirteen generations at most, and the fourteenth lets the first seven go."""
    cinder, one = Cinder(), server(DATA)
    for day in range(13):
        run(cinder, one, NOW + day * DAY)
    assert len(cinder.records) == 13
    (new,) = planned([one], cinder.records.values(), NOW + 13 * DAY).make
    cinder.make(new, NOW + 13 * DAY)
    gone = [record.id for record in planned([one], cinder.records.values(), NOW + 13 * DAY).prune]
    assert gone == ["b6", "b5", "b4", "b3", "b2", "b1", "b0"]


def test_a_generation_that_is_not_whole_lets_nothing_go() -> None:
    """Eight days, of which the last has one disk only: the first one stays, for there are seven others without it only then."""
    cinder, one = Cinder(), server(settings=Settings(mode=BackupMode.FULL))
    days(cinder, one, 7)
    for new in planned([one], cinder.records.values(), NOW + 7 * DAY).make:
        cinder.make(new, NOW + 7 * DAY, "available" if new.disk.name == "root" else CREATING)
    assert planned([one], cinder.records.values(), NOW + 7 * DAY).prune == ()


def test_what_failed_goes_once_there_is_a_newer_one() -> None:
    """Until then it tells what happened."""
    cinder, one = Cinder(), server(ROOT)
    run(cinder, one, NOW, failing=True)
    assert planned([one], cinder.records.values(), NOW).prune == ()
    run(cinder, one, NOW + timedelta(hours=1))
    assert [record.status for record in cinder.records.values()] == ["available"]


def test_nobody_elses_backup_goes_and_none_that_is_at_work() -> None:
    """Of another server, another tenant, a stranger, or one that is being restored."""
    cinder, one = Cinder(), server(ROOT)
    days(cinder, one, 7)
    first = cinder.records["b0"]
    assert first.mark is not None
    others = [
        replace(first, id="x1", mark=None),
        replace(first, id="x2", mark=replace(first.mark, tenant="globex")),
        replace(first, id="x3", mark=replace(first.mark, server="web")),
        replace(first, id="x4", status=RESTORING),
        replace(first, id="x5", status=CREATING),
        replace(first, id="x6", status="something new"),
    ]
    (new,) = planned([one], cinder.records.values(), NOW + 7 * DAY).make
    cinder.make(new, NOW + 7 * DAY)
    assert [record.id for record in planned([one], [*cinder.records.values(), *others], NOW + 7 * DAY).prune] == ["b0"]


def test_an_increment_whose_parent_is_in_doubt_stands_upon_both() -> None:
    """Somebody made a backup between the plan and the request: Cinder took that one, and the mark names the other."""
    cinder, one = Cinder(), server(DATA)
    days(cinder, one, 1)
    (new,) = planned([one], cinder.records.values(), NOW + DAY).make
    cinder.add(DATA, NOW + DAY - timedelta(minutes=1))
    made = cinder.add(DATA, NOW + DAY, increment=True, mark=new.mark(""))
    chains = Chains(cinder.records.values())
    assert [record.id for record in chains.ancestors(made) or ()] == ["b1", "b0"]
    broken = [replace(record, status=ERROR) if record.id == "b0" else record for record in cinder.records.values()]
    assert not Chains(broken).is_readable(made)


def test_a_failed_attempt_ends_no_chain() -> None:
    """Cinder takes an available backup only: the next increment stands upon the one before the failure."""
    cinder, one = Cinder(), server(DATA)
    days(cinder, one, 2)
    run(cinder, one, NOW + 2 * DAY, failing=True)
    (new,) = planned([one], cinder.records.values(), NOW + 3 * DAY).make
    assert new.parent == "b1"
    assert Chains(cinder.records.values()).is_readable(cinder.make(new, NOW + 3 * DAY))
