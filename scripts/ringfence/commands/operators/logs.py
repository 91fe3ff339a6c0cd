"""``ringfence logs``: what a tenant's servers logged, as the store has it; and a copy for the tenant's administrator."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.declaration import names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.loader import load_alone
from infra.errors import QuestionError
from infra.logs.lines import moment
from infra.text import visible
from ringfence import folder
from ringfence.analysis.options import AsJson  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import console, emit
from ringfence.verb import verb

if TYPE_CHECKING:
    from infra.logs.lines import Line
    from ringfence.operators.logs import Store

ALWAYS = "0001-01-01"
INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which lines, and how they are shown."""

    server: Annotated[str | None, typer.Option("--server", help="Only this server, as the declaration names it.")] = None
    since: Annotated[
        str, typer.Option("--since", help="Since when the store has them: 2026-11-30, 2026-11-30T10:00+01:00, 30m, 12h, 7d.")
    ] = ""
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show lines as they come, until Ctrl-C; without --since the last ones first.")
    ] = False
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FOLDER", help="Write them into a new folder, with a manifest of SHA-256.")
    ] = None
    as_json: AsJson = False


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("logs")(command)


@verb
def command(
    tenant: Annotated[str, typer.Argument(help="A tenant, or `platform` for the bastion and the services server.")], *, chosen: Chosen
) -> None:
    """Show what the servers of a tenant logged of their security: authentication, sudo, drops of the packet filter, warnings.

    The platform's store keeps it, below the names in the certificate that each line came with. What a line says is the server's word; the
    first time of each is the store's. A server of which there is no line is named. With --json --follow, each line is an object of its own.

    Examples: `ringfence logs acme --since 12h`; `ringfence logs acme --server web --follow`;
    `ringfence logs acme --since 7d --export acme-logs`
    """
    from ringfence.operators import logs  # noqa: PLC0415 - paramiko takes a tenth of a second to import

    if chosen.follow and chosen.export:
        raise QuestionError.of("a copy has an end", where="--follow", expected="--export without it")
    servers = _servers(tenant)
    if chosen.server is not None and chosen.server not in servers:
        raise QuestionError.of("no such server", where=chosen.server, expected=", ".join(servers))
    since = moment(chosen.since or ALWAYS, datetime.now(UTC))
    with logs.opened() as store:
        if chosen.follow:
            _follow(store, tenant, servers, since if chosen.since else None, chosen)
        else:
            _once(store, tenant, servers, since, chosen)


def _follow(store: Store, tenant: str, servers: dict[str, str], since: str | None, chosen: Chosen) -> None:
    from ringfence.operators import logs  # noqa: PLC0415 - as above

    host = servers[chosen.server] if chosen.server else None
    try:
        for server, line in logs.follow(store, tenant, host, since):
            text = json.dumps(_facts(servers, server, line)) if chosen.as_json else _shown(servers, server, line)
            typer.echo(text)
    except KeyboardInterrupt:  # how following ends: the last line is a line, and no message comes after it
        raise typer.Exit(INTERRUPTED) from None


def _once(store: Store, tenant: str, servers: dict[str, str], since: str, chosen: Chosen) -> None:
    from ringfence.operators import logs  # noqa: PLC0415 - as above
    from ringfence.operators.export import export  # noqa: PLC0415 - as above

    host = servers[chosen.server] if chosen.server else None
    days = logs.chosen(store.days(tenant), host, since)
    about: dict[str, Any] = {"tenant": tenant, "since": since, "read": datetime.now(UTC).isoformat(timespec="seconds")}
    wanted = [chosen.server] if chosen.server else list(servers)
    if chosen.export is not None:
        files = export(store, days, chosen.export, about)
        silent = [name for name in wanted if not any(entry["path"].startswith(f"{servers[name]}/") for entry in files)]
        if chosen.as_json:
            emit({**about, "folder": str(chosen.export), "files": files, "silent": silent})
        else:
            count = sum(entry["lines"] for entry in files)
            typer.echo(visible(f"{chosen.export}: {count:,} lines in {len(files)} files; check with sha256sum -c SHA256SUMS"))
            _tell(silent)
        return
    found = sorted(store.lines(days, since), key=lambda each: each[1].received)
    heard = {server for server, _ in found}
    silent = [name for name in wanted if servers[name] not in heard]
    if chosen.as_json:
        emit({**about, "lines": [_facts(servers, server, line) for server, line in found], "silent": silent})
        return
    for server, line in found:
        typer.echo(_shown(servers, server, line))
    _tell(silent)


def _servers(tenant: str) -> dict[str, str]:
    """Return the servers of a tenant, or of the platform, as they are declared: name to name in the cloud."""
    if tenant == names.PLATFORM:
        return {"bastion": names.BASTION, "services": names.SERVICES}
    file = folder.root() / f"{PREFIX}{tenant}{SUFFIX}"
    if not file.is_file():
        raise QuestionError.of("no such tenant", where=tenant, expected=f"a declaration {file.name}")
    declared = load_alone(file, today=datetime.now(UTC).date()).tenant
    return {name: names.server(tenant, name) for name in declared.servers}


def _facts(servers: dict[str, str], server: str, line: Line) -> dict[str, str]:
    return {"server": _named(servers, server), **asdict(line)}


def _named(servers: dict[str, str], host: str) -> str:
    """Return a server's name; one that is declared no more has its whole name."""
    return next((name for name, known in servers.items() if known == host), host)


def _shown(servers: dict[str, str], server: str, line: Line) -> str:
    process = f"[{line.process}]" if line.process else ""
    return visible(f"{line.received[:19]}Z {_named(servers, server)} {line.severity} {line.program}{process}: {line.message.rstrip()}")


def _tell(silent: list[str]) -> None:
    if silent:
        console(aside=True).print(f"no line of: {', '.join(silent)}", style="dim")
