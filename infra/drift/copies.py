"""Copies of what a party stores, and who may read the keys of its volumes. Pure.

Nothing of this is declared yet: every snapshot, backup, image or transfer of a volume is somebody's own doing. A key of a volume is a
secret in the party's project (Barbican); a user on its access list reads it, of whatever project that user is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift.deviation import ComparedObject, said
from infra.drift.found import NOUNS, owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.outcome import Deviation

OF_VOLUMES = ("snapshots", "backups", "transfers")
PROJECT_ONLY: Json = {"project-access": True}
"""What the access list of a secret says when nobody has changed it."""
TIMES = ("created", "updated")
NO_KEY = "00000000-0000-0000-0000-000000000000"
"""The key of volumes where a cloud has one fixed key for all of them (Castellan's ``conf_key``)."""


def copies(scope: Scope) -> Iterator[Deviation]:
    """Find copies of the party's volumes, and whatever else of the kind a tenant's project has."""
    volumes = {str(row["id"]) for row in scope.found.volumes}
    for kind in OF_VOLUMES:
        for row in scope.whole.found.rows(kind):
            if str(row["volume_id"]) in volumes or _is_own(scope, row):
                yield scope.undeclared(kind, row, f" of volume {scope.names.of('volumes', row['volume_id'])}")
    for row in scope.whole.found.rows("images") if scope.tenant else ():
        if _is_own(scope, row):
            yield scope.undeclared("images", row, f", {row['visibility']}")


def keys(scope: Scope) -> Iterator[Deviation]:
    """Compare the secrets of the project with the keys of the volumes, and the access list of each with the one that nobody changed."""
    wanted = {str(row["encryption_key_id"]): row for row in scope.found.volumes if row["encryption_key_id"] not in {None, NO_KEY}}
    kind = "secrets" if scope.tenant else "platform_secrets"
    for row in scope.whole.found.rows(kind):
        volume = wanted.pop(str(row["id"]), None)
        if volume is None and not _is_own(scope, row):
            continue
        what = f"key of volume {scope.names.of('volumes', volume['id'])}" if volume else ""
        one = ComparedObject(NOUNS[kind], str(row["id"]), what or str(row["name"] or row["id"]), called=what)
        if volume is None:
            yield one.undeclared(f"undeclared {one}: it is the key of no volume")
        for operation, access in row["acl"].items():
            if {key: value for key, value in access.items() if key not in TIMES and value != []} != PROJECT_ONLY:
                yield one.different(f"{one} has an access list to {operation}: {_said(access)}")
    for key, volume in wanted.items():
        one = scope.subject("volumes", volume)
        yield one.different(f"{one} has the key {key}, which is not in its project")


def _said(access: Json) -> str:
    users = ", ".join(map(str, access.get("users") or ())) or "nobody by name"
    more = "".join(f"; {key} {said(value)}" for key, value in access.items() if key not in {*TIMES, "users", *PROJECT_ONLY})
    return f"users {users}; its project: {said(access.get('project-access'))}{more}"


def _is_own(scope: Scope, row: Json) -> bool:
    """Tell whether a row is a tenant's project's. The operator's project holds other things as well, and they are not ours."""
    return scope.tenant is not None and owner(row) == scope.project
