"""What is declared about the backups of each server, with everything filled in that nobody wrote. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from infra.declaration import names
from infra.declaration.platform import Backup, BackupMode, Drilling

if TYPE_CHECKING:
    from datetime import date

    from infra.declaration.model import Platform, Server, Tenant

KEEP: Final = 7
AT: Final = time(2, 30)
SMALL_GIB: Final = 20
"""Disks below this are copied whole every day: generations that need no other one are the simplest to keep, and the safest."""
CHAIN: Final = 7
"""How many generations a chain has at most: one that holds everything, and the increments of six days."""
CHAIN_DAYS: Final = timedelta(days=7)
"""How old the first generation of a chain may be for another increment."""
BESIDE: Final = 2
"""Backups of a disk for which there is room beside those that are kept: the one that is being made, and one that failed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one server is backed up."""

    keep: int = KEEP
    at: time = AT
    mode: BackupMode = BackupMode.AUTO
    quiesce: tuple[str, ...] = ()
    thaw: tuple[str, ...] = ()
    drill: Drilling = Drilling.NEVER

    def is_whole(self, size: int) -> bool:
        """Tell whether every backup of a disk of so many GiB holds everything."""
        return self.mode is BackupMode.FULL or (self.mode is BackupMode.AUTO and size < SMALL_GIB)

    def due(self, now: datetime) -> date:
        """Return the day whose generation was due last."""
        there = now.astimezone(UTC)
        return there.date() if there.time() >= self.at else there.date() - timedelta(days=1)

    def due_at(self, day: date) -> datetime:
        """Return when a day's generation is due."""
        return datetime.combine(day, self.at, UTC)

    def most(self, size: int) -> int:
        """Return how many backups of a disk there may be at once. A chain goes only as a whole, so increments need room for another one."""
        return self.keep + BESIDE + (0 if self.is_whole(size) else CHAIN)


@dataclass(frozen=True, slots=True)
class DeclaredDisk:
    """A disk that is to be backed up: its server, its name in the declaration and its size in GiB."""

    server: str
    name: str
    size: int


def of_server(platform: Platform, tenant: Tenant, server: Server) -> Settings | None:
    """Return how a server is backed up; ``None`` when it is not."""
    levels = [level for level in (platform.backup, tenant.backup, server.backup) if level is not None]
    if not levels:
        return None
    said: dict[str, object] = {}
    for level in levels:
        said |= {key: value for key in Backup.model_fields if (value := getattr(level, key)) is not None}
    found = Backup.model_validate(said)
    settings = Settings(
        found.keep or KEEP,
        time.fromisoformat(found.at) if found.at else AT,
        found.mode or BackupMode.AUTO,
        found.quiesce or (),
        found.thaw or (),
        found.drill or Drilling.NEVER,
    )
    return None if settings.mode is BackupMode.NONE else settings


def of_tenant(platform: Platform, tenant: Tenant) -> dict[str, Settings]:
    """Return how each server of a tenant is backed up that is, by its name."""
    found = {name: of_server(platform, tenant, server) for name, server in tenant.servers.items()}
    return {name: settings for name, settings in found.items() if settings is not None}


def disks(name: str, server: Server) -> tuple[DeclaredDisk, ...]:
    """Return the disks of a server, the root disk first."""
    data = (DeclaredDisk(name, disk, entry.size) for disk, entry in server.data.items())
    return (DeclaredDisk(name, names.ROOT, server.root), *data)


def room(platform: Platform, tenant: Tenant) -> dict[str, int]:
    """Return the quotas of Cinder that a tenant's backups need; none where it has no backups.

    Each backup counts as much as its volume is large, however little is stored of it.
    """
    declared = of_tenant(platform, tenant)
    counted = [(declared[name].most(disk.size), disk.size) for name in declared for disk in disks(name, tenant.servers[name])]
    if not counted:
        return {}
    return {"backups": sum(most for most, _ in counted), "backup_gigabytes": sum(most * size for most, size in counted)}
