"""How the backups of tenants are: asked with each tenant's own credential, judged by ``infra.backups.findings``."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from infra.backups.chains import Chains, Generation, generations
from infra.backups.drills import drilled
from infra.backups.findings import BackupFinding, judged
from infra.backups.records import READABLE
from infra.errors import RingfenceError
from infra.outcome import CheckVerdict
from infra.text import visible
from ringfence.backups import at_rest
from ringfence.backups import tenants as opening
from ringfence.backups.journal import past_drills
from ringfence.backups.making import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from infra.backups.records import BackupRecord
    from ringfence.backups.tenants import TenantBackups
WORDS = {CheckVerdict.PASS: "", CheckVerdict.SKIPPED: "skipped: ", CheckVerdict.FAIL: "AT FAULT: ", CheckVerdict.ERROR: "CANNOT TELL: "}
STYLES = {CheckVerdict.PASS: "green", CheckVerdict.SKIPPED: "dim", CheckVerdict.FAIL: "red", CheckVerdict.ERROR: "magenta"}
WIDTH = 10


@dataclass(frozen=True, slots=True)
class BackupLook:
    """What is there of one tenant, and what is wrong with it."""

    tenant: str
    findings: tuple[BackupFinding, ...]


def look(tenants: Sequence[str]) -> list[BackupLook]:
    """Look at some tenants, one after the other; one that cannot be asked is an error of its own."""
    found = []
    for name in tenants:
        try:
            found.append(of_tenant(opening.opened(name)))
        except RingfenceError as error:
            found.append(untold(name, error))
    return found


def untold(tenant: str, error: RingfenceError) -> BackupLook:
    """Return the look at a tenant that could not be asked: an error, which hides no other tenant."""
    return BackupLook(tenant, (BackupFinding("", "asked", CheckVerdict.ERROR, str(error)),))


def of_tenant(tenant: TenantBackups) -> BackupLook:
    """Judge one tenant."""
    try:
        secrets: frozenset[str] | None = tenant.storage.secrets()
    except RingfenceError:
        secrets = None
    records = tenant.storage.records()
    findings = [*judged(tenant.name, tenant.servers, records, now(), secrets), *_stored(tenant, records), *_drilled(tenant, records)]
    absent = (
        BackupFinding(server, "age", CheckVerdict.ERROR, why, f"pulumi up -s {tenant.name}") for server, why in tenant.missing.items()
    )
    return BackupLook(tenant.name, (*findings, *absent))


def _stored(tenant: TenantBackups, records: Sequence[BackupRecord]) -> Iterator[BackupFinding]:
    """Judge where the backups are kept, server by server."""
    for server in tenant.servers:
        own = [one for one in records if one.mark and (one.mark.tenant, one.mark.server) == (tenant.name, server.name)]
        whole = [one for one in own if not one.increment and one.status in READABLE]
        yield at_rest.finding(server.name, whole, os.environ)


def _drilled(tenant: TenantBackups, records: Sequence[BackupRecord]) -> Iterator[BackupFinding]:
    """Judge the drills, by the journal of this machine."""
    found = generations(tenant.name, records, Chains(records))
    for server in tenant.servers:
        kept = {str(one.day) for one in found.get(server.name, [])}
        if (finding := drilled(server, past_drills(tenant.journal, server.name), kept, now())) is not None:
            yield finding


def exit_code(found: Iterable[BackupLook]) -> int:
    """Return 1 when something is wrong, else 2 when something cannot be told, else 0."""
    verdicts = {finding.verdict for one in found for finding in one.findings}
    return 1 if CheckVerdict.FAIL in verdicts else 2 if CheckVerdict.ERROR in verdicts else 0


def plain(found: Iterable[BackupLook]) -> list[dict[str, Any]]:
    """Return a look for programs."""
    return [
        {"tenant": one.tenant, "checks": [{**asdict(finding), "verdict": str(finding.verdict)} for finding in one.findings]}
        for one in found
    ]


def kept(tenant: TenantBackups) -> list[Generation]:
    """Return all generations of a tenant, server by server, the newest first."""
    records = tenant.storage.records()
    return [one for found in generations(tenant.name, records, Chains(records)).values() for one in found]


def show(found: Sequence[BackupLook], out: Console) -> None:
    """Print what is found, a line for each check, and what mends what is at fault."""
    for one in found:
        for finding in one.findings:
            name = f"{one.tenant}/{finding.server}" if finding.server else one.tenant
            out.print(Text(visible(f"{name}  {finding.check:<{WIDTH}} {WORDS[finding.verdict]}{finding.said}"), STYLES[finding.verdict]))
            if finding.mend and finding.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}:
                out.print(Text(visible(f"{'':<{len(name) + WIDTH + 3}}next: {finding.mend}"), "cyan"))
