"""What the cloud has of copies: snapshots, backups and transfers of volumes, and images of tenants' projects. Judged elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra.errors import CloudError
from infra.neutron.sources.listing import OK, objects_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.drift.found import Json, Rows

    Listed = Callable[[Proxy, str, str], Rows]

MOST = 1000


def questions(cloud: Connection, projects: Iterable[str], listed: Listed) -> dict[str, Callable[[], Rows]]:
    """Return what is to be asked, by kind; ``listed`` reads a list of Cinder's, page by page."""
    storage = cloud.block_storage
    return {
        "snapshots": partial(listed, storage, "/snapshots/detail", "snapshots"),
        "backups": partial(listed, storage, "/backups/detail", "backups"),
        "transfers": partial(listed, storage, "/volume-transfers/detail", "transfers"),
        "images": partial(_images, cloud.image, sorted(projects)),
    }


def _images(glance: Proxy, projects: Iterable[str]) -> Rows:
    """Return the images that belong to some projects, the hidden ones included."""
    asked = ({"owner": project, "os_hidden": hidden, "limit": MOST} for project in projects for hidden in ("false", "true"))
    return tuple(row for params in asked for row in _page(glance, params))


def _page(glance: Proxy, params: Json) -> Rows:
    answer = glance.get(path := "/images", params=params)
    rows = objects_of(answer, "images") if answer.status_code == OK else None
    if rows is None:
        raise CloudError.of("Glance did not answer", where=path, expected="200", got=str(answer.status_code), hint="log in as the admin")
    if answer.json().get("next"):
        hint = "delete images that nobody uses"
        raise CloudError.of("Glance shows a part of the list only", where=path, expected=f"at most {MOST} images of a project", hint=hint)
    return tuple(rows)
