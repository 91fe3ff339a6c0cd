"""A Cinder that keeps backups as the real one does: an increment is made upon the available backup with the latest data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from infra.backups.plan import BackedDisk, BackedServer
from infra.backups.records import AVAILABLE, BackupRecord
from infra.backups.settings import Settings

if TYPE_CHECKING:
    from infra.backups.plan import NewBackup
    from infra.backups.records import BackupMark

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ROOT, DATA = BackedDisk("root", "volume-root", 2), BackedDisk("data", "volume-data", 40)


def server(*disks: BackedDisk, settings: Settings | None = None, since: datetime | None = None) -> BackedServer:
    """Return a server of acme's: one small disk and one large one, when nothing else is said."""
    return BackedServer("acme", "db", settings or Settings(), disks or (ROOT, DATA), since)


@dataclass
class Cinder:
    """Backups by id, and the real parent of each."""

    records: dict[str, BackupRecord] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=count)

    def make(self, new: NewBackup, now: datetime, status: str = AVAILABLE) -> BackupRecord:
        """Make a backup as it is planned."""
        record = self.add(new.disk, now, increment=new.increment, status=status, mark=new.mark("digest"))
        assert self.parents.get(record.id, "") == new.parent
        return record

    def add(
        self, disk: BackedDisk, now: datetime, *, increment: bool = False, status: str = AVAILABLE, mark: BackupMark | None = None
    ) -> BackupRecord:
        """Make a backup of whoever's. Cinder refuses an increment upon nothing."""
        id_ = f"b{next(self.numbers)}"
        if increment:
            before = [one for one in self.records.values() if one.volume == disk.volume and one.status == AVAILABLE]
            self.parents[id_] = max(before, key=lambda one: one.taken).id
        record = BackupRecord(id_, disk.volume, status, disk.size, now, now, increment, dependents=False, key=f"key-{id_}", mark=mark)
        self.records[id_] = record
        return record

    def delete(self, id_: str) -> None:
        """Delete a backup. Cinder refuses one that another was made upon."""
        assert id_ not in self.parents.values(), f"{id_} has dependents"
        del self.records[id_]
        self.parents.pop(id_, None)

    def change(self, id_: str, status: str) -> None:
        """Give a backup another status."""
        self.records[id_] = replace(self.records[id_], status=status)

    def is_readable(self, id_: str) -> bool:
        """Tell by the real parents whether a backup can be restored."""
        while id_:
            if id_ not in self.records or self.records[id_].status != AVAILABLE:
                return False
            id_ = self.parents.get(id_, "")
        return True

    def whole_days(self, disks: int) -> list[str]:
        """Return the days of which every disk can be restored, the newest first."""
        found: dict[str, set[str]] = {}
        for record in self.records.values():
            if record.mark and self.is_readable(record.id):
                found.setdefault(record.mark.day.isoformat(), set()).add(record.mark.disk)
        return sorted((day for day, names in found.items() if len(names) == disks), reverse=True)
