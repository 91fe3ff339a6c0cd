"""What every service lists, of whatever project, as the operator's admin: the tenant's things, and those of others as a twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra import cinder
from infra.drift.found import owner
from infra.errors import CloudError
from infra.neutron.sources.listing import NOT_FOUND, OK, objects_of
from infra.offboarding.proof import Listing
from ringfence.cloud_errors import translated
from ringfence.verify.cloud.view import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.drift.found import Json, Rows
    from infra.offboarding.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the service by its name and by the client's, the path, the key of the answer, and parameters."""

    service: str
    proxy: str
    path: str
    key: str
    params: tuple[tuple[str, str], ...] = ()

    def rows(self, cloud: Connection) -> Rows:
        """Return all rows. Raises :class:`CloudError`."""
        with translated(self.path):
            if self.service == "keystone":
                return whole(cloud.identity, self.path, self.key)
            return listed(getattr(cloud, self.proxy), self.path, self.key, **dict(self.params))


def whole(keystone: Proxy, path: str, key: str) -> Rows:
    """Return a list of Keystone's, which does not page. Raises :class:`CloudError` when it shows a part of it only."""
    answer = keystone.get(path, params={})
    rows = objects_of(answer, key) if answer.status_code == OK else None
    if rows is None:
        raise CloudError.of("Keystone did not answer", where=path, expected="200", got=str(answer.status_code), hint="log in as the admin")
    body = answer.json()
    if body.get("truncated") or (body.get("links") or {}).get("next"):
        raise CloudError.of("Keystone shows a part of the list only", where=path, hint="raise list_limit in keystone.conf")
    return tuple(rows)


ALL = (("all_tenants", "1"),)
QUESTIONS = {
    "servers": Asked("nova", "compute", "/servers/detail", "servers", ALL),
    "servers that were deleted softly": Asked("nova", "compute", "/servers/detail", "servers", (*ALL, ("status", "SOFT_DELETED"))),
    "volumes": Asked("cinder", "block_storage", "/volumes/detail", "volumes", ALL),
    "snapshots": Asked("cinder", "block_storage", "/snapshots/detail", "snapshots", ALL),
    "backups": Asked("cinder", "block_storage", "/backups/detail", "backups", ALL),
    "transfers": Asked("cinder", "block_storage", "/volume-transfers/detail", "transfers", ALL),
    "images": Asked("glance", "image", "/images", "images", (("visibility", "all"),)),
    "hidden images": Asked("glance", "image", "/images", "images", (("visibility", "all"), ("os_hidden", "true"))),
    "ports": Asked("neutron", "network", "/ports", "ports"),
    "public addresses": Asked("neutron", "network", "/floatingips", "floatingips"),
    "networks": Asked("neutron", "network", "/networks", "networks"),
    "subnets": Asked("neutron", "network", "/subnets", "subnets"),
    "routers": Asked("neutron", "network", "/routers", "routers"),
    "security groups": Asked("neutron", "network", "/security-groups", "security_groups"),
    "sharings": Asked("neutron", "network", "/rbac-policies", "rbac_policies"),
    "users": Asked("keystone", "identity", "/users", "users"),
    "projects": Asked("keystone", "identity", "/projects", "projects"),
    "credentials": Asked("keystone", "identity", "/credentials", "credentials"),
    "role assignments": Asked("keystone", "identity", "/role_assignments", "role_assignments"),
}
"""Every kind of thing that a project has, and how all of them are listed."""
SECRETS = "secrets"
FORBIDDEN = 403
LENT = frozenset({"neutron", "keystone"})
"""Services in which the platform makes things for a tenant under the tenant's names."""


def is_ours(kind: str, row: Json, inventory: Inventory) -> bool:
    """Whether a row is of the tenant: by its project, by an id that was noted, or by a name of what the platform made for it."""
    project = inventory.project
    scoped = row.get("scope", {}).get("project", {}).get("id") if isinstance(row.get("scope"), dict) else None
    if project in {owner(row), scoped, row.get("target_tenant"), row.get("default_project_id"), row.get("id")}:
        return True
    if str(row.get("id")) in inventory.resources.get(kind, ()):
        return True
    return QUESTIONS[kind].service in LENT and row.get("name") in inventory.lent


def ids(kind: str, rows: Iterable[Json], inventory: Inventory) -> tuple[str, ...]:
    """Return the ids of the tenant's rows."""
    return tuple(_name(row) for row in rows if is_ours(kind, row, inventory))


def listings(cloud: Connection, inventory: Inventory) -> list[Listing]:
    """Ask all services. A question that is not answered is an error of its own."""
    found = []
    living: set[str] = set()
    for kind, asked in QUESTIONS.items():
        try:
            rows = asked.rows(cloud)
        except CloudError as error:
            found.append(Listing(asked.service, kind, untold=" ".join(str(error).split())))
            continue
        ours = ids(kind, rows, inventory)
        found.append(Listing(asked.service, kind, ours, len(rows) - len(ours)))
        if kind == "volumes":
            living = {key for row in rows if (key := cinder.key_of(row)) and not is_ours(kind, row, inventory)}
    return [*found, _secrets(cloud, inventory, living)]


def _secrets(cloud: Connection, inventory: Inventory, living: set[str]) -> Listing:
    """Ask for every secret by its id: Barbican lists those of one project only. The keys of others' volumes are there, for the twin."""
    try:
        with translated("/secrets"):
            ours = tuple(id_ for id_ in inventory.resources.get(SECRETS, ()) if _is_there(cloud, id_))
            others = sum(_is_there(cloud, id_) for id_ in sorted(living))
    except CloudError as error:
        return Listing("barbican", SECRETS, untold=" ".join(str(error).split()))
    return Listing("barbican", SECRETS, ours, others)


def _is_there(cloud: Connection, secret: str) -> bool:
    """Whether Barbican knows a secret; one that it shows to nobody else (403) is there. Raises :class:`CloudError` for no such answer."""
    status = cloud.key_manager.get(f"/secrets/{secret}", raise_exc=False).status_code
    if status not in {OK, FORBIDDEN, NOT_FOUND}:
        raise CloudError.of("Barbican did not answer", where=f"/secrets/{secret}", expected="200, 403 or 404", got=str(status))
    return bool(status != NOT_FOUND)


def _name(row: Json) -> str:
    """Return the id of a row; Keystone gives a role assignment none, and its link is as good."""
    if "id" in row:
        return str(row["id"])
    links: dict[str, Any] = row.get("links") or {}
    return str(links.get("assignment") or sorted(row))
