"""What the cloud has of copies: snapshots, backups and transfers of volumes, and images of tenants' projects. Judged elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra.errors import CloudError
from infra.neutron.sources.listing import NOT_FOUND, OK, objects_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.drift.found import Json, Rows

    Listed = Callable[[Proxy, str, str], Rows]

MOST = 1000
SHARED = "shared"


def questions(cloud: Connection, projects: Iterable[str], made: Iterable[str], listed: Listed) -> dict[str, Callable[[], Rows]]:
    """Return what is to be asked, by kind; ``made`` are ids of images, and ``listed`` reads a list of Cinder's, page by page."""
    storage = cloud.block_storage
    return {
        "snapshots": partial(listed, storage, "/snapshots/detail", "snapshots"),
        "backups": partial(listed, storage, "/backups/detail", "backups"),
        "transfers": partial(listed, storage, "/volume-transfers/detail", "transfers"),
        "images": partial(_images, cloud.image, sorted(projects)),
        "platform_images": partial(_made, cloud.image, sorted(made)),
    }


def _images(glance: Proxy, projects: Iterable[str]) -> Rows:
    """Return the images that belong to some projects, the hidden ones included."""
    asked = ({"owner": project, "os_hidden": hidden, "limit": MOST} for project in projects for hidden in ("false", "true"))
    return tuple(_with_members(glance, row) for params in asked for row in _page(glance, params))


def _made(glance: Proxy, ids: Iterable[str]) -> Rows:
    """Return images by their ids; one that is gone has no row."""
    found = ((path := f"/images/{id_}", glance.get(path, params={})) for id_ in ids)
    rows = []
    for path, answer in found:
        if answer.status_code == OK:
            rows.append(_with_members(glance, answer.json()))
        elif answer.status_code != NOT_FOUND:
            raise _unanswered(path, answer.status_code)
    return tuple(rows)


def _with_members(glance: Proxy, row: Json) -> Json:
    """Return an image with the projects that it is shared with; only one that is shared has any (Glance, "image sharing")."""
    if row["visibility"] != SHARED:
        return {**row, "members": []}
    answer = glance.get(path := f"/images/{row['id']}/members", params={})
    members = objects_of(answer, "members") if answer.status_code == OK else None
    if members is None:
        raise _unanswered(path, answer.status_code)
    return {**row, "members": [str(member["member_id"]) for member in members]}


def _unanswered(path: str, status: int) -> CloudError:
    return CloudError.of("Glance did not answer", where=path, expected="200", got=str(status), hint="log in as the admin")


def _page(glance: Proxy, params: Json) -> Rows:
    answer = glance.get(path := "/images", params=params)
    rows = objects_of(answer, "images") if answer.status_code == OK else None
    if rows is None:
        raise _unanswered(path, answer.status_code)
    if answer.json().get("next"):
        hint = "delete images that nobody uses"
        raise CloudError.of("Glance shows a part of the list only", where=path, expected=f"at most {MOST} images of a project", hint=hint)
    return tuple(rows)
