"""The two ways to copy a volume that are compared: one request to the cloud and a wait, and what ``ringfence backup`` does."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Protocol

from benchmarks.lifecycle.measurements.clearing import JOURNAL
from benchmarks.lifecycle.measurements.scene import NAME, SERVER, waiting
from infra.backups.plan import BackedDisk, BackedServer
from infra.backups.records import CREATING, READABLE, BackupMark
from infra.backups.settings import Settings
from infra.declaration.platform import BackupMode
from infra.errors import CloudError
from ringfence.backups.making import MADE, BackupRun
from ringfence.backups.restoring import Restoring
from ringfence.backups.stillness import Held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.lifecycle.measurements.scene import Scene
    from infra.backups.records import BackupRecord
    from ringfence.backups.waiting import Waiting

DISK = "data"
AGAIN = "run the benchmark again"
YESTERDAYS, TODAYS = time(23, 59), time(0, 0)
"""From when on a generation is due, so that the newest one due is yesterday's, or today's: an increment is of another day."""


class Copier(Protocol):
    """Copies a volume and restores the copy."""

    def full(self) -> BackupRecord:
        """Copy everything."""

    def increment(self, upon: BackupRecord) -> BackupRecord:
        """Copy what has changed."""

    def restore(self, record: BackupRecord) -> str:
        """Restore into a new volume of the same type, and return its id."""


@dataclass(frozen=True, slots=True)
class Bare:
    """One request and a look every half second. The backup has a mark, by which it is cleared away."""

    scene: Scene
    volume: str = ""
    waits: Waiting = field(default_factory=waiting)

    def full(self) -> BackupRecord:
        """Copy everything."""
        return self._backup("")

    def increment(self, upon: BackupRecord) -> BackupRecord:
        """Copy what has changed."""
        return self._backup(upon.id)

    def _backup(self, parent: str) -> BackupRecord:
        storage, today = self.scene.tenant.storage, datetime.now(UTC).date()
        mark = BackupMark(self.scene.tenant.name, SERVER, DISK, today, 1, parent, self.scene.kind)
        id_ = storage.create(self.volume, f"{NAME}.bare", mark)
        found = self.waits.until(id_, partial(storage.record, id_), lambda one: one is None or one.status != CREATING)
        if found is None or found.status not in READABLE:
            got = found.reason or found.status if found else "gone"
            raise CloudError.of("the bare backup failed", where=id_, got=got, hint=AGAIN)
        return found

    def make(self, name: str, gib: int, kind: str) -> str:
        """Make a volume and wait for it."""
        id_ = self.scene.tenant.storage.make_volume({"size": gib, "volume_type": kind, "name": f"{NAME}.{name}"})
        self._settled(id_, {"creating"})
        return id_

    def restore(self, record: BackupRecord) -> str:
        """Make a volume of the same type and restore into it."""
        mark = record.mark
        volume = self.make(f"restored.{record.id}", record.size, mark.kind if mark and mark.kind else self.scene.kind)
        self.scene.tenant.storage.restore(record.id, volume)
        self._settled(volume, {"restoring-backup"})
        return volume

    def _settled(self, volume: str, at_work: set[str]) -> None:
        storage = self.scene.tenant.storage
        found = self.waits.until(volume, partial(storage.volume, volume), lambda row: row is None or row["status"] not in at_work)
        if found is None or found["status"] != "available":
            got = "gone" if found is None else str(found["status"])
            raise CloudError.of("the volume is in another state", where=volume, expected="available", got=got, hint=AGAIN)


class Still:
    """Holds nobody: no server has the volume."""

    @contextmanager
    def hold(self, _server: BackedServer) -> Iterator[Held]:
        """Do nothing."""
        yield Held()

    def release(self, _server: BackedServer) -> Held:
        """Do nothing."""
        return Held(reached=True)


@dataclass(frozen=True, slots=True)
class Ours:
    """What ``ringfence backup`` does for a server with this one disk: the plan, the request, the wait, the pruning, the journal."""

    scene: Scene
    volume: str
    gib: int

    def full(self) -> BackupRecord:
        """Make yesterday's generation."""
        return self._run(YESTERDAYS, increment=False)

    def increment(self, upon: BackupRecord) -> BackupRecord:
        """Make today's generation."""
        return self._run(TODAYS, increment=True, upon=upon.id)

    def _run(self, at: time, *, increment: bool, upon: str = "") -> BackupRecord:
        settings = Settings(mode=BackupMode.INCREMENTS, at=at)
        server = BackedServer(self.scene.tenant.name, SERVER, settings, (BackedDisk(DISK, self.volume, self.gib, self.scene.kind),))
        tenant = replace(self.scene.tenant, servers=(server,), missing={}, journal=JOURNAL)
        steps = BackupRun(tenant, Still()).run()
        made = [(step.what, step.increment, step.said) for step in steps]
        if made != [(MADE, increment, "")]:
            expected = f"one {'increment' if increment else 'full'} backup"
            raise CloudError.of("the run made something else", where=self.volume, expected=expected, got=str(made), hint=AGAIN)
        record = tenant.storage.record(steps[0].id)
        if record is None or record.mark is None or record.mark.parent != upon:
            raise CloudError.of("the backup stands upon another one", where=steps[0].id, expected=upon or "nothing", hint=AGAIN)
        return record

    def restore(self, record: BackupRecord) -> str:
        """Restore."""
        tenant = replace(self.scene.tenant, journal=JOURNAL)
        (done,) = Restoring(tenant, prefix=f"{NAME}.restored").run([record])
        if done.said or done.again:
            raise CloudError.of("the restore failed", where=record.id, got=done.said or "it was restored before", hint=AGAIN)
        return done.volume
