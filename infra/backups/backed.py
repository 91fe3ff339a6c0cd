"""The servers that are to be backed up as they are now: what is declared, with the volumes that the stack made. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from infra.backups import settings
from infra.backups.plan import BackedDisk, BackedServer
from infra.declaration import names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from infra.declaration.model import Platform, Tenant
    from infra.outputs import ServerOutput, TenantOutput

MISSING: Final = "is declared and not made"
Json = dict[str, Any]


def backed(
    platform: Platform, tenant: Tenant, facts: TenantOutput, volumes: Mapping[str, Json], made: Mapping[str, datetime]
) -> tuple[tuple[BackedServer, ...], dict[str, str]]:
    """Return the servers that are to be backed up, with the volumes that they are at, and what is missing of the others."""
    found: list[BackedServer] = []
    missing: dict[str, str] = {}
    for name, how in settings.of_tenant(platform, tenant).items():
        output = facts.servers.get(name)
        if output is None:
            missing[name] = f"the server {MISSING}"
            continue
        disks = _disks(tenant, name, output, volumes)
        if gone := [disk for disk, row in disks.items() if row is None]:
            missing[name] = f"the disk {', '.join(gone)} {MISSING}, or somebody deleted it"
            continue
        backed_ = (BackedDisk(disk, str(row["id"]), int(row["size"]), str(row["volume_type"])) for disk, row in disks.items() if row)
        found.append(BackedServer(tenant.name, name, how, tuple(backed_), made.get(output.id)))
    return tuple(found), missing


def _disks(tenant: Tenant, name: str, output: ServerOutput, volumes: Mapping[str, Json]) -> dict[str, Json | None]:
    """Return the volume of each declared disk of a server."""
    ids = {names.ROOT: output.volumes.root, **output.volumes.data}
    return {disk.name: volumes.get(str(ids.get(disk.name))) for disk in settings.disks(name, tenant.servers[name])}
