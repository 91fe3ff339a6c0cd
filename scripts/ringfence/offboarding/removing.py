"""What is removed piece by piece before the stack is destroyed, with the tenant's own credential, and after it, as the admin."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from infra.dynamic import leftovers
from infra.dynamic.clouds import delete
from infra.dynamic.leftovers import Item
from infra.errors import CloudError
from ringfence.cloud_errors import translated
from ringfence.offboarding.listing import QUESTIONS, is_ours
from ringfence.verify.cloud import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from openstack.connection import Connection

    from infra.offboarding.inventory import Inventory

PATIENCE_SECONDS = 900.0
"""How long nothing may change before a service counts as stuck."""
POLL_SECONDS = 2.0
MOST = 100


def emptied(what: str, look: Callable[[], Iterable[Item]], clock: Callable[[], float] = time.monotonic) -> int:
    """Delete whatever a look finds until it finds nothing; returns how much that was.

    Raises :class:`CloudError` when nothing of it went away for a long time.
    """
    seen: dict[str, str] = {}
    before: set[str] = set()
    changed = clock()
    while True:
        with translated(what):
            found = {item.id: item for item in look()}
            if not found:
                return len(seen)
            if set(found) != before:
                before, changed = set(found), clock()
            for item in found.values():
                item.delete()
                seen[item.id] = item.name
        if clock() - changed > PATIENCE_SECONDS:
            some = ", ".join(sorted(found)[:5])
            hint = "ask the service why; then run the same command again"
            raise CloudError.of(
                f"{len(found)} {what} do not go away", where=some, expected=f"fewer after {PATIENCE_SECONDS:.0f} s", hint=hint
            )
        time.sleep(POLL_SECONDS)


def backups(cloud: Connection) -> Iterable[Item]:
    """Yield backups; one that others stand upon is left to a later round."""
    blocks = cloud.block_storage
    for backup in blocks.backups():
        remove = partial(leftovers.delete_backup, cloud, backup.id, backup.status, is_leaf=not backup.has_dependent_backups)
        yield Item(backup.id, backup.name, remove)


def snapshots(cloud: Connection) -> Iterable[Item]:
    """Yield snapshots of volumes."""
    blocks = cloud.block_storage
    for snapshot in blocks.snapshots():
        yield Item(snapshot.id, snapshot.name, partial(_settled, cloud, snapshot.id, snapshot.status))


def _settled(cloud: Connection, snapshot: str, status: str) -> None:
    if status != "deleting":
        cloud.block_storage.delete_snapshot(snapshot, ignore_missing=True)


def transfers(cloud: Connection) -> Iterable[Item]:
    """Yield transfers of volumes that nobody has taken up; the volume stays."""
    blocks = cloud.block_storage
    for transfer in blocks.transfers():
        yield Item(transfer.id, transfer.name, partial(blocks.delete_transfer, transfer.id, ignore_missing=True))


def soft_deleted(admin: Connection, inventory: Inventory) -> Iterable[Item]:
    """Yield servers that are kept for a while after their deletion."""
    kind = "servers that were deleted softly"
    for row in QUESTIONS[kind].rows(admin):
        if is_ours(kind, row, inventory) and not row.get("OS-EXT-STS:task_state"):
            body = {"forceDelete": None}
            post = partial(admin.compute.post, f"/servers/{row['id']}/action", json=body, raise_exc=True)
            yield Item(str(row["id"]), str(row.get("name") or ""), post)


def containers(cloud: Connection) -> Iterable[Item]:
    """Yield containers of secrets, by which a secret could be read as well."""
    for row in cloud.key_manager.get("/containers", params={"limit": MOST}, raise_exc=True).json()["containers"]:
        id_ = str(row["container_ref"]).rpartition("/")[2]
        yield Item(id_, str(row.get("name") or ""), partial(delete, cloud.key_manager, f"/containers/{id_}"))


def access_lists(cloud: Connection) -> int:
    """Take everybody's access to the project's secrets that a list gives; returns how many there are."""
    with translated("/secrets"):
        found = list(keys.ids(cloud.key_manager))
        for id_ in found:
            delete(cloud.key_manager, f"/secrets/{id_}/acl")
    return len(found)


def images(admin: Connection, inventory: Inventory) -> Iterable[Item]:
    """Yield the project's images, the hidden and the protected ones included; who they were lent to loses them."""
    for kind in ("images", "hidden images"):
        for row in QUESTIONS[kind].rows(admin):
            if is_ours(kind, row, inventory) and row.get("status") not in {"deleted", "pending_delete"}:
                yield Item(
                    str(row["id"]), str(row.get("name") or ""), partial(_image, admin, str(row["id"]), is_kept=bool(row.get("protected")))
                )


def _image(admin: Connection, image: str, *, is_kept: bool) -> None:
    if is_kept:
        words = [{"op": "replace", "path": "/protected", "value": False}]
        kind = "application/openstack-images-v2.1-json-patch"
        admin.image.patch(f"/images/{image}", json=words, headers={"Content-Type": kind}, raise_exc=True)
    delete(admin.image, f"/images/{image}")


def power(admin: Connection, servers: Iterable[str], *, on: bool) -> int:
    """Stop or start servers; returns how many are told so. One that is gone, or is so already, is left alone."""
    word, count = ("os-start" if on else "os-stop"), 0
    with translated("/servers"):
        for server in servers:
            answer = admin.compute.post(f"/servers/{server}/action", json={word: None}, raise_exc=False)
            if answer.status_code not in {404, 409}:
                answer.raise_for_status()
                count += 1
    return count


def stopped(admin: Connection, servers: Collection[str], clock: Callable[[], float] = time.monotonic) -> None:
    """Stop servers and wait until none of them runs, or is about to. Raises :class:`CloudError` when one does not stop.

    One that is being started refuses to be stopped, so all are told again and again.
    """
    began = clock()
    while True:
        rows = [row for row in QUESTIONS["servers"].rows(admin) if row["id"] in servers]
        running = [str(row["id"]) for row in rows if row["status"] == "ACTIVE" or row.get("OS-EXT-STS:task_state")]
        if not running:
            return
        if clock() - began > PATIENCE_SECONDS:
            hint = "ask Nova why; then run the same command again"
            raise CloudError.of("servers do not stop", where=", ".join(running), expected=f"stopped in {PATIENCE_SECONDS:.0f} s", hint=hint)
        power(admin, running, on=False)
        time.sleep(POLL_SECONDS)
