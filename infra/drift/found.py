"""What a cloud has, as its APIs say it: rows by kind. Pure; whoever lists a cloud fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
Rows = tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows as the APIs return them: of the whole cloud, or of what concerns one party.

    ``port_forwardings`` of a floating IP are whole, and ``encryption`` of a volume type is a part of its row. ``users`` and what is
    theirs are of the accounts that the stacks made. An ``assignment`` has no id in Keystone: the path of its link is taken for one.
    ``untold`` says why a kind could not be read, so that nobody takes it for empty.
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
    users: Rows = ()
    memberships: Rows = ()
    application_credentials: Rows = ()
    credentials: Rows = ()
    trusts: Rows = ()
    untold: Mapping[str, str] = field(default_factory=dict)

    def rows(self, kind: str) -> Rows:
        """Return the rows of a kind by the name of the field. Raises :class:`CloudError` when they could not be read."""
        if kind in self.untold:
            hint = "log in as the admin"
            raise CloudError.of("the API did not tell what has to be compared", where=NOUNS[kind], got=self.untold[kind], hint=hint)
        return self.known(kind)

    def known(self, kind: str) -> Rows:
        """Return the rows of a kind as far as they could be read."""
        found: Rows = getattr(self, kind)
        return found


KINDS = tuple(field.name for field in fields(Found) if field.name != "untold")
ASSIGNMENTS = "assignments"

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
    "users": "user",
    "memberships": "membership",
    "application_credentials": "application credential",
    "credentials": "credential",
    "trusts": "trust",
}
"""What an object of each kind is called."""

OWNER_KEYS = ("project_id", "tenant_id", "os-vol-tenant-attr:tenant_id")


def owner(row: Json) -> str:
    """Return the id of a row's project, in the word of whichever service made the row."""
    return str(next((row[key] for key in OWNER_KEYS if row.get(key)), ""))
