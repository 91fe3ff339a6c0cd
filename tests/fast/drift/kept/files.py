"""Listings of the tests' clouds as files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.drift.kept import Kept, reading, writing
from ringfence.verify.cloud.view import Parties
from ringfence.verify.stacks import StackFacts, StackIdentity

if TYPE_CHECKING:
    from infra.drift.found import Found
    from ringfence.verify.inventory import Inventory

AT = datetime(2026, 11, 30, 22, 15, 7, 123456, tzinfo=UTC)
CLOUD, REGION = "https://keystone.test/v3", "RegionOne"


def listed(inventory: Inventory, found: Found) -> Found:
    """Return a listing as the collector returns it: dated, with what was asked for."""
    nobody = StackIdentity("", {})
    parties = Parties.of(inventory, {tenant.name: StackFacts(tenant.facts, nobody, nobody) for tenant in inventory.tenants})
    return replace(found, at=found.at or AT, asker=found.asker or "user-admin", asked=parties.asked())


def lines(found: Found) -> list[bytes]:
    """Return the lines of a file."""
    return list(writing.written(Kept(found, CLOUD, REGION)))


def read(written: list[bytes]) -> Found:
    """Read lines back."""
    return reading.read(written, "records.jsonl").found
