"""Ways to let a stranger act in a tenant's project, all at the same time. Every one undoes itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from keystoneauth1.adapter import Adapter
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from infra.declaration import names
from tests.live.tools import ask, created

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.live.sabotage.scene import Scene

    Way = Callable[[Scene], AbstractContextManager[Any]]

STRANGER, GUESTS, ABOVE = "ringfence-test-stranger", "ringfence-test-guests", "ringfence-test-above"
AMONG_OPERATORS = "ringfence-test-among-operators"


def _role(scene: Scene, name: str) -> str:
    """Return the id of a role."""
    (row,) = ask(scene.stage.cloud.identity, "GET", f"/roles?name={name}")["roles"]
    return str(row["id"])


def _domain(scene: Scene) -> str:
    """Return the domain of the tenant's project."""
    return str(ask(scene.stage.cloud.identity, "GET", f"/projects/{scene.project}")["project"]["domain_id"])


def _user(scene: Scene, name: str) -> AbstractContextManager[dict[str, Any]]:
    """Make a user who is in no stack."""
    return created(scene.stage.cloud.identity, "/users", "user", {"name": name, "domain_id": _domain(scene)})


def _group(scene: Scene, name: str) -> AbstractContextManager[dict[str, Any]]:
    """Make a group who is in no stack."""
    return created(scene.stage.cloud.identity, "/groups", "group", {"name": name, "domain_id": _domain(scene)})


@contextlib.contextmanager
def _put(scene: Scene, path: str) -> Iterator[None]:
    """Make a relation and end it."""
    ask(scene.stage.cloud.identity, "PUT", path)
    try:
        yield
    finally:
        ask(scene.stage.cloud.identity, "DELETE", path)


@contextlib.contextmanager
def role_of_a_stranger(scene: Scene) -> Iterator[None]:
    """Give a user of the cloud a role in the tenant's project."""
    with _user(scene, STRANGER) as user, _put(scene, f"/projects/{scene.project}/users/{user['id']}/roles/{_role(scene, 'member')}"):
        yield


@contextlib.contextmanager
def role_of_a_group(scene: Scene) -> Iterator[None]:
    """Give a group a role in the tenant's project."""
    with _group(scene, GUESTS) as group, _put(scene, f"/projects/{scene.project}/groups/{group['id']}/roles/{_role(scene, 'reader')}"):
        yield


@contextlib.contextmanager
def inherited_role(scene: Scene) -> Iterator[None]:
    """Give a user a role in all projects of the domain."""
    domain, role = _domain(scene), _role(scene, "reader")
    with _user(scene, ABOVE) as user, _put(scene, f"/OS-INHERIT/domains/{domain}/users/{user['id']}/roles/{role}/inherited_to_projects"):
        yield


@contextlib.contextmanager
def further_role(scene: Scene) -> Iterator[None]:
    """Let the customer's reader build as well."""
    with _put(scene, f"/projects/{scene.project}/users/{_reader(scene)['user_id']}/roles/{_role(scene, 'member')}"):
        yield


@contextlib.contextmanager
def role_in_the_system(scene: Scene) -> Iterator[None]:
    """Let the customer's reader read everything of everybody."""
    with _put(scene, f"/system/users/{_reader(scene)['user_id']}/roles/{_role(scene, 'reader')}"):
        yield


@contextlib.contextmanager
def role_elsewhere(scene: Scene) -> Iterator[None]:
    """Let the customer's reader read what is the platform's."""
    project = scene.stage.opened.inventory.platform_facts.project_id
    with _put(scene, f"/projects/{project}/users/{_reader(scene)['user_id']}/roles/{_role(scene, 'reader')}"):
        yield


@contextlib.contextmanager
def role_in_the_platform(scene: Scene) -> Iterator[None]:
    """Let a user of the cloud act for the platform."""
    project = scene.stage.opened.inventory.platform_facts.project_id
    with _user(scene, AMONG_OPERATORS) as user, _put(scene, f"/projects/{project}/users/{user['id']}/roles/{_role(scene, 'member')}"):
        yield


def ec2_key(scene: Scene) -> AbstractContextManager[Any]:
    """Give the reader a key that no password is behind."""
    body = {"type": "ec2", "user_id": _reader(scene)["user_id"], "project_id": scene.project}
    blob = '{"access": "ringfence-test", "secret": "ringfence-test"}'
    return created(scene.stage.cloud.identity, "/credentials", "credential", {**body, "blob": blob})


@contextlib.contextmanager
def unlimited_credential(scene: Scene) -> Iterator[None]:
    """Let the reader make a credential that may make further ones."""
    path, body = f"/users/{_reader(scene)['user_id']}/application_credentials", {"name": "ringfence-test", "unrestricted": True}
    with created(_as_reader(scene), path, "application_credential", body):
        yield


@contextlib.contextmanager
def trust(scene: Scene) -> Iterator[None]:
    """Let the reader trust a stranger."""
    with _user(scene, f"{STRANGER}-trusted") as trustee:
        body = {"trustor_user_id": _reader(scene)["user_id"], "trustee_user_id": trustee["id"], "project_id": scene.project}
        more = {"impersonation": True, "roles": [{"name": names.READER_ROLE}]}
        with created(_as_reader(scene), "/OS-TRUST/trusts", "trust", {**body, **more}):
            yield


def _reader(scene: Scene) -> dict[str, Any]:
    """Return the credential of the tenant's reader."""
    return scene.stage.opened.identities[scene.tenant].reader.values


def _as_reader(scene: Scene) -> Any:  # noqa: ANN401 - an adapter of keystoneauth, which is asked as a proxy of openstacksdk is
    """Log in as the tenant's reader, to ask Keystone."""
    told = _reader(scene)
    auth = Password(told["auth_url"], user_id=told["user_id"], password=told["password"], project_id=told["project_id"])
    return Adapter(Session(auth, verify=told["cacert"] or True), service_type="identity", endpoint_override=told["auth_url"])


IDENTITY: dict[str, tuple[Way, str]] = {
    "role of a stranger": (role_of_a_stranger, f"undeclared role member of user {STRANGER} in project {{tenant}}"),
    "role of a group": (role_of_a_group, f"undeclared role reader of group {GUESTS} in project {{tenant}}"),
    "inherited role": (inherited_role, f"undeclared role reader of user {ABOVE} in project {{tenant}}, inherited from domain"),
    "further role of the reader": (further_role, "undeclared role member of user {tenant}-reader"),
    "role of the reader in the whole system": (role_in_the_system, "undeclared role reader of user {tenant}-reader in the whole system"),
    "role of the reader in the platform's project": (role_elsewhere, "undeclared role reader of user {tenant}-reader in project"),
    "role of a stranger in the platform's project": (role_in_the_platform, f"undeclared role member of user {AMONG_OPERATORS} in project "),
    "key for EC2": (ec2_key, "undeclared credential ec2 ("),
    "application credential without limits": (unlimited_credential, "undeclared application credential ringfence-test ("),
    "trust in a stranger": (trust, "of user {tenant}-reader to user"),
}
