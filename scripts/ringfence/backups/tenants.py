"""A tenant whose backups are looked at: what is declared, what its stack made, and its storage as its deployer sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.backups.backed import backed
from infra.declaration import load_platform, load_tenant, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import stacks as declared
from infra.dynamic import clouds
from infra.errors import QuestionError
from ringfence import fingerprint, folder
from ringfence.backups.journal import Journal
from ringfence.backups.machines import Nova
from ringfence.backups.storage import Cinder
from ringfence.verify import stacks
from ringfence.verify.cloud.view import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openstack.connection import Connection

    from infra.backups.plan import BackedServer
    from ringfence.backups.machines import Machines
    from ringfence.backups.storage import Storage


@dataclass(frozen=True, slots=True)
class TenantBackups:
    """A tenant: the servers that are backed up, its storage, and the type of volume that each declared server has.

    ``ids`` are the servers' in the cloud, ``machines`` what starts others. ``missing`` are servers of which a disk is declared and not
    made, each with what is missing: they hide no other one.
    """

    name: str
    servers: tuple[BackedServer, ...]
    storage: Storage
    journal: Journal
    revision: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    machines: Machines | None = None


def asked(tenants: Sequence[str]) -> tuple[str, ...]:
    """Return the tenants that are asked about: those that are named, or all that are declared. Raises :class:`QuestionError`."""
    known = declared(folder.root())
    if unknown := sorted(set(tenants) - set(known)):
        raise QuestionError.of("no such tenant", where=", ".join(unknown), expected=" or ".join(known))
    return tuple(name for name in known if not tenants or name in tenants)


def opened(name: str) -> TenantBackups:
    """Open a tenant's storage with its deployer's credential. Raises :class:`RingfenceError` when the stack is not up."""
    place = folder.root()
    platform = load_platform(place / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    tenant = load_tenant(place / f"{PREFIX}{name}{SUFFIX}", platform, today=datetime.now(UTC).date()).tenant
    stack = stacks.tenant(name)
    cloud = clouds.deployer(clouds.Credential.of(stack.deployer.values))
    storage = Cinder(cloud)
    kinds = {server: entry.volume_type or platform.default_volume_type for server, entry in tenant.servers.items()}
    ids = {server: output.id for server, output in stack.facts.servers.items()}
    servers, missing = backed(platform, tenant, stack.facts, {str(row["id"]): row for row in storage.volumes()}, since(cloud))
    return TenantBackups(
        name, servers, storage, Journal(stack.facts.project_id), fingerprint.digest(place), kinds, missing, ids, Nova(cloud)
    )


def since(cloud: Connection) -> dict[str, datetime]:
    """Return when the cloud made each server of a project."""
    rows = listed(cloud.compute, "/servers/detail", "servers")
    return {str(row["id"]): datetime.fromisoformat(str(row["created"])) for row in rows}
