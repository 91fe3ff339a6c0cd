"""Copies of what a party stores, and who may read the keys of its volumes. Pure.

Of these only backups can be declared: every other one, and every snapshot, image or transfer of a volume, is somebody's own doing. A key of
a volume or of a backup is a secret in the party's project (Barbican); a user on its access list reads it, of whatever project that user is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import cinder
from infra.drift import backups
from infra.drift.deviation import ComparedObject, said
from infra.drift.found import NOUNS, owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.outcome import Deviation

OF_VOLUMES = ("snapshots", "backups", "transfers")
PROJECT_ONLY: Json = {"project-access": True}
"""What the access list of a secret says when nobody has changed it."""
OF_AN_IMAGE = {"name": "name", "visibility": "visibility", "checksum": "checksum", "owner": "owner", "os_hidden": "hidden"}
"""What is compared of an image, and the provider's word for it."""
TIMES = ("created", "updated")
"""The key of volumes where a cloud has one fixed key for all of them (Castellan's ``conf_key``)."""


def copies(scope: Scope) -> Iterator[Deviation]:
    """Find copies of the party's volumes, and whatever else of the kind a tenant's project has."""
    volumes, declared = {str(row["id"]) for row in scope.found.volumes}, {str(row["id"]) for row in backups.declared(scope)}
    for kind in OF_VOLUMES:
        for row in scope.whole.found.rows(kind):
            if kind == "backups" and str(row["id"]) in declared:
                continue
            if str(row["volume_id"]) in volumes or _is_own(scope, row):
                yield scope.undeclared(kind, row, f" of volume {scope.names.of('volumes', row['volume_id'])}")
    for row in scope.whole.found.rows("images") if scope.tenant else ():
        if _is_own(scope, row):
            members = ", ".join(map(str, row.get("members") or ()))
            yield scope.undeclared("images", row, f", {row['visibility']}{f', shared with project {members}' if members else ''}")


def images(scope: Scope) -> Iterator[Deviation]:
    """Compare the images that the stack made: whoever changes one decides what the next server is."""
    rows = {str(row["id"]): row for row in scope.whole.found.rows("platform_images")}
    for id_, made in scope.made.ids("images").items():
        one = ComparedObject(NOUNS["images"], id_, str(made.outputs.get("name") or made.name))
        if id_ not in rows:
            yield one.missing(f"missing {one}")
            continue
        row = rows[id_]
        told = {key: made.outputs[word] for key, word in OF_AN_IMAGE.items() if made.outputs.get(word) is not None}
        yield from one.differing(row, {**told, "status": "active"})
        for member in row.get("members") or ():
            yield one.further(f"{one} is shared with project {member}", f"openstack image remove project {id_} {member}")


def keys(scope: Scope) -> Iterator[Deviation]:
    """Compare the secrets of the project with the keys of the volumes, and the access list of each with the one that nobody changed."""
    wanted = {**_keyed(scope, "volumes", scope.found.volumes), **_keyed(scope, "backups", backups.declared(scope))}
    kind = "secrets" if scope.tenant else "platform_secrets"
    for row in scope.whole.found.rows(kind):
        subject = wanted.pop(str(row["id"]), None)
        if subject is None and not _is_own(scope, row):
            continue
        what = f"key of {subject}" if subject else ""
        one = ComparedObject(NOUNS[kind], str(row["id"]), what or str(row["name"] or row["id"]), called=what)
        if subject is None:
            yield one.undeclared(f"undeclared {one}: it is the key of no volume")
        for operation, access in row["acl"].items():
            if {key: value for key, value in access.items() if key not in TIMES and value != []} != PROJECT_ONLY:
                yield one.different(f"{one} has an access list to {operation}: {_said(access)}")
    for key, one in wanted.items():
        yield one.different(f"{one} has the key {key}, which is not in its project")


def _keyed(scope: Scope, kind: str, rows: Iterable[Json]) -> dict[str, ComparedObject]:
    """Return the objects that have keys, by these."""
    return {key: scope.subject(kind, row) for row in rows if (key := cinder.key_of(row))}


def _said(access: Json) -> str:
    users = ", ".join(map(str, access.get("users") or ())) or "nobody by name"
    more = "".join(f"; {key} {said(value)}" for key, value in access.items() if key not in {*TIMES, "users", *PROJECT_ONLY})
    return f"users {users}; its project: {said(access.get('project-access'))}{more}"


def _is_own(scope: Scope, row: Json) -> bool:
    """Tell whether a row is a tenant's project's. The operator's project holds other things as well, and they are not ours."""
    return scope.tenant is not None and owner(row) == scope.project
