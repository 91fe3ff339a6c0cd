"""Listings of the tests' clouds as files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.drift.found import Asked, Found
from infra.drift.kept import Kept, reading, writing
from infra.drift.made import ids_of_all

if TYPE_CHECKING:
    from ringfence.verify.inventory import Inventory

AT = datetime(2026, 11, 30, 22, 15, 7, 123456, tzinfo=UTC)
CLOUD, REGION = "https://keystone.test/v3", "RegionOne"


def asked(inventory: Inventory) -> Asked:
    """Return what a listing for all parties of an inventory asks for by its id."""
    stacks = tuple(inventory.made.values())
    secrets = frozenset(str(tenant.facts.project_id) for tenant in inventory.tenants)
    by_id = {kind: ids_of_all(stacks, kind) for kind in ("projects", "users", "images")}
    projects = by_id["projects"] | secrets
    return Asked(str(inventory.platform_facts.project_id), projects, by_id["users"], by_id["images"], secrets)


def listed(inventory: Inventory, found: Found) -> Found:
    """Return a listing as the collector returns it: dated, with what was asked for."""
    return replace(found, at=found.at or AT, asker=found.asker or "user-admin", asked=asked(inventory))


def lines(found: Found) -> list[bytes]:
    """Return the lines of a file."""
    return list(writing.written(Kept(found, CLOUD, REGION)))


def read(written: list[bytes]) -> Found:
    """Read lines back."""
    return reading.read(written, "records.jsonl").found
