"""What servers have of Debian's data: read once, judged for each server, and kept in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration.services import Deadlines, Limits
from infra.errors import GuestError, RingfenceError
from infra.outcome import CheckVerdict
from infra.policy.services import Service, declared_services
from infra.vulnerabilities import journal as journals
from infra.vulnerabilities.findings import assessed, hits, judged
from infra.vulnerabilities.installed import installed, offered, release
from infra.vulnerabilities.tracker import Severity
from ringfence.health.model import Finding, of_error
from ringfence.health.vulnerabilities import journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from infra.declaration.model import Platform
    from infra.vulnerabilities.findings import Assessed, Vulnerability
    from infra.vulnerabilities.journal import Journal
    from ringfence.health.model import Answers, Host
    from ringfence.health.vulnerabilities.data import Published

CHECK = "vulnerabilities"
NAMED = 3
"""Vulnerabilities that a line names."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a server: its vulnerabilities, or why they cannot be told; ``partly`` is what of them is not known."""

    found: tuple[Vulnerability, ...] = ()
    untold: str = ""
    partly: str = ""

    @property
    def over(self) -> tuple[Vulnerability, ...]:
        """Those whose deadline is over."""
        return tuple(one for one in self.found if one.over)


def limits(platform: Platform) -> Limits:
    """Return the platform's limits, the defaults where it declares none."""
    return platform.services.limits if platform.services else Limits()


def days(platform: Platform) -> dict[Severity, int]:
    """Return the deadlines by severity."""
    declared = limits(platform).deadlines or Deadlines()
    return {Severity(name): value for name, value in declared.model_dump().items()}


def told(
    hosts: Mapping[Host, Answers], published: Published, platform: Platform, now: datetime, place: Path
) -> tuple[dict[Host, Told], Journal]:
    """Judge every server by its answers, and write into the journal what is new; also returns the journal."""
    asked = Service.PACKAGES in declared_services(platform)
    read = {host: _read(answers, published, asked=asked) for host, answers in hosts.items()}
    with journal.held():
        kept = journal.read(place, published.day)
        for host, found in read.items():
            if not isinstance(found, str):
                seen = [(each.name, each.fix) for each in found[0]]
                kept = journals.with_seen(kept, str(host), seen, published.day)
        journal.write(place, kept)
    allowed = days(platform)
    return {
        host: Told(untold=found)
        if isinstance(found, str)
        else Told(judged(found[0], kept.servers[str(host)], allowed, now), partly=found[1])
        for host, found in read.items()
    }, kept


def _read(answers: Answers, published: Published, *, asked: bool) -> tuple[list[Assessed], str] | str:
    """Return what concerns a server and what is not known of it, or why nothing can be told."""
    try:
        has = release(answers.text("release"))
        if has.name != published.release:
            expected = f"data for {has.name}: its last part names the release"
            raise GuestError.of(f"the data is for {published.release} and the server has {has.name}", expected=expected)
        packages = installed(answers.text("installed"))
        brought, partly = None, ""
        if asked:
            try:
                brought = offered(answers.text("offered"))
            except RingfenceError as error:
                partly = f"what an update would bring cannot be told: {of_error(error)}"
        found = [assessed(hit, packages, brought, has.number) for hit in hits(packages, published.data)]
    except RingfenceError as error:
        return of_error(error)
    except (LookupError, ValueError) as error:
        return f"the answer is not understood: {type(error).__name__}: {error}"
    return found, partly


def finding(host: Host, one: Told) -> Finding:
    """Return a server's vulnerabilities as one line of its state."""
    if one.untold:
        return Finding(CHECK, CheckVerdict.ERROR, one.untold, f"ringfence vulns {host.tenant}")
    over, mend = one.over, f"ringfence vulns {host.tenant}"
    said = f"{len(one.found)} open, {sum(each.what.fix for each in one.found)} of them with a fix"
    if over:
        worst = ", ".join(dict.fromkeys(each.what.hit.entry.bug for each in over[:NAMED]))
        more = f" and {len(over) - NAMED} more" if len(over) > NAMED else ""
        return Finding(CHECK, CheckVerdict.FAIL, f"{said}; the deadline of {len(over)} is over: {worst}{more}", mend)
    if one.partly:
        return Finding(CHECK, CheckVerdict.ERROR, f"{said}; {one.partly}", mend)
    return Finding(CHECK, CheckVerdict.PASS, f"{said}, no deadline is over")
