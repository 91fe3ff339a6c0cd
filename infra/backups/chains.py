"""Which backup needs which, and which generations are whole. Pure.

Cinder's API does not tell what an increment was made upon. It takes, of the volume's available backups, the one with the latest data,
whoever made it: so that one is reckoned with, beside the one that the mark names. Where the two differ (somebody made a backup in the same
moment, or the status of one has changed since), the increment counts as standing upon both: it is whole only if both are, and neither goes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.backups.records import NEVER_A_PARENT, READABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from infra.backups.records import BackupRecord


class Chains:
    """The backups of some volumes, each with those that it was made upon."""

    def __init__(self, records: Iterable[BackupRecord]) -> None:
        """Find the parent of every increment."""
        self._records = {record.id: record for record in sorted(records, key=lambda record: record.order)}
        self._parents: dict[str, set[str]] = {}
        last: dict[str, str] = {}
        for record in self._records.values():
            if record.increment:
                named = record.mark.parent if record.mark else ""
                self._parents[record.id] = {last.get(record.volume, ""), *([named] if named else [])}
            if record.status not in NEVER_A_PARENT:
                last[record.volume] = record.id
        self._last = last

    def ancestors(self, record: BackupRecord) -> list[BackupRecord] | None:
        """Return what a backup was made upon, the nearest first; ``None`` when a part of that is gone."""
        above = self._above(record.id)
        if not above <= self._records.keys():
            return None
        return sorted((self._records[id_] for id_ in above), key=lambda each: each.order, reverse=True)

    def _above(self, id_: str) -> set[str]:
        found: set[str] = set()
        waiting = [id_]
        while waiting:
            more = self._parents.get(waiting.pop(), set()) - found
            found |= more
            waiting += more
        return found

    def is_readable(self, record: BackupRecord) -> bool:
        """Tell whether a backup can be restored: it is there, and so is all that it was made upon."""
        before = self.ancestors(record)
        return before is not None and all(each.status in READABLE for each in (record, *before))

    def tip(self, volume: str) -> BackupRecord | None:
        """Return the backup that the next increment of a volume would be made upon."""
        return self._records[self._last[volume]] if volume in self._last else None

    def needed(self, records: Iterable[BackupRecord]) -> set[str]:
        """Return the ids of some backups and of all that they were made upon, as far as that is still there."""
        return {id_ for record in records for id_ in (record.id, *self._above(record.id))}


@dataclass(frozen=True, slots=True)
class Generation:
    """The backups of one server of one day; ``whole`` when every disk that it had then can be restored."""

    server: str
    day: date
    records: tuple[BackupRecord, ...]
    whole: bool

    @property
    def taken(self) -> datetime:
        """The point in time of its oldest data."""
        return min(record.taken for record in self.records)


def generations(tenant: str, records: Iterable[BackupRecord], chains: Chains) -> dict[str, list[Generation]]:
    """Return the generations of each server of a tenant, the newest first; a whole one has its readable backups only."""
    by: Mapping[tuple[str, date], list[BackupRecord]] = defaultdict(list)
    for record in records:
        if record.mark is not None and record.mark.tenant == tenant:
            by[record.mark.server, record.mark.day].append(record)
    found: dict[str, list[Generation]] = defaultdict(list)
    for (server, day), all_of_it in sorted(by.items(), reverse=True):
        readable = [record for record in all_of_it if chains.is_readable(record)]
        disks = {record.mark.disk for record in readable if record.mark}
        wanted = max(record.mark.disks for record in all_of_it if record.mark)
        whole = len(disks) >= wanted
        found[server].append(Generation(server, day, tuple(readable if whole else all_of_it), whole))
    return dict(found)
