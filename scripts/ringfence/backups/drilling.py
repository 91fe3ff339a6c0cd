"""A drill: a generation is restored, its root disk boots, its data disks are compared with what was there; then all of it is gone again.

Nothing of it is kept, and no disk of a server is touched. Every step looks first whether it was done: a drill that was killed is cleaned up
by the next one, which then begins anew.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from infra.backups.chains import Chains, Generation, generations
from infra.backups.drills import due
from infra.declaration import names
from infra.errors import CloudError, QuestionError, RingfenceError
from infra.ssh.access import open_server
from ringfence.backups.inspecting import UNTOLD, ByLogin
from ringfence.backups.journal import DRILLED, past_drills
from ringfence.backups.machines import NAME
from ringfence.backups.making import now
from ringfence.backups.restoring import Restoring
from ringfence.backups.waiting import Waiting
from ringfence.logins import logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from infra.backups.records import BackupRecord
    from infra.drift.found import Json
    from ringfence.backups.machines import Machines
    from ringfence.backups.tenants import TenantBackups

SPOKEN = "ringfence-"
"""How the image's own programs begin a line on the console: they ran from the restored disk."""
GOOD, BAD = "good", "bad"


@dataclass(frozen=True, slots=True)
class DrillCheck:
    """What came of one check of a drill."""

    disk: str
    check: str
    verdict: str
    said: str = ""


class Inspecting(Protocol):
    """Looks into a restored data disk that the server has for a moment."""

    def ready(self) -> str:
        """Return why the server must not have another disk now; nothing when it may."""

    def look(self, volume: str, marker: str) -> list[tuple[str, str, str]]:
        """Return (check, verdict, what is said) for a volume whose marker has this digest."""


@dataclass(slots=True)
class Drill:
    """A drill of one generation of one server; ``id`` is the server's in the cloud."""

    tenant: TenantBackups
    machines: Machines
    inspecting: Inspecting
    server: str
    id: str
    waiting: Waiting = field(default_factory=Waiting)
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, records: Sequence[BackupRecord]) -> list[DrillCheck]:
        """Restore, boot, compare and clean up. Raises :class:`CloudError` when a part of it cannot be done: then nothing is proven."""
        self.cleaned()
        before = self.tenant.storage.secrets()
        found: list[DrillCheck] = []
        try:
            began = now()
            restored = Restoring(self.tenant, self.waiting, prefix=NAME).run(records)
            self.seconds["restored"] = round((now() - began).total_seconds(), 1)
            for one, record in zip(restored, records, strict=True):
                if one.said:
                    found.append(DrillCheck(one.disk, "restored", BAD, one.said))
                elif one.disk == names.ROOT:
                    found.append(self._booted(one.volume))
                    self.seconds["recovered"] = round((now() - began).total_seconds(), 1)
                else:
                    found += self._compared(one.disk, one.volume, record)
        finally:
            self.cleaned()
        left = self.tenant.storage.secrets() - before
        said = f"{len(left)} keys are left: {', '.join(sorted(left))}" if left else ""
        return [*found, DrillCheck("", "nothing is left", BAD if left else GOOD, said)]

    def _booted(self, volume: str) -> DrillCheck:
        """Boot from the restored root disk, and wait until a program of the image speaks from it."""
        server = self.machines.boot(self._name, volume, self.id)
        said = self.waiting.until(self._name, partial(self._heard, server), bool)
        verdict = GOOD if said.startswith(SPOKEN) else BAD
        return DrillCheck(names.ROOT, "booted", verdict, said)

    def _heard(self, server: str) -> str:
        """Return the first line of the image's own programs, or why there will be none."""
        if why := self.machines.failed(server):
            return f"the server could not be made: {why}"
        lines = (line.strip() for line in self.machines.console(server).splitlines())
        return next((line for line in lines if line.startswith(SPOKEN)), "")

    def _compared(self, disk: str, volume: str, record: BackupRecord) -> list[DrillCheck]:
        marker = record.mark.marker if record.mark else ""
        if not marker:
            said = "the backup has no marker: the disk was not mounted, or nobody could log in, when it was made"
            return [DrillCheck(disk, "compared", UNTOLD, said)]
        if why := self.inspecting.ready():
            return [DrillCheck(disk, "compared", UNTOLD, why)]
        with self._attached(volume):
            return [DrillCheck(disk, *one) for one in self.inspecting.look(volume, marker)]

    @contextmanager
    def _attached(self, volume: str) -> Iterator[None]:
        self.machines.attach(self.id, volume)
        try:
            self._reached(volume, "in-use")
            yield
        finally:
            self.machines.detach(self.id, volume)
            self._reached(volume, "available")

    def _reached(self, volume: str, status: str) -> None:
        def is_over(row: Json | None) -> bool:
            return row is None or row["status"] == status or "error" in row["status"]

        found = self.waiting.until(volume, partial(self.tenant.storage.volume, volume), is_over)
        if found is None or found["status"] != status:
            got = "gone" if found is None else str(found["status"])
            raise CloudError.of("the volume is in another state", where=volume, expected=status, got=got, hint="run the drill again")

    @property
    def _name(self) -> str:
        return f"{NAME}.{self.tenant.name}-{self.server}"

    def cleaned(self) -> None:
        """Take away whatever a drill made, this one or one that was killed: its server first, which has a volume."""
        for server in self.machines.named(self._name):
            self.machines.delete(server)
        self.waiting.until(self._name, lambda: self.machines.named(self._name), lambda left: not left)
        mine = [row for row in self.tenant.storage.volumes() if str(row["name"]).startswith(f"{NAME}.") and self._is_mine(row)]
        for row in mine:
            volume = str(row["id"])
            if row["status"] == "in-use":
                self.machines.detach(self.id, volume)
            self.waiting.until(volume, partial(self.tenant.storage.volume, volume), _is_still)
            self.tenant.storage.remove_volume(volume)
        for row in mine:
            self.waiting.until(str(row["id"]), partial(self.tenant.storage.volume, str(row["id"])), lambda left: left is None)

    def _is_mine(self, row: Json) -> bool:
        """Tell whether a volume is of a drill of this server: the name holds the backup's id, the description the server."""
        return str(row.get("description") or "").startswith(f"{self.tenant.name}/{self.server} ")


def _is_still(row: Json | None) -> bool:
    return row is None or row["status"] in {"available", "error", "error_restoring"}


def in_turn(found: Sequence[Generation], last: str) -> Generation | None:
    """Return the whole generation whose turn it is: the oldest, if the last drill was of another one than that, else the newest."""
    whole = [one for one in found if one.whole]
    if not whole:
        return None
    return whole[0] if str(whole[-1].day) == last else whole[-1]


def exit_code(found: Sequence[DrillCheck]) -> int:
    """Return 1 when something was not as it was, 2 when that cannot be told, else 0."""
    verdicts = {one.verdict for one in found}
    return 1 if BAD in verdicts else 2 if UNTOLD in verdicts or not found else 0


def turn(tenant: TenantBackups, server: str = "", day: date | None = None) -> tuple[str, Generation]:
    """Return the server and the generation whose turn it is, by the journal, or that of a ``day``.

    Raises :class:`QuestionError` where there is none.
    """
    records = tenant.storage.records()
    found = generations(tenant.name, records, Chains(records))
    drilled = {str(line.get("server")): line for line in tenant.journal.lines() if line["what"] == DRILLED}
    backed = [one.name for one in tenant.servers]
    if server and server not in backed:
        raise QuestionError.of("this server is not backed up", where=f"{tenant.name}/{server}", expected=" or ".join(backed))
    if not backed:
        raise QuestionError.of(
            "no server of this tenant is backed up", where=tenant.name, hint="docs/backups.md shows how that is declared"
        )
    name = server or min(backed, key=lambda each: str(drilled.get(each, {}).get("at", "")))
    own = [one for one in found.get(name, []) if day in {None, one.day}]
    one = in_turn(own, str(drilled.get(name, {}).get("day", "")))
    if one is None:
        what = f"there is no whole generation{f' of {day}' if day else ''}, so nothing can be drilled"
        raise QuestionError.of(what, where=f"{tenant.name}/{name}", hint=f"ringfence backup run {tenant.name}")
    return name, one


def due_servers(tenant: TenantBackups, moment: datetime) -> list[str]:
    """Return the servers whose drill is due, by their declarations and the journal; the one that waits longest comes first."""
    records = tenant.storage.records()
    found = generations(tenant.name, records, Chains(records))
    past = {server.name: past_drills(tenant.journal, server.name) for server in tenant.servers}
    whole = {name: any(one.whole for one in of_server) for name, of_server in found.items()}
    names_ = [one.name for one in tenant.servers if due(one, past[one.name], moment, whole=whole.get(one.name, False))]
    return sorted(names_, key=lambda name: max((one.at.timestamp() for one in past[name]), default=0.0))


def drilled(tenant: TenantBackups, server: str, one: Generation, patience: float) -> tuple[list[DrillCheck], dict[str, float]]:
    """Drill a generation, and keep what came of it and how long it took; what keeps it from being done is an error, never a skip."""
    seconds: dict[str, float] = {}
    try:
        way = logins((tenant.name,))
        target = next((each.target for each in way.servers if each.server == server), None)
        if tenant.machines is None or target is None:
            raise CloudError.of("the server is not up", where=f"{tenant.name}/{server}", hint=f"pulumi up -s {tenant.name}")
        with open_server(way.jump_host, target) as session:
            drill = Drill(tenant, tenant.machines, ByLogin(session), server, tenant.ids[server], Waiting(patience), seconds)
            found = drill.run(sorted(one.records, key=lambda record: record.order))
    except RingfenceError as error:
        found = [DrillCheck("", "done", UNTOLD, str(error))]
    tenant.journal.write(DRILLED, server=server, day=str(one.day), seconds=seconds, code=exit_code(found))
    return found, seconds
