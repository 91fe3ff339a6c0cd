"""Cinder's records of backups, and the mark on those that ringfence made. Pure.

A backup is found again by its mark, never by its name: a run that was killed left it behind, and no journal has to know of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from infra import cinder
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK: Final = "ringfence"
MARKED: Final = "backup"
"""The key and the value of the metadata by which a backup is known as one of ringfence's."""
UNSETTLED: Final = "asked"
"""What a mark says of ``quiesced`` before its maker lets the server go; it stays on the backup of a run that was killed before."""
AVAILABLE, CREATING, ERROR = "available", "creating", "error"
RESTORING: Final = "restoring"
DELETING: Final = "deleting"
ERROR_DELETING: Final = "error_deleting"
READABLE: Final = frozenset({AVAILABLE, RESTORING})
"""Statuses of a backup that can be restored; ``restoring`` is one that is being read."""
KNOWN: Final = frozenset({AVAILABLE, CREATING, ERROR, RESTORING, DELETING, ERROR_DELETING, "deleted"})
"""Every status of Cinder's (its ``BackupStatus``)."""
NEVER_A_PARENT: Final = frozenset({CREATING, ERROR, "deleted"})
"""Statuses that no backup has which an increment was made upon: Cinder takes an available one only."""


@dataclass(frozen=True, slots=True)
class BackupMark:
    """What ringfence writes on a backup: whose it is, of which day, and how many disks that day's generation has.

    ``parent`` is the backup that an increment was meant to stand upon, ``kind`` the type of its volume, ``marker`` the SHA-256 of what was
    written to the disk before, ``revision`` the digest of the declarations; ``quiesced`` tells whether the server was held still while the
    copy was taken: ``yes``, ``no``, nothing where nobody asked for it, and :data:`UNSETTLED` as long as its maker has not said so.
    """

    tenant: str
    server: str
    disk: str
    day: date
    disks: int
    parent: str = ""
    kind: str = ""
    marker: str = ""
    revision: str = ""
    quiesced: str = ""

    def metadata(self) -> dict[str, str]:
        """Return it as the metadata of a backup."""
        return {
            MARK: MARKED,
            "tenant": self.tenant,
            "server": self.server,
            "disk": self.disk,
            "generation": self.day.isoformat(),
            "disks": str(self.disks),
            "parent": self.parent,
            "type": self.kind,
            "marker": self.marker,
            "revision": self.revision,
            "quiesced": self.quiesced,
        }

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> BackupMark | None:
        """Read a mark; ``None`` where there is none, or none that is whole: such a backup is somebody else's, and is never deleted."""
        if metadata.get(MARK) != MARKED:
            return None
        try:
            words = {key: str(metadata[key]) for key in ("tenant", "server", "disk")}
            day, disks = date.fromisoformat(str(metadata["generation"])), int(metadata["disks"])
        except (KeyError, ValueError):
            return None
        if disks < 1 or not all(words.values()):
            return None
        more = {key: str(metadata.get(key, "")) for key in ("parent", "marker", "revision", "quiesced")}
        return cls(**words, day=day, disks=disks, kind=str(metadata.get("type", "")), **more)


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """A backup as Cinder tells it.

    ``taken`` is the point in time of its data, by which Cinder chooses what an increment is made upon; ``dependents`` whether Cinder knows
    of increments upon it; ``key`` the secret that it is encrypted with; ``container`` where drivers that write chunks have put it.
    """

    id: str
    volume: str
    status: str
    size: int
    created: datetime
    taken: datetime
    increment: bool
    dependents: bool
    container: str = ""
    name: str = ""
    key: str = ""
    reason: str = ""
    user: str = ""
    mark: BackupMark | None = None

    @property
    def reading(self) -> bool:
        """Whether a driver is known to have begun to read: of a volume at a server it reads a copy, which is taken before.

        Drivers that write files name their container after the backup when they begin. A bucket or a pool of many backups says nothing:
        Ceph's driver names its pool before it takes its copy.
        """
        return self.id in self.container

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Where it is in time."""
        return self.taken, self.created, self.id

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> BackupRecord:
        """Read a row of Cinder's list of backups (its API 3.64). Raises :class:`CloudError` for one that lacks what is decided by."""
        try:
            created = _moment(row["created_at"])
            return cls(
                id=str(row["id"]),
                volume=str(row["volume_id"]),
                status=str(row["status"]),
                size=int(row["size"]),
                created=created,
                taken=_moment(row["data_timestamp"]) if row.get("data_timestamp") else created,
                increment=_truth(row["is_incremental"]),
                dependents=_truth(row["has_dependent_backups"]),
                container=str(row.get("container") or ""),
                name=str(row.get("name") or ""),
                key=cinder.key_of(row),
                reason=str(row.get("fail_reason") or ""),
                user=str(row.get("user_id") or ""),
                mark=BackupMark.of(row["metadata"] or {}),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            where = f"backup {row.get('id', 'without an id')}"
            hint = f"Cinder must offer API version {cinder.VERSION} or later"
            got = f"{type(error).__name__}: {error}"
            raise CloudError.of("the record of a backup is not understood", where=where, got=got, hint=hint) from error


def _moment(text: object) -> datetime:
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value
