"""``ringfence inventory``: the servers that are up, as Ansible's dynamic inventory."""

from __future__ import annotations

import hashlib
from typing import Annotated

import typer

from infra.errors import QuestionError
from ringfence.analysis.options import console
from ringfence.analysis.output import emit

ALL = "all.tenants"
"""The folder of the configuration with the servers of all tenants; no tenant's own, which has no dot."""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("inventory")(command)


def command(
    tenant: Annotated[list[str] | None, typer.Option("--tenant", help="Servers of this tenant alone; once per tenant.")] = None,
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="The variables of one host, as Ansible asks for them.")] = "",
    *,
    listed: Annotated[bool, typer.Option("--list", help="All groups and hosts with their variables: the default.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON, which it is already.")] = False,
) -> None:
    """Print the servers that are up for Ansible: groups by tenant and zone; logins through the bastion with pinned host keys.

    Ansible runs a file: write one with `#!/bin/sh` and `exec ringfence inventory "$@"`, make it executable and name it with `-i`.

    Examples: `ringfence inventory --list`; `ringfence inventory --host acme-web`; `ringfence inventory --tenant acme`
    """
    from ringfence import ssh_config  # noqa: PLC0415 - paramiko takes a tenth of a second to import
    from ringfence.ansible_inventory import inventory, variables  # noqa: PLC0415 - as above
    from ringfence.logins import logins, the_server  # noqa: PLC0415 - as above

    del as_json
    if listed and host:
        raise QuestionError.of("these two are two questions", where="--list --host", expected="one of the two")
    found = logins(tenant or [])
    for name, why in found.down.items():
        console(aside=True).print(f"{name} is left out: {why}", style="yellow", markup=False)
    config = ssh_config.write(_folder(tenant or []), found.jump_host, found.targets())
    emit(variables(the_server(found, host), config) if host else inventory(found.servers, config))


def _folder(tenants: list[str]) -> str:
    """Return the folder of the configuration: another one for another choice of tenants, since both may be in use."""
    if len(tenants) > 1:
        return f"some.{hashlib.sha256(' '.join(sorted(tenants)).encode()).hexdigest()[:8]}"
    return tenants[0] if tenants else ALL
