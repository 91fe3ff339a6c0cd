"""What is wrong with backups is said by name, and what cannot be told is no pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.backups.findings import TOO_OLD, judged
from infra.backups.plan import planned
from infra.backups.settings import Settings
from infra.declaration.platform import BackupMode
from infra.outcome import CheckVerdict
from tests.fast.backups.cinder import DATA, DAY, NOW, ROOT, Cinder, server

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from infra.backups.findings import BackupFinding
    from infra.backups.plan import BackedServer
    from infra.backups.records import BackupRecord

pytestmark = pytest.mark.fast
INCREMENTS = Settings(mode=BackupMode.INCREMENTS)
ONE = server(settings=INCREMENTS, since=NOW - 30 * DAY)


def filled(number: int = 3) -> list[BackupRecord]:
    """Return the backups of some days, the last of them at :data:`NOW`."""
    cinder = Cinder()
    for day in range(number):
        now = NOW - (number - 1 - day) * DAY
        for new in planned([ONE], cinder.records.values(), now).make:
            cinder.make(new, now)
    return list(cinder.records.values())


def told(records: list[BackupRecord], now: datetime = NOW, one: BackedServer = ONE) -> dict[str, BackupFinding]:
    """Return the findings by their checks."""
    return {found.check: found for found in judged("acme", [one], records, now, {record.key for record in filled()})}


def test_good_backups_pass_every_check() -> None:
    """The twin of all that is found below."""
    found = told(filled())
    assert {check: finding.verdict for check, finding in found.items()} == dict.fromkeys(
        ("age", "state", "keys", "declared"), CheckVerdict.PASS
    )
    assert "3 of 7 generations" in found["age"].said


def test_a_backup_is_too_old_after_26_hours() -> None:
    """Not a minute earlier."""
    assert told(filled(), NOW + TOO_OLD)["age"].verdict is CheckVerdict.PASS
    late = told(filled(), NOW + TOO_OLD + timedelta(minutes=1))["age"]
    assert (late.verdict, late.mend) == (CheckVerdict.FAIL, "ringfence backup run acme")
    assert "2026-11-30" in late.said


def test_a_generation_without_one_of_its_disks_does_not_count() -> None:
    """The newest whole one is the day before's then."""
    records = filled()
    assert told(records[:-1], NOW + timedelta(hours=3))["age"].verdict is CheckVerdict.FAIL


def test_a_server_without_any_backup_is_missed_a_day_after_it_was_made() -> None:
    """A new one has time; one of which nobody knows how old it is cannot be judged."""
    since = {
        NOW - TOO_OLD: CheckVerdict.SKIPPED,
        NOW - TOO_OLD - timedelta(minutes=1): CheckVerdict.FAIL,
        None: CheckVerdict.ERROR,
    }
    for made, verdict in since.items():
        found = told([], one=replace(ONE, since=made))
        assert (found["age"].verdict, found["keys"].verdict) == (verdict, CheckVerdict.SKIPPED)


def _changed(position: int, **changes: object) -> Callable[[list[BackupRecord]], list[BackupRecord]]:
    def change(records: list[BackupRecord]) -> list[BackupRecord]:
        records[position] = replace(records[position], **changes)  # type: ignore[arg-type] # fields by name
        return records

    return change


def _marked(**changes: object) -> Callable[[list[BackupRecord]], list[BackupRecord]]:
    def change(records: list[BackupRecord]) -> list[BackupRecord]:
        mark = records[0].mark
        assert mark is not None
        return [*records, replace(records[0], id="x", volume="gone", key="key-b5", mark=replace(mark, **changes))]  # type: ignore[arg-type] # fields by name

    return change


DAMAGES: dict[str, tuple[Callable[[list[BackupRecord]], list[BackupRecord]], str, str]] = {
    "one failed": (_changed(-1, status="error", reason="no space left"), "state", "b5 of data, 2026-11-30, failed: no space left"),
    "one failed without a word": (_changed(-1, status="error"), "state", "the cloud does not say why"),
    "one hangs": (_changed(-1, status="creating", created=NOW - timedelta(hours=13)), "state", "in the making since 2026-11-29 14:00"),
    "one cannot be deleted": (_changed(0, status="error_deleting", reason="busy"), "state", "could not be deleted: busy"),
    "the first of a chain is gone": (lambda records: records[2:], "state", "stands upon one that is gone"),
    "one has no key": (_changed(0, key=""), "keys", "b0 has no key: it is not encrypted"),
    "the key of one is gone": (_changed(0, key="lost"), "keys", "the key of backup b0 is gone"),
    "two have one key": (_changed(0, key="key-b1"), "keys", "1 backups share a key"),
    "one was made by hand": (_changed(0, mark=None), "declared", "b0 of volume volume-root was not made by ringfence"),
    "one is of another tenant": (_marked(tenant="globex"), "declared", "says that it is tenant globex's"),
    "one is of a server that is gone": (_marked(server="old"), "declared", "x is of old root"),
    "one is of a disk that is gone": (_marked(disk="old"), "declared", "x is of db old"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named(name: str) -> None:
    """Each by its backup, in the check that it belongs to."""
    damage, check, words = DAMAGES[name]
    found = told(damage(filled()))[check]
    assert found.verdict is CheckVerdict.FAIL
    assert words in found.said


def test_a_status_that_nobody_knows_cannot_be_judged() -> None:
    """A new version of Cinder may mean anything by it."""
    assert told(_changed(0, status="frozen")(filled()))["state"].verdict is CheckVerdict.ERROR


def test_keys_that_could_not_be_read_are_no_pass() -> None:
    """One without any key is found all the same."""
    for records, verdict in ((filled(), CheckVerdict.ERROR), (_changed(0, key="")(filled()), CheckVerdict.FAIL)):
        found = {one.check: one for one in judged("acme", [ONE], records, NOW, None)}
        assert found["keys"].verdict is verdict


def test_backups_of_a_server_that_has_none_declared_any_more_are_named() -> None:
    """Nobody prunes them, and nobody takes them for kept."""
    (found,) = judged("acme", [], filled(), NOW, set())
    assert found.verdict is CheckVerdict.FAIL
    assert found.said.count("is not backed up any more") == 6
    assert (ROOT.name, DATA.name) == ("root", "data")
