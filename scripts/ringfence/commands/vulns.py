"""``ringfence vulns``: known vulnerabilities of what servers have installed, by Debian's data, and whose deadline is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from infra.declaration import load_platform, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import stacks as declared_tenants
from infra.declaration.loader import load_alone
from infra.errors import QuestionError
from infra.text import visible
from ringfence import folder
from ringfence.analysis.options import AsJson  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import console, emit, shown
from ringfence.verb import verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from infra.vulnerabilities.findings import Vulnerability
    from infra.vulnerabilities.journal import Journal
    from ringfence.health.model import Host
    from ringfence.health.vulnerabilities.data import Published
    from ringfence.health.vulnerabilities.look import Told

HOLDS, OVER, UNTOLD = 0, 1, 2
"""Exit codes: no deadline is over, one is, something cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which data, and what is shown."""

    data: Annotated[
        str | None,
        typer.Option("--data", metavar="FILE|URL", help="Debian's data, named after the release; instead of services.status.tracker_data."),
    ] = None
    every: Annotated[bool, typer.Option("--all", help="Also those for which the release has no fix yet.")] = False
    as_json: AsJson = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that is told."""

    published: Published
    journal: Journal
    hosts: Mapping[Host, Told]
    down: Mapping[str, str]
    now: datetime

    @property
    def exit_code(self) -> int:
        """1 when a deadline is over, else 2 when something cannot be told or no server was asked, else 0."""
        if any(one.over for one in self.hosts.values()):
            return OVER
        untold = not self.hosts or any(one.untold or one.partly for one in self.hosts.values())
        return UNTOLD if untold else HOLDS


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("vulns")(command)


@verb
def command(
    tenants: Annotated[
        list[str] | None,
        typer.Argument(help="Only these tenants, `platform` for bastion and services server; all when none is named."),
    ] = None,
    *,
    chosen: Chosen,
) -> None:
    """Show known vulnerabilities of what is installed on servers, by Debian's data, and whether an update would mend each.

    The data is a file or on a mirror of your own, as Debian's tracker has it under debsecan/release/1/RELEASE. Its day is the file's, or
    the mirror's Last-Modified. A deadline (services.status.deadlines) counts from the day of the data in which a fix was first seen for
    this server: a journal in ringfence's state keeps it. Exit 0: no deadline is over. 1: one is. 2: something cannot be told, as without
    data, with data that is too old, or where a server does not answer.

    Examples: `ringfence vulns acme`; `ringfence vulns acme globex --data tracker/trixie`;
    `ringfence vulns --data https://mirror.example.net/debsecan/release/1/trixie --json`
    """
    asked = _tenants(tenants)
    answer = _answer(asked, chosen.data, named=bool(tenants))
    if chosen.as_json:
        emit(_plain(answer))
    else:
        _show(answer, console(), every=chosen.every)
    raise typer.Exit(answer.exit_code)


def _tenants(named: list[str] | None) -> dict[str, tuple[str, ...]]:
    """Return the servers that are declared, by tenant."""
    place = folder.root()
    known = [*declared_tenants(place), names.PLATFORM]
    if unknown := sorted(set(named or ()) - set(known)):
        raise QuestionError.of("no such tenant", where=", ".join(unknown), expected=" or ".join(known))
    return {name: _servers(place, name) for name in known if not named or name in named}


def _servers(place: Path, tenant: str) -> tuple[str, ...]:
    if tenant == names.PLATFORM:
        return ()
    return tuple(load_alone(place / f"{PREFIX}{tenant}{SUFFIX}", today=datetime.now(UTC).date()).tenant.servers)


def _answer(declared: dict[str, tuple[str, ...]], data: str | None, *, named: bool) -> Answer:
    """Read the data first: without it nobody is asked."""
    from ringfence.health import collect  # noqa: PLC0415 - paramiko and the cloud's client take a second to import
    from ringfence.health.vulnerabilities import journal, look  # noqa: PLC0415 - as above
    from ringfence.health.vulnerabilities.data import published  # noqa: PLC0415 - as above
    from ringfence.health.vulnerabilities.questions import of_host  # noqa: PLC0415 - as above

    place, now = folder.root(), datetime.now(UTC)
    platform = load_platform(place / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    limits = look.limits(platform)
    source = data or limits.tracker_data
    if source is None:
        hint = "--data FILE or URL, or services.status.tracker_data in Pulumi.platform.yaml"
        raise QuestionError.of("vulnerabilities cannot be told: there is no data", expected="the data of Debian's tracker", hint=hint)
    read = published(source, limits.tracker, now, Path.cwd() if data else place)
    found = collect.answered(declared, of_host(platform), services=platform.services is not None)
    if named and found.down:
        tenant, why = next(iter(found.down.items()))
        raise QuestionError.of("the tenant is not up", where=tenant, expected="servers to ask", got=why, hint=f"pulumi up -s {tenant}")
    told, kept = look.told(found.hosts, read, platform, now, journal.file(found.project))
    return Answer(read, kept, told, found.down, now)


def _plain(answer: Answer) -> dict[str, Any]:
    """Return the answer for programs."""
    read = answer.published
    return {
        "exit_code": answer.exit_code,
        "data": {
            "source": read.source,
            "release": read.release,
            "day": _moment(read.day),
            "age_hours": int(read.age(answer.now).total_seconds() // 3600),
        },
        "counted_since": _moment(answer.journal.began),
        "servers": [
            {
                "tenant": host.tenant,
                "server": host.server,
                "untold": one.untold or one.partly,
                "vulnerabilities": [_facts(each) for each in one.found],
            }
            for host, one in sorted(answer.hosts.items(), key=str)
        ],
        "not_up": [{"tenant": tenant, "reason": why} for tenant, why in answer.down.items()],
    }


def _facts(one: Vulnerability) -> dict[str, Any]:
    what = one.what
    entry = what.hit.entry
    return {
        "cve": entry.bug,
        "description": entry.description,
        "severity": str(entry.severity),
        "remote": entry.remote,
        "source": what.hit.source.name,
        "source_version": what.hit.source.version,
        "packages": [{"name": package.name, "version": package.version} for package in what.hit.packages],
        "fix": what.fix,
        "fixed_version": what.fixed or None,
        "unstable_version": entry.unstable or None,
        "remedy": str(what.remedy),
        "first_seen": _moment(one.sight.first),
        "fix_seen": _moment(one.sight.fix) if one.sight.fix else None,
        "deadline": _moment(one.deadline) if one.deadline else None,
        "over": one.over,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


REMEDIES = {
    "update": "an update mends it",
    "remove": "remove it: a later one is installed beside it",
    "none": "no update is offered that mends it",
    "not-asked": "updates were not asked for: the platform offers no packages",
}


def _show(answer: Answer, out: Console, *, every: bool) -> None:
    for host, one in sorted(answer.hosts.items(), key=lambda each: str(each[0])):
        out.print(Text(visible(str(host)), "bold"))
        if one.untold:
            out.print(Text(visible(f"  CANNOT TELL: {one.untold}"), "yellow"))
            continue
        if one.partly:
            out.print(Text(visible(f"  CANNOT TELL: {one.partly}"), "yellow"))
        listed = [each for each in one.found if every or each.what.fix]
        for each in shown(listed, "vulnerabilities", out):
            out.print(_line(each))
        fixed = sum(each.what.fix for each in one.found)
        left = len(one.found) - fixed
        hidden = "; --all lists those without" if left and not every else ""
        said = f"  {len(one.found)} open: {fixed} with a fix, {left} without one in the release{hidden}"
        out.print(Text(f"{said}; the deadline of {len(one.over)} is over", "red" if one.over else "green"))
    for tenant, why in answer.down.items():
        out.print(Text(visible(f"not up: {tenant}: {why}"), "yellow"))
    read, since = answer.published, answer.journal.began
    age = f"{read.day:%Y-%m-%d %H:%M} UTC, {read.age(answer.now).days} days old"
    about = f"data of {read.source} for {read.release}: {age}; seen since {since:%Y-%m-%d}, and no deadline began before"
    out.print(Text(visible(about), "dim"))


def _line(one: Vulnerability) -> Text:
    hit, what = one.what.hit, one.what
    packages = ", ".join(package.name for package in hit.packages)
    when = f"until {one.deadline:%Y-%m-%d}" if one.deadline else "no fix in the release yet"
    words = f"OVER since {one.deadline:%Y-%m-%d}" if one.over and one.deadline else when
    fixed = f" -> {what.fixed}" if what.fixed else ""
    remedy = f"; {REMEDIES[what.remedy]}" if what.fix else ""
    text = f"  {hit.entry.bug} {hit.entry.severity} {hit.source.name} {hit.source.version}{fixed} ({packages}): {words}{remedy}"
    return Text(visible(text), "red" if one.over else "")
