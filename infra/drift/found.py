"""What a cloud has, as its APIs say it: rows by kind. Pure; whoever lists a cloud fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from infra import cinder
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Json = dict[str, Any]
Rows = tuple[Json, ...]


class NotOfferedError(CloudError):
    """A cloud has no service that would tell what has to be compared."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for by its id, where a service is not asked for all that it has: the projects and users that stacks made, and images.

    ``platform`` is the operator's project, and ``secrets`` are the projects whose secrets were listed. Of anything else such a service
    told nothing, which does not mean that there is nothing.
    """

    platform: str
    projects: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """Rows as the APIs return them: of the whole cloud, or of what concerns one party.

    ``port_forwardings`` of a floating IP are whole, and ``encryption`` of a volume type is a part of its row. ``users`` and what is
    theirs are of the accounts that the stacks made: ``account_roles`` those that they have anywhere. An ``assignment`` has no id in
    Keystone: the path of its link is taken for one. ``implied_roles`` are roles with those that each ``implies``.
    ``snapshots``, ``backups`` and ``transfers`` are of volumes, ``images`` those of tenants' projects, ``platform_images`` those that
    stacks made, each with its ``members``, and a secret has its access list
    as ``acl``. ``untold`` says why a kind could not be read, and ``absent`` why a cloud has none of it, so that nobody takes it for empty.
    ``at`` is when the cloud was listed, by this machine's clock, and ``asker`` the id of the user who asked; empty when nobody tells.
    ``asked`` is what was asked for by its id.
    """

    networks: Rows = ()
    subnets: Rows = ()
    ports: Rows = ()
    routers: Rows = ()
    groups: Rows = ()
    address_groups: Rows = ()
    subnet_pools: Rows = ()
    rbac: Rows = ()
    floating_ips: Rows = ()
    trunks: Rows = ()
    servers: Rows = ()
    volumes: Rows = ()
    volume_types: Rows = ()
    projects: Rows = ()
    assignments: Rows = ()
    account_roles: Rows = ()
    implied_roles: Rows = ()
    users: Rows = ()
    memberships: Rows = ()
    application_credentials: Rows = ()
    credentials: Rows = ()
    trusts: Rows = ()
    snapshots: Rows = ()
    backups: Rows = ()
    transfers: Rows = ()
    images: Rows = ()
    platform_images: Rows = ()
    secrets: Rows = ()
    platform_secrets: Rows = ()
    untold: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    asker: str = ""
    asked: Asked | None = None

    def rows(self, kind: str) -> Rows:
        """Return the rows of a kind by the name of the field.

        Raises:
            NotOfferedError: the cloud has no service that would tell.
            CloudError: they could not be read.
        """
        if kind in self.absent:
            raise NotOfferedError.of(self.absent[kind], where=NOUNS[kind], hint="ask whoever runs that service")
        if kind in self.untold:
            hint = "log in as the admin"
            raise CloudError.of("the API did not tell what has to be compared", where=NOUNS[kind], got=self.untold[kind], hint=hint)
        return self.known(kind)

    def known(self, kind: str) -> Rows:
        """Return the rows of a kind as far as they could be read."""
        found: Rows = getattr(self, kind)
        return found


KINDS = tuple(field.name for field in fields(Found) if field.name not in {"untold", "absent", "at", "asker", "asked"})
ASSIGNMENTS, ACCOUNT_ROLES = "assignments", "account_roles"

NOUNS = {
    "networks": "network",
    "subnets": "subnet",
    "ports": "port",
    "routers": "router",
    "groups": "security group",
    "address_groups": "address group",
    "subnet_pools": "subnet pool",
    "floating_ips": "public address",
    "trunks": "trunk",
    "servers": "server",
    "volumes": "volume",
    "volume_types": "volume type",
    "projects": "project",
    "rbac": "sharing",
    ASSIGNMENTS: "role assignment",
    ACCOUNT_ROLES: "role assignment",
    "implied_roles": "role",
    "users": "user",
    "memberships": "membership",
    "application_credentials": "application credential",
    "credentials": "credential",
    "trusts": "trust",
    "snapshots": "snapshot",
    "backups": "backup",
    "transfers": "transfer",
    "images": "image",
    "platform_images": "image",
    "secrets": "secret",
    "platform_secrets": "secret",
}
"""What an object of each kind is called."""

OWNER_KEYS = (
    "project_id",
    "tenant_id",
    cinder.PROJECT,
    "os-extended-snapshot-attributes:project_id",
    "os-backup-project-attr:project_id",
    "source_project_id",
    "owner",
)


def owner(row: Json) -> str:
    """Return the id of a row's project, in the word of whichever service made the row."""
    return str(next((row[key] for key in OWNER_KEYS if row.get(key)), ""))
