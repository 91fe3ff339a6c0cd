"""Database, message bus and hypervisor: what they need before they start."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

from labcloud.credentials.passwords import write_private
from labcloud.inside.shell import complete, is_complete, run, start_over, succeeds

if TYPE_CHECKING:
    from labcloud.layout import Layout


def mariadb_data(layout: Layout) -> None:
    """Make an empty data directory, once."""
    directory = layout.data / "mysql"
    if is_complete(directory):
        return
    start_over(directory)
    run(
        "mariadb-install-db",
        "--defaults-file=/etc/mysql/lab.cnf",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    )
    complete(directory)


def rabbitmq_data(layout: Layout) -> None:
    """Start with an empty bus each time: no message outlives its lab, and no half-written state can stop it."""
    start_over(layout.data / "rabbitmq")
    (layout.logs / "rabbitmq").mkdir(parents=True, exist_ok=True)
    Path("/var/lib/rabbitmq").mkdir(parents=True, exist_ok=True)
    run("chown", "-R", "root:", "/var/lib/rabbitmq")
    # The name server of Erlang would outlive a killed RabbitMQ and may hold its name.
    succeeds("epmd", "-kill")


def keystone_keys(layout: Layout) -> None:
    """Make the keys that Keystone signs tokens and encrypts credentials with; those that exist stay.

    Key 0 is the staged one, 1 the primary (Keystone's administrator guide, "Fernet - Frequently Asked Questions"): what
    `keystone-manage fernet_setup` makes, without its four seconds of imports.
    """
    for repository in ("fernet", "receipt", "credential"):
        directory = layout.data / "keystone" / repository
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("0", "1"):
            file = directory / name
            if not file.exists():
                write_private(file, base64.urlsafe_b64encode(os.urandom(32)).decode())


def libvirt_user(_layout: Layout) -> None:
    """Libvirt insists that this user exists, even when guests run as root."""
    if not succeeds("id", "libvirt-qemu"):
        run("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "libvirt-qemu")
