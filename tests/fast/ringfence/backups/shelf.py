"""A storage in memory: Cinder's records as the real one keeps them, a delay before anything is done, and kills."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from infra.backups.plan import BackedDisk
from infra.backups.records import AVAILABLE, CREATING
from infra.errors import CloudError
from ringfence.backups.journal import Journal
from ringfence.backups.stillness import Held
from ringfence.backups.tenants import TenantBackups
from ringfence.backups.waiting import Waiting
from tests.fast.backups.cinder import NOW, Cinder, server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from infra.backups.plan import BackedServer
    from infra.backups.records import BackupMark, BackupRecord

Row = dict[str, Any]


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class Shelf:
    """The storage of one tenant. ``looks`` is how often a thing is seen at work before it is done; ``ends`` how a backup ends."""

    cinder: Cinder = field(default_factory=Cinder)
    rows: dict[str, Row] = field(default_factory=dict)
    now: datetime = NOW
    looks: int = 1
    ends: str = AVAILABLE
    refuses: str = ""
    dies: str = ""
    leaks: bool = False
    keys: set[str] = field(default_factory=set)
    numbers: count[int] = field(default_factory=count)
    calls: list[str] = field(default_factory=list)
    _left: dict[str, int] = field(default_factory=dict)
    _next: dict[str, str] = field(default_factory=dict)
    written: dict[str, list[str]] = field(default_factory=dict)

    def _called(self, what: str) -> None:
        """Note a call that changes something; it may be refused, and the process may end after it."""
        self.calls.append(what)
        if self.refuses and what.startswith(self.refuses):
            raise CloudError.of("the cloud refused", where=what, hint="none")

    def _survived(self, what: str) -> None:
        if self.dies and what.startswith(self.dies):
            self.dies = ""
            raise KilledError(what)

    def records(self) -> tuple[BackupRecord, ...]:
        """Return all backups."""
        return tuple(self.cinder.records.values())

    def record(self, id_: str) -> BackupRecord | None:
        """Return a backup, and let what is done to it go on."""
        self._go_on(id_)
        return self.cinder.records.get(id_)

    def _go_on(self, id_: str) -> None:
        if id_ not in self._left:
            return
        self._left[id_] -= 1
        if self._left[id_] <= 0:
            del self._left[id_]
            becomes = self._next.pop(id_)
            if id_ in self.rows:
                self.rows[id_]["status"] = becomes
            elif becomes == "gone":
                self.cinder.delete(id_)
            else:
                self.cinder.change(id_, becomes)

    def _begin(self, id_: str, becomes: str) -> None:
        self._left[id_], self._next[id_] = self.looks, becomes

    def create(self, volume: str, name: str, mark: BackupMark) -> str:
        """Begin a backup."""
        self._called(f"create {mark.disk}")
        assert name.startswith("ringfence.")
        disk = BackedDisk(mark.disk, volume, 40)
        made = self.cinder.add(disk, self.now, increment=bool(mark.parent), status=CREATING, mark=mark)
        self._begin(made.id, self.ends)
        self._survived(f"create {mark.disk}")
        return made.id

    def note(self, id_: str, mark: BackupMark) -> None:
        """Write another mark."""
        self.cinder.records[id_] = replace(self.cinder.records[id_], mark=mark)

    def delete(self, id_: str) -> None:
        """Begin to delete a backup."""
        self._called(f"delete {id_}")
        assert id_ not in self.cinder.parents.values()
        self.cinder.change(id_, "deleting")
        self._begin(id_, "gone")
        self._survived(f"delete {id_}")

    def volumes(self) -> tuple[Row, ...]:
        """Return all volumes."""
        return tuple(self.rows.values())

    def volume(self, id_: str) -> Row | None:
        """Return a volume."""
        self._go_on(id_)
        return self.rows.get(id_)

    def make_volume(self, values: Row) -> str:
        """Begin to make a volume."""
        self._called(f"volume {values['volume_type']}")
        id_ = f"volume-{next(self.numbers)}"
        self.rows[id_] = {"id": id_, "status": "creating", "metadata": {}, **values}
        self.keys.add(id_)
        self._begin(id_, AVAILABLE)
        self._survived("volume")
        return id_

    def restore(self, backup: str, volume: str) -> None:
        """Begin to write a backup to a volume; Cinder writes the labels of the backup's volume as well."""
        self._called(f"restore {backup}")
        assert self.rows[volume]["status"] == AVAILABLE
        self.rows[volume] |= {"status": "restoring-backup", "metadata": {"managed-by": "ringfence"}}
        self.written.setdefault(volume, []).append(backup)
        self._begin(volume, AVAILABLE if self.ends == AVAILABLE else "error_restoring")
        self._survived("restore")

    def label(self, volume: str, labels: Mapping[str, str], *, bootable: bool) -> None:
        """Give a volume labels."""
        assert self.rows[volume]["status"] == AVAILABLE
        self.rows[volume] |= {"metadata": dict(labels), "bootable": bootable}

    def remove_volume(self, volume: str) -> None:
        """Delete a volume at once, and its key unless that is to be forgotten; Cinder refuses one that is at a server or at work."""
        self._called(f"remove {volume}")
        assert self.rows[volume]["status"] in {AVAILABLE, "error_restoring"}
        del self.rows[volume]
        if not self.leaks:
            self.keys.discard(volume)

    def secrets(self) -> frozenset[str]:
        """Return all secrets: one of every backup and of every volume."""
        return frozenset({record.key for record in self.records()} | self.keys)


def tenant(shelf: Shelf, *servers: BackedServer, missing: Mapping[str, str] | None = None) -> TenantBackups:
    """Return a tenant with this storage."""
    return TenantBackups("acme", servers or (server(since=NOW),), shelf, Journal("project"), "digest", {"db": "vault"}, missing or {})


def waiting() -> Waiting:
    """Return what waits for nothing but looks."""
    return Waiting(pause=0.0)


class Untouched:
    """Holds nobody still."""

    @contextmanager
    def hold(self, _server: BackedServer) -> Iterator[Held]:
        """Do nothing."""
        yield Held()

    def release(self, _server: BackedServer) -> Held:
        """Do nothing."""
        return Held(reached=True)
