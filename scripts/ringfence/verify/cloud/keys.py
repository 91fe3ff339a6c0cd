"""The secrets that volumes are encrypted with, and who may read each: asked as the project that has them. Judged elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keystoneauth1.exceptions.catalog import CatalogException

from infra import cinder
from infra.dynamic import clouds
from infra.errors import CloudError
from infra.neutron.sources.listing import NOT_FOUND, OK, objects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.drift.found import Json, Rows
    from ringfence.verify.stacks import StackFacts

MOST = 100
"""Secrets of a page: Barbican gives no more (its setting ``max_limit_paging``)."""
NOT_OFFERED = "the cloud's catalogue has no key manager: who may read the keys of volumes is not known"


class NoKeyManagerError(CloudError):
    """The cloud has no such service."""


def of_tenants(identities: Mapping[str, StackFacts]) -> Rows:
    """Return all secrets of the tenants' projects, each with its access list, as the tenants' deployers see them."""
    return tuple(row for facts in identities.values() for row in _of_project(facts))


def _of_project(facts: StackFacts) -> Iterator[Json]:
    barbican = clouds.deployer(clouds.Credential.of(facts.deployer.values)).key_manager
    for row in list(_secrets(barbican)):
        id_ = _id(row)
        if (access := _access(barbican, id_)) is not None:
            yield {"id": id_, "name": row.get("name"), "project_id": str(facts.facts.project_id), "acl": access}


def of_platform(cloud: Connection, volumes: Rows, project: str) -> Rows:
    """Return the keys of the volumes of the operator's project, each with its access list; one that is gone has no row."""
    wanted = {cinder.key_of(row) for row in volumes if cinder.project_of(row) == project}
    found = ((key, _access(cloud.key_manager, key)) for key in sorted(wanted) if key)
    return tuple({"id": key, "name": None, "project_id": project, "acl": acl} for key, acl in found if acl is not None)


def ids(barbican: Proxy) -> Iterator[str]:
    """Yield the ids of all secrets of a project. Raises :class:`CloudError` when fewer come than there are."""
    return (_id(row) for row in _secrets(barbican))


def _id(row: Json) -> str:
    return str(row["secret_ref"]).rpartition("/")[2]


def _secrets(barbican: Proxy) -> Iterator[Json]:
    """Yield all secrets of a project. Raises :class:`CloudError` when fewer come than there are."""
    count, total = 0, 1
    while count < total:
        body = _answer(barbican, "/secrets", offset=count, limit=MOST)
        rows = body["secrets"]
        yield from rows
        count, total = count + len(rows), int(body["total"])
        if not rows and count < total:
            raise CloudError.of("Barbican shows a part of the list only", where="/secrets", expected=f"{total} secrets", got=str(count))


def _access(barbican: Proxy, secret: str) -> Json | None:
    """Return the access list of a secret; nothing when the secret is gone."""
    answer = _asked(barbican, path := f"/secrets/{secret}/acl", {})
    if answer.status_code == NOT_FOUND:
        return None
    if answer.status_code != OK:
        raise _unanswered(path, answer.status_code)
    body: Json = answer.json()
    return body


def _answer(barbican: Proxy, path: str, **params: int) -> Json:
    answer = _asked(barbican, path, params)
    if answer.status_code != OK or objects_of(answer, "secrets") is None:
        raise _unanswered(path, answer.status_code)
    body: Json = answer.json()
    return body


def _asked(barbican: Proxy, path: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a response of requests
    try:
        return barbican.get(path, params=dict(params))
    except CatalogException as error:
        raise NoKeyManagerError.of(NOT_OFFERED, where="key-manager", got=str(error), hint="ask whoever runs the key manager") from error


def _unanswered(path: str, status: int) -> CloudError:
    return CloudError.of("Barbican did not answer", where=path, expected="200", got=str(status), hint="log in as who may read the secret")
