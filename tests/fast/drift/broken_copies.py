"""Ways to copy what a tenant stores and to read the keys of its volumes, and the words that have to name each; and what harms nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fast.drift.changes import Change, both, change, fewer, more

if TYPE_CHECKING:
    from infra.drift.found import Found
    from tests.fast.drift.rows import Row

VOLUME, KEY = "id-acme-db-db", "key-acme-db-db"
SNAPSHOT: Row = {"id": "snap", "name": "nightly", "volume_id": VOLUME, "os-extended-snapshot-attributes:project_id": "project-other"}
BACKUP: Row = {"id": "back", "name": "copy", "volume_id": VOLUME, "os-backup-project-attr:project_id": "project-acme"}
TRANSFER: Row = {"id": "move", "name": "gift", "volume_id": VOLUME, "source_project_id": "project-acme"}
IMAGE: Row = {"id": "image-db", "name": "db-2026", "owner": "project-acme", "visibility": "shared"}
SECRET: Row = {"id": "spare", "name": "spare", "project_id": "project-acme", "acl": {"read": {"project-access": True}}}
OTHERS = {"volume_id": "volume-of-another", "os-extended-snapshot-attributes:project_id": "project-other"}


def listed(**access: object) -> Change:
    """Return a change of the access list of a volume's key."""
    return change("secrets", KEY, acl={"read": access})


def without_a_key_manager(found: Found) -> Found:
    """Return a cloud that has not got the service."""
    return replace(found, secrets=(), absent={"secrets": "no key manager"})


WAYS: dict[str, tuple[Change, str]] = {
    "snapshot of a stranger": (more("snapshots", SNAPSHOT), "undeclared snapshot nightly of volume acme-db-db"),
    "snapshot of the bastion's volume": (
        more("snapshots", {**SNAPSHOT, "volume_id": "id-platform-bastion-root"}),
        "platform nobody has a copy of what its servers store: undeclared snapshot nightly",
    ),
    "snapshot of a volume that is gone": (
        more("snapshots", {**SNAPSHOT, "volume_id": "gone", "os-extended-snapshot-attributes:project_id": "project-acme"}),
        "undeclared snapshot nightly of volume gone (no such volume)",
    ),
    "backup": (more("backups", BACKUP), "undeclared backup copy of volume acme-db-db"),
    "transfer": (more("transfers", TRANSFER), "undeclared transfer gift of volume acme-db-db"),
    "image that is lent": (
        more("images", {**IMAGE, "members": ["project-other"]}),
        "undeclared image db-2026, shared, shared with project project-other",
    ),
    "the platform's image is lost": (fewer("platform_images", "image"), "missing image ringfence-debian-1"),
    "the platform's image is another": (change("platform_images", "image", checksum="x"), "image ringfence-debian-1 has checksum x"),
    "the platform's image is lent": (
        change("platform_images", "image", visibility="shared", members=["project-other"]),
        "image ringfence-debian-1 is shared with project project-other",
    ),
    "the platform's image is switched off": (change("platform_images", "image", status="deactivated"), "has status deactivated"),
    "the platform's image is given away": (change("platform_images", "image", owner="project-other"), "has owner project-other"),
    "image of a server": (more("images", IMAGE), "undeclared image db-2026, shared"),
    "stranger on the access list of a key": (
        listed(**{"users": ["user-mallory"], "project-access": True}),
        "key of volume acme-db-db has an access list to read: users user-mallory; its project: true",
    ),
    "key that its own project may not read": (listed(**{"project-access": False}), "users nobody by name; its project: false"),
    "access list for another operation": (
        change("secrets", KEY, acl={"read": {"project-access": True}, "write": {"users": ["user-mallory"], "project-access": True}}),
        "has an access list to write: users user-mallory",
    ),
    "access list with something unknown": (
        listed(**{"project-access": True, "domains": ["default"]}),
        "has an access list to read: users nobody by name; its project: true; domains default",
    ),
    "key of the bastion's volume": (
        change("platform_secrets", "key-platform-bastion-root", acl={"read": {"users": ["user-mallory"], "project-access": True}}),
        "key of volume platform-bastion-root has an access list to read",
    ),
    "secret that is no volume's": (more("secrets", SECRET), "undeclared secret spare: it is the key of no volume"),
    "key lost": (fewer("secrets", KEY), f"volume acme-db-db has the key {KEY}, which is not in its project"),
    "volume with another key": (change("volumes", "acme-db-db", encryption_key_id="k2"), "volume acme-db-db has the key k2"),
}
HARMLESS: dict[str, Change] = {
    "copies of others": both(
        more("snapshots", {**SNAPSHOT, **OTHERS}),
        more("images", {**IMAGE, "owner": "project-other", "visibility": "public"}),
    ),
    "an access list that was cleared": listed(users=[], **{"project-access": True}, created="2026-01-01", updated="2026-01-02"),
    "one fixed key for all volumes": both(
        change("volumes", "acme-db-db", encryption_key_id="00000000-0000-0000-0000-000000000000"), fewer("secrets", KEY)
    ),
}
