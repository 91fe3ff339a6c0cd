"""What is wrong with the backups of a tenant: missed or too old, stuck, failed, without a key, of nobody. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.backups.chains import Chains, generations
from infra.backups.plan import is_stuck
from infra.backups.records import ERROR, ERROR_DELETING, KNOWN
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from infra.backups.chains import Generation
    from infra.backups.plan import BackedServer
    from infra.backups.records import BackupRecord

TOO_OLD: Final = timedelta(hours=26)
"""How old the data of the newest whole generation may be: a day, and two hours for a run to end."""
RESET: Final = "who runs the cloud, once nobody works on it: openstack --os-volume-api-version 3 volume backup set --state error"


@dataclass(frozen=True, slots=True)
class BackupFinding:
    """What came of one check of a tenant's backups; ``server`` is empty where it is about all of them."""

    server: str
    check: str
    verdict: CheckVerdict
    said: str
    mend: str = ""


def judged(
    tenant: str, servers: Sequence[BackedServer], records: Iterable[BackupRecord], now: datetime, secrets: Collection[str] | None = None
) -> tuple[BackupFinding, ...]:
    """Judge the backups of a tenant's project. ``secrets`` are the ids of the project's secrets, where they are known.

    The backups of a server are judged although nobody backs it up any more: they are there, and whoever declared nothing has to know.
    """
    known = tuple(records)
    chains = Chains(known)
    found = generations(tenant, known, chains)
    told: list[BackupFinding] = []
    for server in servers:
        own = [record for record in known if record.mark and (record.mark.tenant, record.mark.server) == (tenant, server.name)]
        told += [_age(server, found.get(server.name, []), now), _states(server, own, chains, now), _keys(server, own, secrets)]
    return (*told, _strangers(tenant, servers, known))


def _age(server: BackedServer, found: Sequence[Generation], now: datetime) -> BackupFinding:
    """Say how old the newest whole generation is. A server that is younger than that may have none yet."""
    mend = f"ringfence backup run {server.tenant}"
    whole = [generation for generation in found if generation.whole]
    kept = f"{len(whole)} of {server.settings.keep} generations"
    if whole:
        age, day = now - whole[0].taken, whole[0].day
        if age > TOO_OLD:
            said = f"the newest whole generation, of {day}, is older than {_hours(TOO_OLD)}; {kept}"
            return BackupFinding(server.name, "age", CheckVerdict.FAIL, said, mend)
        return BackupFinding(server.name, "age", CheckVerdict.PASS, f"the newest whole generation, of {day}, is {_hours(age)} old; {kept}")
    if server.since is None:
        said = "there is no whole generation, and the cloud does not tell since when there is the server"
        return BackupFinding(server.name, "age", CheckVerdict.ERROR, said, mend)
    if now - server.since > TOO_OLD:
        said = f"there is no whole generation, and the server is older than {_hours(TOO_OLD)}"
        return BackupFinding(server.name, "age", CheckVerdict.FAIL, said, mend)
    said = f"there is no whole generation yet: the server is {_hours(now - server.since)} old"
    return BackupFinding(server.name, "age", CheckVerdict.SKIPPED, said, mend)


def _states(server: BackedServer, own: Sequence[BackupRecord], chains: Chains, now: datetime) -> BackupFinding:
    """Say what failed, hangs, or stands upon something that is gone."""
    strange = [record for record in own if record.status not in KNOWN]
    if strange:
        said = "; ".join(f"backup {record.id} has the status {record.status!r}, which is not known here" for record in strange)
        return BackupFinding(server.name, "state", CheckVerdict.ERROR, said)
    wrong = [text for record in own if (text := _wrong(record, chains, now))]
    if not wrong:
        return BackupFinding(server.name, "state", CheckVerdict.PASS, f"{len(own)} backups, none of which failed or hangs")
    hangs = any(is_stuck(record, now) or record.status == ERROR_DELETING for record in own)
    mend = f"{RESET} ID; then ringfence backup run {server.tenant}" if hangs else f"ringfence backup run {server.tenant}"
    return BackupFinding(server.name, "state", CheckVerdict.FAIL, "; ".join(wrong), mend)


def _wrong(record: BackupRecord, chains: Chains, now: datetime) -> str:
    disk = f"backup {record.id} of {record.mark.disk}, {record.mark.day}," if record.mark else f"backup {record.id}"
    if record.status == ERROR:
        return f"{disk} failed: {record.reason or 'the cloud does not say why'}"
    if record.status == ERROR_DELETING:
        return f"{disk} could not be deleted: {record.reason or 'the cloud does not say why'}"
    if is_stuck(record, now):
        return f"{disk} has been in the making since {record.created:%Y-%m-%d %H:%M}"
    return f"{disk} stands upon one that is gone: it cannot be restored" if chains.ancestors(record) is None else ""


def _keys(server: BackedServer, own: Sequence[BackupRecord], secrets: Collection[str] | None) -> BackupFinding:
    """Say which backups can never be read again, because their key is gone, or by anybody, because they have none."""
    there = [record for record in own if record.status not in {ERROR, "creating", "deleted", "deleting"}]
    bare = [f"backup {record.id} has no key: it is not encrypted" for record in there if not record.key]
    if secrets is None:
        said = "; ".join(bare) or "the project's secrets could not be read, so nobody knows whether the keys are there"
        return BackupFinding(server.name, "keys", CheckVerdict.FAIL if bare else CheckVerdict.ERROR, said)
    gone = [f"the key of backup {record.id} is gone: nobody can read it" for record in there if record.key and record.key not in secrets]
    twice = len(there) - len(bare) - len({record.key for record in there if record.key})
    shared = [f"{twice} backups share a key with another one"] if twice else []
    if wrong := [*bare, *gone, *shared]:
        return BackupFinding(
            server.name, "keys", CheckVerdict.FAIL, "; ".join(wrong), "keep what is left; make a new one with a new volume"
        )
    verdict = CheckVerdict.PASS if there else CheckVerdict.SKIPPED
    return BackupFinding(server.name, "keys", verdict, f"{len(there)} backups, each with a key of its own" if there else "no backup yet")


def _strangers(tenant: str, servers: Sequence[BackedServer], known: Sequence[BackupRecord]) -> BackupFinding:
    """Name backups that no declaration stands for: of a server or disk that is not backed up any more, or made by somebody else."""
    said = list(_of_nobody(tenant, servers, known))
    if not said:
        return BackupFinding("", "declared", CheckVerdict.PASS, "every backup of the project is of a disk that is declared to have some")
    mend = "openstack volume backup delete ID, once nobody needs it; nobody prunes it"
    return BackupFinding("", "declared", CheckVerdict.FAIL, "; ".join(said), mend)


def _of_nobody(tenant: str, servers: Sequence[BackedServer], known: Sequence[BackupRecord]) -> Iterator[str]:
    declared = {(server.name, disk.name) for server in servers for disk in server.disks}
    for record in known:
        mark = record.mark
        if mark is None:
            yield f"backup {record.id} of volume {record.volume} was not made by ringfence"
        elif mark.tenant != tenant:
            yield f"backup {record.id} says that it is tenant {mark.tenant}'s"
        elif (mark.server, mark.disk) not in declared:
            yield f"backup {record.id} is of {mark.server} {mark.disk}, {mark.day}, which is not backed up any more"


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.0f} h"
