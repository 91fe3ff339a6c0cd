"""``ringfence ssh``: a shell on a server, through the bastion, with both host keys pinned."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardening.access import SSH_PORT, USER, Entrance
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Sequence


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("ssh", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(ssh)


def ssh(
    context: typer.Context,
    server: Annotated[str, typer.Argument(help="tenant/server, for example acme/web; `bastion` for the bastion.")],
) -> None:
    """Log in to a server; what follows the name is a command to run there."""
    from ringfence.verify import stacks  # noqa: PLC0415 - asks the engine

    bastion = stacks.platform()["bastion"]
    entrance = Entrance.from_environment(bastion["address"], bastion["host_key"])
    if server == "bastion":
        place = (bastion["address"], bastion["host_key"], "")
    else:
        tenant, _, name = server.partition("/")
        servers = stacks.tenant(tenant).facts["servers"]
        if name not in servers:
            raise RingfenceError.of("no such server", where=server, expected=" or ".join(f"{tenant}/{one}" for one in servers))
        place = (servers[name]["management"], servers[name]["host_key"], server)
    command = _command(entrance, place[0], _known_hosts(entrance, place[0], place[1]), jump=bool(place[2]))
    os.execvp(command[0], [*command, *context.args])  # noqa: S606 - takes this process's place on purpose


def _known_hosts(entrance: Entrance, address: str, key: str) -> Path:
    """Write the two pinned keys where ssh can read them; the file is in the user's own temporary folder and holds no secret."""
    with tempfile.NamedTemporaryFile("w", prefix="ringfence-known-hosts-", delete=False) as file:
        file.write(f"{entrance.bastion_address} {entrance.bastion_host_key}\n{address} {key}\n")
    return Path(file.name)


def _command(entrance: Entrance, address: str, known_hosts: Path, *, jump: bool) -> Sequence[str]:
    options = [
        "-i", str(entrance.key_file), "-l", USER, "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={known_hosts}",
        "-o", "StrictHostKeyChecking=yes", "-p", str(SSH_PORT),
    ]  # fmt: skip
    first = ["-o", f"ProxyCommand={entrance.proxy_command}"] if entrance.proxy_command else []
    if not jump:
        return ["ssh", *options, *first, address]
    through = shlex.join(["ssh", *options, *first, "-W", f"{address}:{SSH_PORT}", entrance.bastion_address])
    # ssh fills in %h and %p of the command it is given, so those of the inner one are doubled.
    inner = through.replace("%", "%%") if first else through
    return ["ssh", *options, "-o", f"ProxyCommand={inner}", address]
