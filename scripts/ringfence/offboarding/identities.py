"""Who may work in the tenant's project: everybody but the operator's own credential loses it, and every token with it.

The deployer's application credential is what the tenant is removed with, so it stays until the stack is destroyed. Its user's tokens go all
the same: writing a user's password, also the one that it has, revokes all of them (Keystone, ``update_user``) and leaves the credential.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.dynamic.clouds import delete
from infra.errors import CloudError
from ringfence import engine
from ringfence.cloud_errors import translated
from ringfence.offboarding.listing import whole
from ringfence.verify.cloud import identity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.drift.found import Json, Rows

INHERITED = "OS-INHERIT:inherited_to"
SECRET_TYPE = "pulumi-python:dynamic/ringfence:GeneratedSecret"  # noqa: S105 - the type of a resource


@dataclass(frozen=True, slots=True)
class Deployer:
    """The account that the tenant is removed with. Its ``repr`` shows no secret."""

    user: str
    credential: str
    password: str = field(repr=False)


def accounts_of(keystone: Proxy, project: str, accounts: Collection[str]) -> set[str]:
    """Return the ids of the project's own accounts: those of these names whose default project it is. Raises :class:`CloudError`."""
    rows = whole(keystone, "/users", "users")
    return {str(row["id"]) for row in rows if row.get("default_project_id") == project and row.get("name") in accounts}


def revoke(cloud: Connection, project: str, accounts: Collection[str], deployer: Deployer) -> int:
    """Take everybody's right to the project but the deployer's credential; returns how much was taken. It may be done again and again.

    Only the project's own accounts are disabled: somebody else's keeps whatever it may do elsewhere, and its tokens for this project go
    with its role.
    """
    keystone = cloud.identity
    with translated("identities"):
        users = accounts_of(keystone, project, accounts)
        paths = list(_removable(_answers(keystone, [project], sorted(users)), project, users, deployer))
        for path in paths:
            delete(keystone, path)
        others = sorted(users - {deployer.user})
        for user in others:
            keystone.patch(f"/users/{user}", json={"user": {"enabled": False}}, raise_exc=True)
        keystone.patch(f"/users/{deployer.user}", json={"user": {"password": deployer.password}}, raise_exc=True)
    return len(paths) + len(others)


def _removable(rows: dict[str, Rows], project: str, users: set[str], deployer: Deployer) -> Iterator[str]:
    """Yield the paths of what lets somebody work in the project, but for the deployer's role and credential."""
    for row in rows["application_credentials"]:
        if row["id"] != deployer.credential and row.get("project_id") == project:
            yield f"/users/{row['user_id']}/application_credentials/{row['id']}"
    for row in rows["credentials"]:
        if row.get("project_id") == project or row.get("user_id") in users:
            yield f"/credentials/{row['id']}"
    for row in rows["trusts"]:
        if row.get("project_id") == project:
            yield f"/OS-TRUST/trusts/{row['id']}"
    for row in rows["assignments"]:
        scope = row.get("scope", {})
        kind = "user" if "user" in row else "group"
        if scope.get("project", {}).get("id") == project and INHERITED not in scope and row[kind]["id"] != deployer.user:
            yield f"/projects/{project}/{kind}s/{row[kind]['id']}/roles/{row['role']['id']}"


def inherited(keystone: Proxy, project: str) -> list[str]:
    """Return who has a role by way of what is above projects: that is not the project's, and stays."""
    return [_who(row) for row in _answers(keystone, [project], [])["assignments"] if INHERITED in row.get("scope", {})]


def password(stack: str) -> str:
    """Return the deployer's password as the stack keeps it. Raises :class:`CloudError`."""
    exported = json.loads(
        engine.answer("stack", "export", "--show-secrets", "--stack", stack, failed="the stack does not open", where=stack)
    )
    wanted = names.deployer(stack)
    for row in (exported.get("deployment") or {}).get("resources") or ():
        if row["type"] == SECRET_TYPE and row["urn"].rpartition("::")[2] == wanted:
            value = row["outputs"]["value"]
            return str(json.loads(str(value["plaintext"])) if isinstance(value, dict) else value)
    raise CloudError.of(
        "the stack has no password of its deployer", where=stack, expected=f"a secret {wanted}", hint=f"pulumi up -s {stack}"
    )


def _answers(keystone: Proxy, projects: list[str], users: list[str]) -> dict[str, Rows]:
    asked = identity.questions(keystone, projects, users)
    return {kind: asked[kind]() for kind in ("assignments", "application_credentials", "credentials", "trusts")}


def _who(row: Json) -> str:
    kind = "user" if "user" in row else "group"
    return f"{kind} {row[kind].get('name') or row[kind]['id']} as {row['role'].get('name') or row['role']['id']}"
