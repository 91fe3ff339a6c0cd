"""A run of a tenant's backups: makes what is due, waits for what is being made, prunes what nobody keeps.

It may be killed at any moment. Whatever it began is found again by its mark, and the next run goes on from Cinder's records.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from infra.backups.plan import planned
from infra.backups.records import CREATING, ERROR_DELETING, READABLE, UNSETTLED
from infra.errors import CloudError
from ringfence.backups.waiting import StillAtWorkError, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.backups.plan import BackedServer, NewBackup
    from infra.backups.records import BackupRecord
    from ringfence.backups.stillness import Holding
    from ringfence.backups.tenants import TenantBackups

AT_ONCE = 2
HOLD_SECONDS = 20.0
"""For how long a server is held still at most: the storage takes its copy at the beginning."""
MADE, FAILED, PENDING, PRUNED, KEPT, RELEASED = "made", "failed", "pending", "pruned", "kept", "let go"


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class BackupStep:
    """What became of one backup; ``seconds`` is from its record on until it was there, ``said`` why it failed or what is to be known."""

    what: str
    server: str
    disk: str
    day: str
    id: str = ""
    increment: bool = False
    size: int = 0
    seconds: float = 0.0
    said: str = ""


@dataclass(slots=True)
class BackupRun:
    """A run over one tenant. ``tell`` learns what is going on, how much is done and how much there is.

    ``copied`` tells whether the storage has the copy that a backup is made of, where its record does not tell.
    """

    tenant: TenantBackups
    holding: Holding
    waiting: Waiting = field(default_factory=Waiting)
    tell: Callable[[str, int, int], None] = lambda _what, _done, _total: None
    at_once: int = AT_ONCE
    copied: Callable[[BackupRecord], bool] = lambda _record: False
    steps: list[BackupStep] = field(default_factory=list)
    _total: int = 0

    def run(self) -> list[BackupStep]:
        """Make, wait and prune; returns what was done. Raises :class:`CloudError` when Cinder's records cannot be read."""
        for missing, why in self.tenant.missing.items():
            self._done(BackupStep(FAILED, missing, "", "", said=f"{why}: pulumi up -s {self.tenant.name}"))
        records = self.tenant.storage.records()
        plan = planned(self.tenant.servers, records, now())
        work = {server.name: (server, _of(server, plan.make), _pending(server, plan.wait)) for server in self.tenant.servers}
        self._total = len(self.steps) + len(plan.make) + len(plan.wait)
        self.tell("backups", 0, self._total)
        pool = ThreadPoolExecutor(self.at_once)
        try:
            for server in self.tenant.servers:
                self._release(server, records)
            for future in [pool.submit(self._server, *one) for one in work.values() if one[1] or one[2]]:
                future.result()
            self._prune()
        except BaseException:
            self.waiting.stopped.set()  # a server that is held still is let go before anybody leaves
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return self.steps

    def _release(self, server: BackedServer, records: Sequence[BackupRecord]) -> None:
        """Let a server go that a run which was killed held still: the marks of its backups do not say what came of it."""
        left = [one for one in records if one.mark and (one.mark.server, one.mark.quiesced) == (server.name, UNSETTLED)]
        if not left:
            return
        held = self.holding.release(server)
        for record in left if held.reached else ():
            self._note(record, "no")
        self._done(BackupStep(RELEASED, server.name, "", "", said="; ".join(held.wrong)))

    def _note(self, record: BackupRecord, quiesced: str) -> None:
        if record.mark is not None:
            self.tenant.storage.note(record.id, replace(record.mark, quiesced=quiesced))

    def _server(self, server: BackedServer, new: Sequence[NewBackup], pending: Sequence[BackupRecord]) -> None:
        for step in self._begun(server, new) if new else []:
            self._done(step)
        for record in pending:
            self._done(self._end(record, ""))

    def _begun(self, server: BackedServer, new: Sequence[NewBackup]) -> list[BackupStep]:
        """Begin all backups of a server at the same time, while it is held still, and wait for them."""
        asked = bool(server.settings.quiesce)
        steps: list[BackupStep] = []
        made: list[BackupRecord] = []
        with self.holding.hold(server) as held:
            for one in new:
                try:
                    made.append(self._begin(one, held.markers.get(one.disk.name, "")))
                except CloudError as error:
                    steps.append(_step(FAILED, one, str(error)))
            if held.still and not self._taken(made):
                held.still = False
                held.wrong.append(f"it was held still for {HOLD_SECONDS:.0f} s, and nobody knows whether the copy was taken by then")
        for record in made:
            if asked:
                self._note(record, "yes" if held.still else "no")
            steps.append(self._end(record, "; ".join(held.wrong) if asked else ""))
        return steps

    def _begin(self, new: NewBackup, marker: str) -> BackupRecord:
        """Begin one backup. Where the answer is lost, it is found by its mark by the next run."""
        mark = new.mark(self.tenant.revision, marker)
        name = f"ringfence.{new.server.tenant}-{new.server.name}-{new.disk.name}.{new.day}"
        id_ = self.tenant.storage.create(new.disk.volume, name, mark)
        self.tenant.journal.write("begun", id=id_, **{key: value for key, value in mark.metadata().items() if value}, why=new.why)
        record = self.tenant.storage.record(id_)
        if record is None:
            raise CloudError.of("the backup is gone that was just begun", where=id_, hint="ringfence backup run, once more")
        return record

    def _taken(self, made: Sequence[BackupRecord]) -> bool:
        """Wait until the copies are known to be taken: a driver reads them, or has, or they are seen. No API tells the moment itself."""
        try:
            for record in made:
                self.waiting.until(record.id, partial(self.tenant.storage.record, record.id), self._is_taken, HOLD_SECONDS)
        except CloudError:
            return False
        return True

    def _is_taken(self, record: BackupRecord | None) -> bool:
        return record is None or record.reading or record.status != CREATING or self.copied(record)

    def _end(self, record: BackupRecord, said: str) -> BackupStep:
        """Wait for the end of a backup."""
        try:
            found = self.waiting.until(record.id, partial(self.tenant.storage.record, record.id), _is_over)
        except StillAtWorkError as error:
            return _recorded(PENDING, record, error.problems[0].hint)
        except CloudError as error:
            return _recorded(PENDING, record, str(error))
        if found is None:
            return _recorded(FAILED, record, "somebody deleted it while it was made")
        if found.status not in READABLE:
            return _recorded(FAILED, found, found.reason or f"its status is {found.status}, and the cloud does not say why")
        return replace(_recorded(MADE, found, said), seconds=round((now() - found.created).total_seconds(), 1))

    def _done(self, step: BackupStep) -> None:
        self.steps.append(step)
        self.tenant.journal.write(step.what, **{key: getattr(step, key) for key in BackupStep.__slots__ if key != "what"})
        self.tell("backups", len(self.steps), self._total)

    def _prune(self) -> None:
        """Delete what goes, one after the other, so that nothing goes before what stands upon it."""
        storage = self.tenant.storage
        going = planned(self.tenant.servers, storage.records(), now()).prune
        for number, record in enumerate(going):
            self.tell("pruning", number, len(going))
            try:
                storage.delete(record.id)
                left = self.waiting.until(record.id, partial(storage.record, record.id), _is_deleted)
                said = "" if left is None else left.reason or "the cloud could not delete it, and does not say why"
            except CloudError as error:
                said = str(error)
            self._done(_recorded(KEPT if said else PRUNED, record, said))
            if said:
                return


def _is_over(record: BackupRecord | None) -> bool:
    return record is None or record.status != CREATING


def _is_deleted(record: BackupRecord | None) -> bool:
    return record is None or record.status == ERROR_DELETING


def _of(server: BackedServer, make: Sequence[NewBackup]) -> list[NewBackup]:
    return [new for new in make if new.server == server]


def _pending(server: BackedServer, wait: Sequence[BackupRecord]) -> list[BackupRecord]:
    return [record for record in wait if record.mark and record.mark.server == server.name]


def _step(what: str, new: NewBackup, said: str) -> BackupStep:
    return BackupStep(what, new.server.name, new.disk.name, str(new.day), "", new.increment, new.disk.size, 0.0, said)


def _recorded(what: str, record: BackupRecord, said: str) -> BackupStep:
    mark = record.mark
    where = (mark.server, mark.disk, str(mark.day)) if mark else ("", "", "")
    return BackupStep(what, *where, record.id, record.increment, record.size, 0.0, said)


def exit_code(steps: Sequence[BackupStep]) -> int:
    """Return 1 when a backup failed, was not made as declared or not pruned, or a server not let go; 2 when one is being made; else 0."""
    if any(step.what in {FAILED, KEPT} or (step.what in {MADE, RELEASED} and step.said) for step in steps):
        return 1
    return 2 if any(step.what == PENDING for step in steps) else 0
