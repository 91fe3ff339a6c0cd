"""``ringfence ssh``: a shell on a server, through the bastion, with both host keys pinned."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from infra.errors import RingfenceError

BASTION = "bastion"


HANDED_OVER = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
"""What follows the server's name is the command's, its ``-h`` and ``--json`` too."""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("ssh", context_settings=HANDED_OVER)(ssh)


def ssh(
    context: typer.Context,
    server: Annotated[str, typer.Argument(help="tenant/server, for example acme/web; `bastion` for the bastion.")],
) -> None:
    """Log in to a server; what follows the name is a command to run there.

    Examples: `ringfence ssh acme/web`; `ringfence ssh acme/web uptime`; `ringfence ssh bastion`
    """
    from ringfence import ssh_config  # noqa: PLC0415 - paramiko takes a tenth of a second to import
    from ringfence.logins import jump_host, logins, the_server  # noqa: PLC0415 - as above

    if server == BASTION:
        config, host = ssh_config.write(BASTION, jump_host(), {}), ssh_config.BASTION
    else:
        tenant = server.partition("/")[0]
        found = logins([tenant])
        config, host = ssh_config.write(tenant, found.jump_host, found.targets()), the_server(found, server).host
    command = ["ssh", "-F", str(config), host, *context.args]
    try:
        os.execvp(command[0], command)  # noqa: S606 - takes this process's place on purpose
    except OSError as error:
        raise RingfenceError.of("OpenSSH's client cannot be run", got=error.strerror or "", hint="install it; its name is ssh") from error
