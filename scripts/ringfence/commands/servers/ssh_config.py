"""``ringfence ssh-config``: OpenSSH's configuration of a tenant's servers, for every tool that logs in with ``ssh``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from infra.errors import QuestionError
from ringfence.analysis.options import AsJson  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import emit


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("ssh-config")(command)


def command(
    tenant: Annotated[str, typer.Argument(help="The tenant, for example acme.")],
    *,
    operator: Annotated[str | None, typer.Option("--operator", metavar="NAME", help="For a person with a certificate; with --key.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The private half of the operator's key; its certificate is beside it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print OpenSSH's configuration for a tenant's servers: through the bastion, every host key pinned, no other host named.

    Hosts are called as in the cloud: `acme-web` is the server `web` of `acme`. The same text is kept in a file for `ssh -F`. With
    `--operator` it is for a person: key and certificate at both hops, hosts known by the platform's authority as well.

    Examples: `ringfence ssh-config acme > acme.conf`, then `ssh -F acme.conf acme-web`;
    `ringfence ssh-config acme --operator alice --key ~/.ssh/alice`; `ringfence ssh-config acme --json`
    """
    from ringfence import ssh_config  # noqa: PLC0415 - paramiko takes a tenth of a second to import
    from ringfence.logins import logins  # noqa: PLC0415 - as above

    if (operator is None) != (key is None):
        raise QuestionError.of("a person has a key", expected="--operator NAME and --key FILE together")
    found = logins([tenant])
    if operator is not None and key is not None:
        from ringfence.operators import configuration  # noqa: PLC0415 - as above

        file = configuration.write(found, tenant, operator, key)
    else:
        file = ssh_config.write(tenant, found.jump_host, found.targets())
    if as_json:
        servers = {
            login.host: {"tenant": login.tenant, "server": login.server, "address": login.target.address, "port": login.target.port}
            for login in found.servers
        }
        emit({"file": str(file), "bastion": ssh_config.BASTION, "hosts": servers})
        return
    typer.echo(f"# The servers of {tenant}; `ssh -F {file}` reads the same.")
    typer.echo(file.read_text(encoding="utf-8"), nl=False)
