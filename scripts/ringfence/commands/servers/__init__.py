"""The verbs that lead to servers: a shell, OpenSSH's configuration, Ansible's inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.commands.servers import inventory, ssh, ssh_config

if TYPE_CHECKING:
    import typer


def add(app: typer.Typer) -> None:
    """Register them."""
    ssh.add(app)
    ssh_config.add(app)
    inventory.add(app)
