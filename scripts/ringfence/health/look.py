"""A look at all servers, from question to answer: asked once, judged, and written for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from infra.errors import RingfenceError
from infra.outcome import CheckVerdict
from infra.text import visible
from ringfence import folder
from ringfence.health.judges import Known, of_server
from ringfence.health.model import CHECKS, Answers, Finding, Host, exit_code, of_error
from ringfence.health.platform import of_platform, unreviewed_sessions
from ringfence.health.vulnerabilities import journal
from ringfence.health.vulnerabilities import look as vulnerabilities
from ringfence.health.vulnerabilities.data import published
from ringfence.health.vulnerabilities.questions import of_host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from infra.declaration.model import Platform
    from infra.sessions.reviews import Reviews
    from ringfence.health.model import Seen

STYLES = {
    CheckVerdict.PASS: "green",
    CheckVerdict.FAIL: "red",
    CheckVerdict.ERROR: "yellow",
    CheckVerdict.NOT_APPLICABLE: "dim",
    CheckVerdict.SKIPPED: "dim",
}
WORDS = {
    CheckVerdict.PASS: "",
    CheckVerdict.FAIL: "FAULT: ",
    CheckVerdict.ERROR: "CANNOT TELL: ",
    CheckVerdict.NOT_APPLICABLE: "",
    CheckVerdict.SKIPPED: "",
}
WIDTH = max(map(len, CHECKS))


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of every server and of the platform's services."""

    servers: Mapping[Host, tuple[Finding, ...]]
    platform: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0: nothing is at fault; 1: something is; 2: something cannot be told."""
        return exit_code([*self.platform, *(finding for findings in self.servers.values() for finding in findings)])


def look(platform: Platform, tenants: Sequence[str]) -> Look:
    """Ask and judge; whatever keeps it from asking is a finding of its own."""
    from ringfence.health import collect  # noqa: PLC0415 - paramiko and the cloud's client take a second to import
    from ringfence.operators import reviews  # noqa: PLC0415 - as above

    declared = vulnerabilities.limits(platform).tracker_data
    try:
        seen, owners = collect.seen(platform, tenants, of_host(platform) if declared else {})
        looked = reviews.read()
    except RingfenceError as error:
        return Look({}, (Finding("servers", CheckVerdict.ERROR, of_error(error)),))
    now = datetime.now(UTC)
    return judged(platform, seen, owners, looked, now, vulnerable(platform, seen, now))


def vulnerable(platform: Platform, seen: Seen, now: datetime) -> dict[Host, Finding]:
    """Return what each server has of Debian's data; where it is not declared nobody was asked."""
    limits = vulnerabilities.limits(platform)
    if limits.tracker_data is None:
        unasked = Finding(
            vulnerabilities.CHECK, CheckVerdict.NOT_APPLICABLE, "not asked: no tracker data is declared (services.status.tracker_data)"
        )
        return dict.fromkeys(seen.hosts, unasked)
    try:
        found = published(limits.tracker_data, limits.tracker, now, folder.root())
        told, _ = vulnerabilities.told(seen.hosts, found, platform, now, journal.file(seen.project))
    except (RingfenceError, OSError) as error:
        why = of_error(error) if isinstance(error, RingfenceError) else f"the journal cannot be kept: {error}"
        return dict.fromkeys(seen.hosts, Finding(vulnerabilities.CHECK, CheckVerdict.ERROR, why))
    return {host: vulnerabilities.finding(host, one) for host, one in told.items()}


def judged(  # noqa: PLR0917 - what the collector brought, part by part
    platform: Platform, seen: Seen, owners: Mapping[str, Host], looked: Reviews, now: datetime, open_: Mapping[Host, Finding]
) -> Look:
    """Judge what the collector brought; ``open_`` is what each server has of Debian's data."""
    known = Known(platform, seen.hosts.get(seen.store, Answers.none("it was not asked")), now, seen.made)
    hosts = tuple(sorted(seen.hosts, key=str))
    waiting = unreviewed_sessions(known, looked, owners, hosts)
    servers = {host: (*of_server(host, seen.hosts[host], known), waiting[host], open_[host]) for host in hosts}
    strange = [Finding("sessions of nobody's address", one.verdict, one.said, one.mend) for host, one in waiting.items() if host is None]
    return Look(servers, (*of_platform(known, seen.rooms), *strange))


def plain(found: Look) -> dict[str, Any]:
    """Return the look for programs."""
    return {
        "exit_code": found.exit_code,
        "servers": [
            {"tenant": host.tenant, "server": host.server, "checks": [_plain(finding) for finding in findings]}
            for host, findings in found.servers.items()
        ],
        "platform": [_plain(finding) for finding in found.platform],
    }


def _plain(finding: Finding) -> dict[str, str]:
    return {**asdict(finding), "verdict": str(finding.verdict)}


def show(found: Look, out: Console) -> None:
    """Print what is found of every server and of the platform, a line for each check, and what mends what is at fault."""
    named = [(visible(str(host)), findings) for host, findings in found.servers.items()]
    for name, findings in [*named, ("the platform's services", found.platform)]:
        out.print(Text(name, "bold"))
        for finding in findings:
            out.print(Text(visible(f"  {finding.check:<{WIDTH}} {WORDS[finding.verdict]}{finding.said}"), STYLES[finding.verdict]))
            if finding.mend and finding.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}:
                out.print(Text(visible(f"  {'':<{WIDTH}} next: {finding.mend}"), "cyan"))
