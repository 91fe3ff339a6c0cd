"""Restores of backups into new volumes: always by the ids of both, always into a volume of the type that the backup's had.

Killed at any moment, the same command goes on: the volume has the backup's id in its name, and gets its labels only when all of it is
there. What was begun and may be half of it is written once more.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from infra.backups.chains import Chains, generations
from infra.backups.records import MARK
from infra.declaration import names
from infra.errors import CloudError, QuestionError, RingfenceError
from ringfence.backups.making import AT_ONCE, now
from ringfence.backups.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from infra.backups.records import BackupRecord
    from infra.drift.found import Json
    from ringfence.backups.tenants import TenantBackups

PREFIX = "ringfence.restored"
RESTORED = "restored"
"""The value of the label of a volume that is whole; the key is that of a backup's mark."""
WRITING = "restoring-backup"
READY = "available"
FAILED = frozenset({"error", "error_restoring"})
AT_WORK = frozenset({"creating", "downloading"})


@dataclass(frozen=True, slots=True)
class RestoredDisk:
    """What became of one disk; ``again`` when it had been restored before."""

    server: str
    disk: str
    day: str
    backup: str
    volume: str = ""
    size: int = 0
    seconds: float = 0.0
    again: bool = False
    said: str = ""


def chosen(tenant: TenantBackups, server: str, day: date | None, disk: str = "") -> list[BackupRecord]:
    """Return the backups that are to be restored: of the newest whole generation of a server, or of one that is named; of all disks or one.

    Raises :class:`QuestionError` where there is none, with those that there are.
    """
    records = tenant.storage.records()
    chains = Chains(records)
    found = generations(tenant.name, records, chains).get(server, [])
    wanted = [one for one in found if (one.whole if day is None else one.day == day)]
    where = f"{tenant.name}/{server}"
    if not wanted:
        expected = ", ".join(str(one.day) for one in found if one.whole) or "a server with a whole generation"
        what = "there is no whole generation" if day is None else "there is no such generation"
        raise QuestionError.of(what, where=where, expected=expected, got=str(day or ""), hint=f"ringfence backup list {tenant.name}")
    one = wanted[0]
    parts = {
        record.mark.disk: record
        for record in sorted(one.records, key=lambda each: each.order)
        if record.mark and chains.is_readable(record)
    }
    if disk and disk not in parts:
        raise QuestionError.of(
            "this disk has no backup that can be restored", where=f"{where} {disk}, {one.day}", expected=" or ".join(parts)
        )
    if not disk and not one.whole:
        hint = "name one with --disk"
        raise QuestionError.of(
            "this generation is not whole", where=f"{where}, {one.day}", expected="every disk", got=", ".join(parts), hint=hint
        )
    return [parts[disk]] if disk else list(parts.values())


@dataclass(slots=True)
class Restoring:
    """A restore of some backups of a tenant."""

    tenant: TenantBackups
    waiting: Waiting = field(default_factory=Waiting)
    tell: Callable[[str, int, int], None] = lambda _what, _done, _total: None
    at_once: int = AT_ONCE
    prefix: str = PREFIX
    """How the names of the volumes begin: those of a drill are its own."""

    def run(self, records: Sequence[BackupRecord]) -> list[RestoredDisk]:
        """Restore each into a volume of its own, some at a time."""
        found: list[RestoredDisk] = []
        self.tell("restoring", 0, len(records))
        pool = ThreadPoolExecutor(self.at_once)
        try:
            for future in [pool.submit(self._tried, record) for record in records]:
                found.append(future.result())
                self.tell("restoring", len(found), len(records))
        except BaseException:
            self.waiting.stopped.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return found

    def _tried(self, record: BackupRecord) -> RestoredDisk:
        try:
            done = self._one(record)
        except RingfenceError as error:
            done = _told(record, said=str(error))
        self.tenant.journal.write(
            "restored" if not done.said else "not restored", **{key: getattr(done, key) for key in RestoredDisk.__slots__}
        )
        return done

    def _one(self, record: BackupRecord) -> RestoredDisk:
        began, storage = now(), self.tenant.storage
        name = f"{self.prefix}.{record.id}"
        labels = {MARK: RESTORED, "backup": record.id, **_labels(record)}
        there = next((row for row in storage.volumes() if row["name"] == name), None)
        if there is not None and (there.get("metadata") or {}).get(MARK) == RESTORED:
            return _told(record, str(there["id"]), again=True)
        if there is not None and there["status"] in FAILED:
            self._gone(str(there["id"]))
            there = None
        volume = str(there["id"]) if there else self._made(record, name)
        self._settled(volume, name)
        storage.restore(record.id, volume)
        self._settled(volume, name)
        storage.label(volume, labels, bootable=record.mark is not None and record.mark.disk == names.ROOT)
        return _told(record, volume, seconds=round((now() - began).total_seconds(), 1))

    def _made(self, record: BackupRecord, name: str) -> str:
        """Make the volume. Cinder must be told the type: its own default may be one that does not encrypt."""
        mark = record.mark
        kind = mark.kind or self.tenant.kinds.get(mark.server, "") if mark else ""
        if not kind or mark is None:
            hint = "declare the server, with its volume_type"
            raise CloudError.of("nobody knows of which type the volume was", where=f"backup {record.id}", hint=hint)
        about = f"{mark.tenant}/{mark.server} {mark.disk}, {mark.day}"
        return self.tenant.storage.make_volume({"size": record.size, "volume_type": kind, "name": name, "description": about})

    def _gone(self, volume: str) -> None:
        """Delete a volume that was made for a restore which failed: it was never whole, and nobody can have used it."""
        self.tenant.storage.remove_volume(volume)
        self.waiting.until(volume, partial(self.tenant.storage.volume, volume), lambda row: row is None)

    def _settled(self, volume: str, name: str) -> None:
        """Wait until nothing is at work on the volume. Raises :class:`CloudError` when it is not as it should be then."""
        found = self.waiting.until(name, partial(self.tenant.storage.volume, volume), _is_settled)
        status = "gone" if found is None else str(found["status"])
        if status != READY:
            hint = f"openstack volume delete {volume}, then run the same command again"
            raise CloudError.of("the volume cannot be restored to", where=f"{name} ({volume})", expected=READY, got=status, hint=hint)


def _is_settled(row: Json | None) -> bool:
    return row is None or row["status"] not in AT_WORK | {WRITING}


def _labels(record: BackupRecord) -> dict[str, str]:
    mark = record.mark
    return {} if mark is None else {"tenant": mark.tenant, "server": mark.server, "disk": mark.disk, "generation": str(mark.day)}


def _told(record: BackupRecord, volume: str = "", *, seconds: float = 0.0, again: bool = False, said: str = "") -> RestoredDisk:
    mark = record.mark
    where = (mark.server, mark.disk, str(mark.day)) if mark else ("", "", "")
    return RestoredDisk(*where, record.id, volume, record.size, seconds, again, said)
