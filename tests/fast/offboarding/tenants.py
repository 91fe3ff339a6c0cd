"""A tenant at its end: two volumes with a backup, and a neighbour."""

from __future__ import annotations

from infra.offboarding.fingerprints import AES_256_XTS, Fingerprint
from infra.offboarding.inventory import Inventory, Medium, StoredHead, with_places

MINE = Fingerprint("u1", ("d1",), AES_256_XTS)
OTHER = Fingerprint("u2", ("d2",), AES_256_XTS)
ROOT = StoredHead("volumes/volume-v1", MINE)
BACKUP = StoredHead("backups/volume-v1.backup.b1", MINE)
NEIGHBOUR = StoredHead("volumes/volume-v9", OTHER)
MEDIA = (Medium("volume", "v1", 2, "luks", "k1"), Medium("backup", "b1", 2, "", "k2"), Medium("disk", "s1"))


def inventory(*heads: StoredHead) -> Inventory:
    """Return the inventory of a tenant, with what is in the storage."""
    return Inventory(
        tenant="acme",
        project="p1",
        region="north",
        classification="confidential",
        taken="2030-01-31T10:00:00+00:00",
        resources={"servers": ("s1",)},
        media=with_places(MEDIA, heads),
    )
