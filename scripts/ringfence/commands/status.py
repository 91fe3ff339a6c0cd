"""``ringfence status``: which tenants are up, their servers and flows, and when each was last verified and what came of it."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from infra.backups import settings
from infra.declaration import load_platform, load_tenant, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import stacks as declared_tenants
from infra.declaration.traffic import Protocol
from infra.errors import DeclarationError, QuestionError, RingfenceError
from infra.text import visible
from ringfence import folder, locks
from ringfence.analysis.declarations import now
from ringfence.analysis.options import AsJson, Today  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import Plain, console, emit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from infra.declaration.model import Flow, Platform
    from infra.outputs import ServerOutput

BACKEND = "PULUMI_BACKEND_URL"
"""Where the engine keeps its state and its locks."""
MOST_AT_ONCE = 4
"""Programs of the engine that run side by side."""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("status")(status)


def status(
    tenants: Annotated[list[str] | None, typer.Argument(help="Only these tenants; all that are declared when none is named.")] = None,
    *,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Ask the servers how they are, where the platform declares services.")] = True,
    today: Today = None,
    as_json: AsJson = False,
) -> None:
    """Show tenants, servers, flows and the last verification of each; and how servers and services are.

    Where the platform declares services, every server is asked for its time, its updates and its certificate, the services server for the
    last line of each, for sessions without a review and for its store, and the cloud for quotas. Where a tenant declares backups, the cloud
    is asked whether one is missed, too old or without its key. Exit 0 when nothing is at fault, 1 when something is, 2 when something
    cannot be told. `services.status` declares from where on something is a fault.

    Examples: `ringfence status`; `ringfence status acme --json`; `ringfence status --no-ask`
    """
    from ringfence.verify.report import files  # noqa: PLC0415 - with the templates of pages, which take a tenth of a second to import

    place, day = folder.root(), today or now()
    known = declared_tenants(place)
    if unknown := sorted(set(tenants or ()) - set(known)):
        raise QuestionError.of("no such tenant", where=", ".join(unknown), expected=" or ".join(known))
    asked = [name for name in known if not tenants or name in tenants]
    platform = load_platform(place / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    verified = files.last_of(asked)
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        shown = list(pool.map(lambda name: _tenant(place, name, platform, day), asked))
    for tenant in shown:
        tenant["last_verification"] = _verification(tenant["name"], verified.get(tenant["name"]))
    backed = [tenant["name"] for tenant in shown if tenant.pop("backed")]
    held = [locks.told(lock) for lock in locks.kept(os.environ.get(BACKEND, ""))]
    # What needs no answer of a server is shown before they are asked, and where they cannot be.
    if not as_json:
        _show(shown, held)
    found = _health(platform, asked, as_json=as_json) if ask and platform.services else None
    copied = _backups(backed, as_json=as_json) if ask else None
    if as_json:
        told, _ = found or (None, 0)
        backups, _ = copied or (None, 0)
        emit({"tenants": shown, "locks": held, "last_verification": _last(files.latest()), "health": told, "backups": backups})
    codes = [code for _, code in (found or (None, 0), copied or (None, 0))]
    raise typer.Exit(1 if 1 in codes else max(codes))


def _backups(tenants: Sequence[str], *, as_json: bool) -> tuple[list[dict[str, Any]], int] | None:
    """Ask the cloud for the backups of tenants that declare some; ``None`` where none does."""
    if not tenants:
        return None
    from ringfence.backups import looking  # noqa: PLC0415 - needs an extra, and a second for the cloud's client

    found = looking.look(tenants)
    if not as_json:
        looking.show(found, console())
    return looking.plain(found), looking.exit_code(found)


def _health(platform: Platform, tenants: Sequence[str], *, as_json: bool) -> tuple[dict[str, Any], int]:
    """Ask the servers, and show what was found unless it becomes a part of an answer in JSON; with the exit code."""
    from ringfence.health import look as health  # noqa: PLC0415 - needs an extra, and a tenth of a second for what reads certificates

    found = health.look(platform, tenants)
    if not as_json:
        health.show(found, console())
    return health.plain(found), found.exit_code


def _show(tenants: Sequence[dict[str, Any]], held: Sequence[str]) -> None:
    console = Plain(highlight=False)
    for tenant in tenants:
        last = tenant["last_verification"]
        said = f"last verified {last['started']}: {last['summary']}" if last else "never verified"
        console.print(Text.assemble((visible(tenant["name"]), "bold"), visible(f"  {tenant['state']}; {said}")))
        table = Table("server", "management", "addresses", "public")
        for server in tenant["servers"]:
            table.add_row(server["name"], server["management"], Text("\n".join(map(visible, server["addresses"]))), server["public"])
        console.print(table)
        table = Table("flow", "from", "to", "what", "owner", "expires")
        for flow in tenant["flows"]:
            over = " (expired)" if flow["ended"] else ""
            table.add_row(*(flow[key] for key in ("name", "from", "to", "what", "owner")), flow["expires"] + over)
        console.print(table)
    for one in held:
        console.print(one, style="yellow", markup=False)


def _tenant(place: Path, name: str, platform: Platform, today: date) -> dict[str, Any]:
    from ringfence.verify import stacks  # noqa: PLC0415 - asks the engine

    try:
        declaration = load_tenant(place / f"{PREFIX}{name}{SUFFIX}", platform, today=today)
    except DeclarationError as problem:
        return {"name": name, "state": f"its declaration has mistakes:\n{problem}", "servers": [], "flows": [], "backed": False}
    tenant = declaration.tenant
    try:
        made, state = stacks.tenant(name).facts.servers, "up"
    except RingfenceError as problem:
        made, state = {}, problem.problems[0].what
    flows = [
        {
            "name": key,
            "from": flow.source,
            "to": flow.destination,
            "what": _what(flow),
            "owner": flow.owner,
            "expires": str(flow.expires or ""),
            "ended": key in declaration.ended,
        }
        for key, flow in tenant.flows.items()
    ]
    return {
        "name": name,
        "state": state,
        "servers": [_server(key, made.get(key)) for key in tenant.servers],
        "flows": flows,
        "backed": bool(settings.of_tenant(platform, tenant)),
    }


def _what(flow: Flow) -> str:
    """Return protocol and ports, or the type of ICMP."""
    if flow.protocol in {Protocol.ICMP, Protocol.ICMPV6}:
        code = "" if flow.icmp is None or flow.icmp.code is None else f":{flow.icmp.code}"
        return f"{flow.protocol} {flow.icmp.type}{code}" if flow.icmp else f"{flow.protocol} every type"
    return f"{flow.protocol} {', '.join(map(str, flow.ports))}".strip()


def _server(name: str, made: ServerOutput | None) -> dict[str, Any]:
    if made is None:
        return {"name": name, "management": "", "addresses": [], "public": ""}
    addresses = [f"{zone} {address}" for zone, nic in made.nics.items() for address in nic.addresses]
    return {"name": name, "management": made.management, "addresses": addresses, "public": made.public or ""}


def _verification(tenant: str, last: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what a verification said of one of its tenants: the checks of its own, and whether the run as a whole was green."""
    if last is None:
        return None
    counts = Counter(check["verdict"] for check in last["checks"] if check["tenant"] == tenant)
    summary = _counted(counts, green=last["green"])
    if left := last.get("not_looked_at", ()):
        summary += f"; not looked at: {'; '.join(left)}"
    return {"started": last["started"], "green": last["green"], "summary": summary}


def _last(last: dict[str, Any] | None) -> dict[str, Any] | None:
    if last is None:
        return None
    summary = ", ".join(f"{count} {verdict}" for verdict, count in last["counts"].items())
    return {"started": last["started"], "tenants": last["tenants"], "green": last["green"], "summary": summary}


def _counted(counts: Counter[str], *, green: bool) -> str:
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    return told if green else f"{told or 'no check of its own'}; the run as a whole was not green"
