"""What a run of the backups does now: what is made, what is waited for, and what is pruned, in that order. Pure.

It is worked out anew from Cinder's records each time, so a run that was killed is gone on with by the next one: what it made is there, and
is not made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.backups.chains import Chains, generations
from infra.backups.records import AVAILABLE, CREATING, ERROR, READABLE, UNSETTLED, BackupMark
from infra.backups.settings import CHAIN, CHAIN_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from infra.backups.chains import Generation
    from infra.backups.records import BackupRecord
    from infra.backups.settings import Settings

STUCK: Final = timedelta(hours=12)
"""For how long a backup may be made before nobody is believed to be at work on it."""
DELETABLE: Final = frozenset({AVAILABLE, ERROR})
"""Statuses in which Cinder deletes a backup for an account of the project."""


@dataclass(frozen=True, slots=True)
class BackedDisk:
    """A disk that is to be backed up: the volume that it is now, its size in GiB and its type."""

    name: str
    volume: str
    size: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class BackedServer:
    """A server that is to be backed up; ``since`` is when the cloud made it, where that is known."""

    tenant: str
    name: str
    settings: Settings
    disks: tuple[BackedDisk, ...]
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewBackup:
    """A backup that is to be made: upon which one, if it is an increment, and why it is none where one might be expected."""

    server: BackedServer
    disk: BackedDisk
    day: date
    parent: str = ""
    why: str = ""

    @property
    def increment(self) -> bool:
        """Whether it holds only what has changed."""
        return bool(self.parent)

    def mark(self, revision: str, marker: str = "") -> BackupMark:
        """Return what is written on it."""
        server, disk = self.server, self.disk
        quiesced = UNSETTLED if server.settings.quiesce else ""
        return BackupMark(
            server.tenant, server.name, disk.name, self.day, len(server.disks), self.parent, disk.kind, marker, revision, quiesced
        )


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What is to be made, what others are making, and what goes, leaf first."""

    make: tuple[NewBackup, ...] = ()
    wait: tuple[BackupRecord, ...] = ()
    prune: tuple[BackupRecord, ...] = ()


def planned(servers: Sequence[BackedServer], records: Iterable[BackupRecord], now: datetime) -> BackupPlan:
    """Plan for some servers of one tenant, from all backups of its project."""
    known = tuple(records)
    chains = Chains(known)
    make: list[NewBackup] = []
    wait: list[BackupRecord] = []
    for server in servers:
        for disk in server.disks:
            new, pending = _of_disk(server, disk, known, chains, now)
            make += [new] if new else []
            wait += [pending] if pending else []
    return BackupPlan(tuple(make), tuple(wait), tuple(pruned(servers, known)))


def is_stuck(record: BackupRecord, now: datetime) -> bool:
    """Tell whether a backup has been in the making for so long that it never ends."""
    return record.status == CREATING and now - record.created > STUCK


def _of_disk(
    server: BackedServer, disk: BackedDisk, known: Sequence[BackupRecord], chains: Chains, now: datetime
) -> tuple[NewBackup | None, BackupRecord | None]:
    """Return the backup of a disk that is to be made, or the one that is being made; neither when the day's is there."""
    day = server.settings.due(now)
    own = [record for record in known if _is_of(record.mark, server, disk) and record.volume == disk.volume]
    todays = [record for record in own if record.mark and record.mark.day >= day]
    if any(record.status in READABLE and chains.is_readable(record) for record in todays):
        return None, None
    pending = next((record for record in todays if record.status == CREATING and not is_stuck(record, now)), None)
    if pending:
        return None, pending
    if server.settings.is_whole(disk.size):
        return NewBackup(server, disk, day), None
    tip = chains.tip(disk.volume)
    why = _against_increment(server, disk, chains, day)
    return NewBackup(server, disk, day, tip.id if tip and not why else "", why), None


def _against_increment(server: BackedServer, disk: BackedDisk, chains: Chains, day: date) -> str:
    """Say why the next backup of a disk holds everything; empty when it can be an increment."""
    tip = chains.tip(disk.volume)
    if tip is None:
        return "it is the first one of this volume"
    chain = [tip, *(chains.ancestors(tip) or ())]
    first = chain[-1].mark
    if not all(_is_of(record.mark, server, disk) for record in chain) or first is None:
        return "somebody else made a backup of this volume, and an increment would stand upon it"
    if tip.status != AVAILABLE or not chains.is_readable(tip):
        return "the chain is not whole"
    if any(record.size != disk.size for record in chain):
        return "the volume has another size"
    if len(chain) >= CHAIN:
        return f"the chain has {CHAIN} generations"
    return "the chain is a week old" if day - first.day >= CHAIN_DAYS else ""


def _is_of(mark: BackupMark | None, server: BackedServer, disk: BackedDisk) -> bool:
    return mark is not None and (mark.tenant, mark.server, mark.disk) == (server.tenant, server.name, disk.name)


def pruned(servers: Sequence[BackedServer], records: Sequence[BackupRecord]) -> list[BackupRecord]:
    """Return the backups that go, each before what it was made upon.

    Of a server the newest whole generations stay, as many as are declared, with everything that they or any other backup were made upon;
    as long as there are fewer, all stay. What failed goes as soon as the disk has a newer one that can be restored.
    """
    chains = Chains(records)
    by_server = {tenant: generations(tenant, records, chains) for tenant in {server.tenant for server in servers}}
    going: dict[str, BackupRecord] = {}
    for server in servers:
        going |= {record.id: record for record in _over(server, by_server[server.tenant].get(server.name, []), records, chains)}
    needed = chains.needed(record for record in records if record.id not in going)
    leaving = [record for record in going.values() if record.id not in needed]
    return sorted(leaving, key=lambda record: record.order, reverse=True)


def _over(server: BackedServer, found: Sequence[Generation], records: Sequence[BackupRecord], chains: Chains) -> Iterator[BackupRecord]:
    """Yield the backups of a server that nobody keeps for their own sake."""
    whole = [generation.day for generation in found if generation.whole]
    oldest = whole[server.settings.keep - 1] if len(whole) >= server.settings.keep else None
    own = [record for record in records if record.mark and (record.mark.tenant, record.mark.server) == (server.tenant, server.name)]
    newest: dict[str, datetime] = {}
    for record in own:
        if record.mark and chains.is_readable(record):
            newest[record.mark.disk] = max(newest.get(record.mark.disk, record.taken), record.taken)
    for record in own:
        if record.mark is None or record.status not in DELETABLE:
            continue
        failed = record.status == ERROR and record.mark.disk in newest and newest[record.mark.disk] > record.taken
        if failed or (oldest is not None and record.mark.day < oldest):
            yield record
