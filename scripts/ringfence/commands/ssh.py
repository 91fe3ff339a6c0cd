"""``ringfence ssh``: a shell on a server, through the bastion, with both host keys pinned."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from infra.errors import RingfenceError


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("ssh", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(ssh)


def ssh(
    context: typer.Context,
    server: Annotated[str, typer.Argument(help="tenant/server, for example acme/web; `bastion` for the bastion.")],
) -> None:
    """Log in to a server; what follows the name is a command to run there.

    Examples: `ringfence ssh acme/web`; `ringfence ssh acme/web uptime`; `ringfence ssh bastion`
    """
    from hardening.access import Entrance, Target  # noqa: PLC0415 - paramiko takes a tenth of a second to import
    from ringfence import ssh_config  # noqa: PLC0415 - as above
    from ringfence.verify import stacks  # noqa: PLC0415 - asks the engine

    bastion = stacks.platform()["bastion"]
    entrance = Entrance.from_environment(bastion["address"], bastion["host_key"])
    tenant, _, name = server.partition("/")
    targets = {}
    if server != ssh_config.BASTION:
        servers = stacks.tenant(tenant).facts["servers"]
        if name not in servers:
            raise RingfenceError.of("no such server", where=server, expected=" or ".join(f"{tenant}/{one}" for one in servers))
        targets = {one: Target(facts["management"], facts["host_key"]) for one, facts in servers.items()}
    config = ssh_config.write(tenant, entrance, targets)
    command = ["ssh", "-F", str(config), name or ssh_config.BASTION, *context.args]
    try:
        os.execvp(command[0], command)  # noqa: S606 - takes this process's place on purpose
    except OSError as error:
        raise RingfenceError.of("OpenSSH's client cannot be run", got=error.strerror or "", hint="install it; its name is ssh") from error
