"""What is noted of a tenant before anything is erased: whatever the services list, and every copy of its data in the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import cinder
from infra.declaration import names
from infra.offboarding.inventory import Inventory, Medium, with_places
from infra.policy.flows import expand
from infra.topology import tenant_topology
from ringfence.offboarding import identities, listing
from ringfence.offboarding.listing import QUESTIONS, SECRETS, is_ours
from ringfence.offboarding.places import now
from ringfence.verify.cloud import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openstack.connection import Connection

    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.drift.found import Rows
    from ringfence.offboarding.raw import Scanned

MEDIA = {"volumes": "volume", "backups": "backup", "snapshots": "snapshot", "images": "image", "hidden images": "image", "servers": "disk"}


def lent(declaration: TenantDeclaration, platform: Platform) -> tuple[str, ...]:
    """Return the names of what the platform makes for a tenant, and of its two accounts."""
    tenant = declaration.tenant
    made = tenant_topology(tenant, expand(declaration, platform), platform).platforms()
    return (*made, names.deployer(tenant.name), names.reader(tenant.name))


def noted(admin: Connection, deployer: Connection, blank: Inventory, scanning: Callable[[], Scanned]) -> Inventory:
    """Fill in a blank inventory: names and ids only. ``scanning`` tells what the storage holds, and is asked last.

    Raises :class:`CloudError` when a service does not answer.
    """
    rows = {kind: asked.rows(admin) for kind, asked in QUESTIONS.items()}
    ours = {kind: tuple(row for row in found if is_ours(kind, row, blank)) for kind, found in rows.items()}
    resources = {kind: listing.ids(kind, found, blank) for kind, found in ours.items()}
    resources[SECRETS] = tuple(sorted({*keys.ids(deployer.key_manager), *_keys(ours)}))
    roles = identities.inherited(admin.identity, blank.project)
    scanned = scanning()
    untold = [why for why in (scanned.why,) if why]
    untold += [f"a role from above the project: {who}" for who in roles]
    return Inventory(
        tenant=blank.tenant,
        project=blank.project,
        region=blank.region,
        classification=blank.classification,
        taken=now(),
        resources={kind: found for kind, found in resources.items() if found},
        media=with_places(_media(ours), scanned.heads or ()),
        lent=blank.lent,
        users=tuple(str(row["id"]) for row in ours["users"]),
        running=tuple(str(row["id"]) for row in ours["servers"] if row["status"] == "ACTIVE"),
        untold=tuple(untold),
    )


def _media(ours: dict[str, Rows]) -> Iterator[Medium]:
    for kind, word in MEDIA.items():
        for row in ours[kind]:
            size = int(row.get("size") or 0) if word in {"volume", "backup", "snapshot"} else 0
            yield Medium(word, str(row["id"]), size, str(row.get("volume_type") or ""), _key(row))


def _key(row: dict[str, Any]) -> str:
    return cinder.key_of(row) or str(row.get("cinder_encryption_key_id") or "")


def _keys(ours: dict[str, Rows]) -> Iterator[str]:
    return (key for kind in MEDIA for row in ours[kind] if (key := _key(row)))
