"""Backups as they are declared: which ones are, and whether one is missed, failed or hangs. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from infra.backups import settings
from infra.backups.backed import backed
from infra.backups.findings import judged
from infra.backups.records import BackupMark, BackupRecord
from infra.drift.deviation import ComparedObject
from infra.drift.found import NOUNS, owner
from infra.errors import CloudError
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.backups.findings import BackupFinding
    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.outcome import Deviation

ELSEWHERE = frozenset({"keys", "declared"})
"""Checks that are requirements of their own: keys with their access lists, and what nobody declared."""


def are_declared(scope: Scope) -> bool:
    """Tell whether a tenant's declaration, or the platform's for it, asks for backups."""
    return scope.tenant is not None and bool(settings.of_tenant(scope.environment.platform, scope.tenant.declaration))


def declared(scope: Scope) -> list[Json]:
    """Return the backups that a declaration stands for: of a disk that is to have some, in the tenant's project, by its own deployer."""
    if scope.tenant is None or not are_declared(scope):
        return []
    tenant = scope.tenant.declaration
    disks = {
        (name, disk.name)
        for name in settings.of_tenant(scope.environment.platform, tenant)
        for disk in settings.disks(name, tenant.servers[name])
    }
    rows = (row for row in scope.whole.found.rows("backups") if owner(row) == scope.project)
    return [
        row for row in rows if _is_declared(row, tenant.name, disks) and row.get("user_id") in {None, scope.tenant.facts.deployer.user_id}
    ]


def _is_declared(row: Json, tenant: str, disks: set[tuple[str, str]]) -> bool:
    mark = BackupMark.of(row.get("metadata") or {})
    return mark is not None and mark.tenant == tenant and (mark.server, mark.disk) in disks


def current(scope: Scope) -> Iterator[Deviation]:
    """Find servers whose newest whole generation is missed or too old, and backups that failed or hang.

    Raises :class:`CloudError` when that cannot be told.
    """
    if scope.tenant is None:
        return
    found, now = scope.whole.found, scope.whole.found.at
    if now is None:
        what = "nobody knows when the cloud was listed, so the age of a backup is not known"
        raise CloudError.of(what, where=scope.tenant.name, hint="run it again, with this version of the program")
    since = {str(row["id"]): datetime.fromisoformat(str(row["created"])) for row in found.servers}
    volumes = {str(row["id"]): row for row in found.volumes}
    servers, missing = backed(scope.environment.platform, scope.tenant.declaration, scope.tenant.facts, volumes, since)
    for server, why in missing.items():
        where = f"{scope.tenant.name}/{server}"
        yield ComparedObject(NOUNS["backups"], "", where).missing(
            f"{where} cannot be backed up: {why}", f"pulumi up -s {scope.tenant.name}"
        )
    records = [BackupRecord.of(row) for row in found.rows("backups") if owner(row) == scope.project]
    for finding in judged(scope.tenant.name, servers, records, now, ()):
        if finding.check not in ELSEWHERE:
            yield from _deviation(scope.tenant.name, finding)


def _deviation(tenant: str, finding: BackupFinding) -> Iterator[Deviation]:
    where = f"{tenant}/{finding.server}"
    if finding.verdict is CheckVerdict.ERROR:
        raise CloudError.of("the state of the backups cannot be told", where=where, got=finding.said, hint=finding.mend)
    if finding.verdict is CheckVerdict.FAIL:
        one = ComparedObject(NOUNS["backups"], "", where)
        yield (
            one.missing(f"{where}: {finding.said}", finding.mend)
            if finding.check == "age"
            else one.different(f"{where}: {finding.said}", finding.mend)
        )
