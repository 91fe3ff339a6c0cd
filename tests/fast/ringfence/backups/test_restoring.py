"""A restore makes a volume of the backup's type, by ids, once; killed anywhere it goes on, and half of one never counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.errors import QuestionError
from ringfence.backups import making
from ringfence.backups.making import BackupRun
from ringfence.backups.restoring import Restoring, chosen
from tests.fast.backups.cinder import DATA, DAY, NOW, ROOT, server
from tests.fast.ringfence.backups.shelf import KilledError, Shelf, Untouched, tenant, waiting

if TYPE_CHECKING:
    from pathlib import Path

    from ringfence.backups.restoring import RestoredDisk

pytestmark = pytest.mark.fast


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Return a storage with two whole generations of two disks; the volumes were of the type ``vault``."""
    monkeypatch.setenv(paths.STATE, str(tmp_path))
    made = Shelf()
    one = server(replace(ROOT, kind="vault"), replace(DATA, kind="vault"))
    for day in range(2):
        made.now = NOW + day * DAY
        monkeypatch.setattr(making, "now", lambda: made.now)
        BackupRun(tenant(made, one), Untouched(), waiting()).run()
    made.calls.clear()
    return made


def restored(shelf: Shelf, day: date | None = None, disk: str = "") -> list[RestoredDisk]:
    """Restore the disks of a generation."""
    whole = tenant(shelf)
    return Restoring(whole, waiting()).run(chosen(whole, "db", day, disk))


def test_the_newest_whole_generation_is_restored_disk_by_disk(shelf: Shelf) -> None:
    """Each into a volume of the type that the backup's had; the root disk can be booted from."""
    found = {one.disk: one for one in restored(shelf)}
    assert {disk: (one.day, one.said) for disk, one in found.items()} == {"root": ("2026-12-01", ""), "data": ("2026-12-01", "")}
    for disk, one in found.items():
        row = shelf.rows[one.volume]
        assert shelf.written[one.volume] == [one.backup]
        assert (row["volume_type"], row["size"], row["bootable"]) == ("vault", 40, disk == "root")
        assert row["metadata"] == {
            "ringfence": "restored",
            "backup": one.backup,
            "tenant": "acme",
            "server": "db",
            "disk": disk,
            "generation": "2026-12-01",
        }


@pytest.mark.parametrize("moment", ["volume", "restore"])
def test_killed_anywhere_the_same_command_goes_on_with_the_same_volume(shelf: Shelf, moment: str) -> None:
    """What may be half written is written once more."""
    shelf.dies, shelf.looks = moment, 3
    with pytest.raises(KilledError):
        restored(shelf, disk="data")
    assert all(row["metadata"].get("ringfence") != "restored" for row in shelf.rows.values())
    (one,) = restored(shelf, disk="data")
    assert (one.said, one.again, len(shelf.rows)) == ("", False, 1)
    assert shelf.calls.count("volume vault") == 1


def test_what_was_restored_before_is_told_and_not_touched(shelf: Shelf) -> None:
    """Somebody may have written to it since."""
    (first,) = restored(shelf, disk="data")
    (again,) = restored(shelf, disk="data")
    assert (again.volume, again.again) == (first.volume, True)
    assert shelf.written[first.volume] == [first.backup]


def test_a_restore_that_fails_is_no_restored_volume(shelf: Shelf) -> None:
    """And it is said, with what to do; the same command takes another volume, and the one that was never whole goes."""
    shelf.ends = "error"
    (one,) = restored(shelf, disk="data")
    assert "error_restoring" in one.said
    assert [row["metadata"].get("ringfence") for row in shelf.rows.values()] == [None]
    shelf.ends = "available"
    (again,) = restored(shelf, disk="data")
    assert (again.said, again.volume != one.volume, len(shelf.rows)) == ("", True, 1)


def test_a_generation_is_chosen_by_its_day(shelf: Shelf) -> None:
    """One that is not there, or not whole, is refused with what there is."""
    assert [one.day for one in restored(shelf, date(2026, 11, 30), "root")] == ["2026-11-30"]
    with pytest.raises(QuestionError, match="2026-12-01, 2026-11-30"):
        restored(shelf, date(2026, 11, 1))
    with pytest.raises(QuestionError, match="no backup that can be restored"):
        restored(shelf, None, "log")
    gone = next(
        record.id for record in shelf.records() if record.mark and record.mark.disk == "root" and record.mark.day == date(2026, 11, 30)
    )
    shelf.cinder.delete(gone)
    with pytest.raises(QuestionError, match="not whole"):
        restored(shelf, date(2026, 11, 30))
    assert [one.disk for one in restored(shelf, date(2026, 11, 30), "data")] == ["data"]


def test_a_volume_whose_type_nobody_knows_is_not_made(shelf: Shelf) -> None:
    """Cinder's default may store plain text."""
    for id_, record in shelf.cinder.records.items():
        assert record.mark
        shelf.cinder.records[id_] = replace(record, mark=replace(record.mark, kind="", server="old"))
    whole = tenant(shelf)
    (one,) = Restoring(whole, waiting()).run(chosen(whole, "old", None, "data"))
    assert "nobody knows of which type" in one.said
    assert shelf.rows == {}
