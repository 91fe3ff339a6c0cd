"""``ringfence status``: which tenants are up, their servers and flows, and what the last verification came to."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from infra.declaration import load_platform, load_tenant
from infra.errors import DeclarationError, RingfenceError
from infra.text import visible
from ringfence import folder, locks
from ringfence.analysis.options import Today  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import Plain

if TYPE_CHECKING:
    from infra.outputs import ServerOutput

BACKEND = "PULUMI_BACKEND_URL"
"""Where the engine keeps its state and its locks."""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("status")(status)


def status(*, today: Today = None, as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Show tenants, servers, flows and the last verification.

    Examples: `ringfence status`; `ringfence status --json`
    """
    from ringfence.verify.open import declared_tenants  # noqa: PLC0415 - the cloud's client takes half a second to import

    tenants, last = [_tenant(name, today or datetime.now(UTC).date()) for name in declared_tenants()], _last()
    held = [locks.told(lock) for lock in locks.kept(os.environ.get(BACKEND, ""))]
    if as_json:
        print(json.dumps({"tenants": tenants, "locks": held, "last_verification": last}, indent=1))
        return
    console = Plain(highlight=False)
    for tenant in tenants:
        console.print(Text.assemble((visible(tenant["name"]), "bold"), visible(f"  {tenant['state']}")))
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
    console.print(f"last verification: {last['started']} {', '.join(last['tenants'])}: {last['summary']}" if last else "never verified")


def _tenant(name: str, today: date) -> dict[str, Any]:
    from ringfence.verify import stacks  # noqa: PLC0415 - as above

    platform = load_platform(folder.root() / "Pulumi.platform.yaml").platform
    try:
        declaration = load_tenant(folder.root() / f"Pulumi.{name}.yaml", platform, today=today)
    except DeclarationError as problem:
        return {"name": name, "state": f"its declaration has mistakes:\n{problem}", "servers": [], "flows": []}
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
            "what": f"{flow.protocol} {', '.join(map(str, flow.ports))}".strip(),
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
    }


def _server(name: str, made: ServerOutput | None) -> dict[str, Any]:
    if made is None:
        return {"name": name, "management": "", "addresses": [], "public": ""}
    addresses = [f"{zone} {address}" for zone, nic in made.nics.items() for address in nic.addresses]
    return {"name": name, "management": made.management, "addresses": addresses, "public": made.public or ""}


def _last() -> dict[str, Any] | None:
    from ringfence.verify.report import files  # noqa: PLC0415 - as above

    last = files.latest()
    if last is None:
        return None
    summary = ", ".join(f"{count} {verdict}" for verdict, count in last["counts"].items())
    return {"started": last["started"], "tenants": last["tenants"], "green": last["green"], "summary": summary}
