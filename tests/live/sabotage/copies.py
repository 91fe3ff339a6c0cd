"""Ways to copy what a tenant stores and to let a stranger read the keys of its volumes, all at the same time. Every one undoes itself."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.dynamic import clouds
from tests.live.tools import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from openstack.proxy import Proxy

    from tests.live.sabotage.scene import Scene

    Way = Callable[[Scene], AbstractContextManager[Any]]

SNAPSHOT, IMAGE, SECRET = "ringfence-test-snapshot", "ringfence-test-image", "ringfence-test-secret"
STATE_SECONDS = 120.0
STRANGER = "0" * 32
"""A user's id; Barbican keeps it without asking whose it is."""


def _volume(scene: Scene) -> str:
    """Return the id of the root volume of the target."""
    name = names.root_volume(scene.tenant, scene.target.partition("/")[2])
    found = scene.stage.opened.inventory.made[scene.tenant].get("volumes", name)
    assert found is not None
    return found.id


def _barbican(scene: Scene) -> Proxy:
    """Return the key manager as the tenant's deployer."""
    return clouds.deployer(clouds.Credential.of(scene.stage.opened.identities[scene.tenant].deployer.values)).key_manager


@contextlib.contextmanager
def snapshot(scene: Scene) -> Iterator[None]:
    """Take a snapshot of a volume that is in use."""
    cinder = scene.stage.cloud.block_storage
    made = ask(cinder, "POST", "/snapshots", {"snapshot": {"volume_id": _volume(scene), "name": SNAPSHOT, "force": True}})["snapshot"]
    end = time.monotonic() + STATE_SECONDS
    try:
        while (state := ask(cinder, "GET", f"/snapshots/{made['id']}")["snapshot"]["status"]) == "creating":
            assert time.monotonic() < end, state
            time.sleep(0.5)
        yield
    finally:
        ask(cinder, "DELETE", f"/snapshots/{made['id']}")
        while cinder.get(f"/snapshots/{made['id']}").ok:
            assert time.monotonic() < end, "the snapshot is not deleted"
            time.sleep(0.5)


@contextlib.contextmanager
def public_image(scene: Scene) -> Iterator[None]:
    """Make an image of the tenant's project that everybody may use."""
    glance = scene.stage.cloud.image
    body = {"name": IMAGE, "owner": scene.project, "visibility": "public", "disk_format": "raw", "container_format": "bare"}
    made = ask(glance, "POST", "/images", body)
    try:
        yield
    finally:
        ask(glance, "DELETE", f"/images/{made['id']}")


@contextlib.contextmanager
def stranger_reads_a_key(scene: Scene) -> Iterator[None]:
    """Put a user of nobody's on the access list of a volume's key."""
    cinder, barbican = scene.stage.cloud.block_storage, _barbican(scene)
    key = cinder.get(f"/volumes/{_volume(scene)}", microversion="3.64").json()["volume"]["encryption_key_id"]
    ask(barbican, "PUT", f"/secrets/{key}/acl", {"read": {"users": [STRANGER], "project-access": True}})
    try:
        yield
    finally:
        assert barbican.delete(f"/secrets/{key}/acl").ok


@contextlib.contextmanager
def spare_secret(scene: Scene) -> Iterator[None]:
    """Keep a secret in the tenant's project that is the key of no volume."""
    barbican = _barbican(scene)
    key = ask(barbican, "POST", "/secrets", {"name": SECRET})["secret_ref"].rpartition("/")[2]
    try:
        yield
    finally:
        ask(barbican, "DELETE", f"/secrets/{key}")


COPIES: dict[str, tuple[Way, str]] = {
    "snapshot of a volume": (snapshot, f"undeclared snapshot {SNAPSHOT} of volume {{tenant}}-"),
    "public image": (public_image, f"undeclared image {IMAGE}, public"),
    "stranger on the access list of a key": (stranger_reads_a_key, f"has an access list to read: users {STRANGER}; its project: true"),
    "secret that is no volume's": (spare_secret, f"undeclared secret {SECRET}: it is the key of no volume"),
}
