"""The tables of the OpenStack services, made by their own migrations, in three lanes side by side.

A migration that was killed half-way cannot go on (MariaDB has no transactions around table definitions), so a database without
the mark of a finished migration is dropped and made again: nothing of value can be in it yet.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labcloud.apis import ML2_FILES
from labcloud.inside.shell import run

if TYPE_CHECKING:
    from labcloud.layout import Layout
    from labcloud.model import Command


@dataclass(frozen=True, slots=True)
class Migration:
    """The databases that a few commands fill, together or not at all."""

    name: str
    databases: tuple[str, ...]
    commands: tuple[Command, ...]


# Nova fills the braces from its own settings, so that the record of a cell holds no password.
_CELL_BUS: Final = "{scheme}://{username}:{password}@{hostname}:{port}/"
_NOVA: Final = "mysql+pymysql://root@localhost/{}?unix_socket=/run/mysqld/mysqld.sock"

LANES: Final = (
    (
        Migration("neutron", ("neutron",), (("neutron-db-manage", *ML2_FILES, "upgrade", "heads"),)),
        Migration("placement", ("placement",), (("placement-manage", "db", "sync"),)),
    ),
    (
        Migration(
            "nova",
            ("nova_api", "nova_cell0", "nova"),
            (
                ("nova-manage", "api_db", "sync"),
                ("nova-manage", "cell_v2", "map_cell0", "--database_connection", _NOVA.format("nova_cell0")),
                ("nova-manage", "db", "sync"),
                (
                    *("nova-manage", "cell_v2", "create_cell", "--name", "cell1"),
                    *("--transport-url", _CELL_BUS, "--database_connection", _NOVA.format("nova")),
                ),
            ),
        ),
    ),
    (
        Migration("keystone", ("keystone",), (("keystone-manage", "db_sync"),)),
        Migration("glance", ("glance",), (("glance-manage", "db_sync"),)),
        Migration("barbican", ("barbican",), (("barbican-manage", "db", "upgrade"),)),
        Migration("cinder", ("cinder",), (("cinder-manage", "db", "sync"),)),
    ),
)


def schema(layout: Layout) -> None:
    """Run every migration that has not finished yet."""
    marks = layout.data / "schema"
    marks.mkdir(parents=True, exist_ok=True)
    failures: list[str] = []

    def lane(migrations: tuple[Migration, ...]) -> None:
        for migration in migrations:
            if (marks / migration.name).exists():
                continue
            begun = time.monotonic()
            try:
                _migrate(migration)
            except Exception as problem:  # noqa: BLE001 - a thread: the failure is told by the caller
                failures.append(f"{migration.name}: {problem}")
                return
            (marks / migration.name).touch()
            print(f"{migration.name}: {time.monotonic() - begun:.1f} s", flush=True)

    threads = [threading.Thread(target=lane, args=(migrations,)) for migrations in LANES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit("\n".join(failures))


def _migrate(migration: Migration) -> None:
    """Make the databases afresh and fill them."""
    statements = "".join(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name};" for name in migration.databases)
    run("mariadb", "--defaults-file=/etc/mysql/lab.cnf", "-e", statements)
    for command in migration.commands:
        run(*command)
