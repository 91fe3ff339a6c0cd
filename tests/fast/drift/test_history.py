"""What a cloud tells of a deviation: since when, and who."""

from __future__ import annotations

import pytest

from infra.drift import comparison
from tests.fast.drift import broken, broken_copies, changes
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import inventory

pytestmark = pytest.mark.fast
MADE, CHANGED = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"


def told(act: changes.Change, says: str) -> tuple[str, str]:
    """Return since when the deviation is there, and who made it, by the cloud's own words; every row has both times and a user."""
    made, view = cloud(inventory())
    rows = act(view)
    for kind in ("ports", "groups", "images", "volumes"):
        dated = [{**row, "created_at": MADE, "updated_at": CHANGED, "user_id": "u-9"} for row in rows.rows(kind)]
        rows = changes.with_rows(rows, kind, dated)
    found = [one for each in comparison.requirements(made, rows, made.tenants) for one in each.deviations if says in one.text]
    assert found
    return found[0].since, found[0].by


def test_an_undeclared_object_is_there_since_it_was_made_and_by_its_user() -> None:
    """Its last change says nothing of how long it is there."""
    act, says = broken.WAYS["undeclared port"]
    assert told(act, says) == (MADE, "u-9")


def test_a_changed_object_is_otherwise_since_its_last_change_at_most() -> None:
    """Whoever made it is not whoever changed it."""
    act, says = broken.WAYS["port security off"]
    assert told(act, says) == (CHANGED, "")


def test_what_is_gone_has_no_time() -> None:
    """The cloud keeps nothing of it; the journal does."""
    act, says = broken.WAYS["port lost"]
    assert told(act, says) == ("", "")


def test_a_cloud_that_tells_nothing_costs_these_words_only() -> None:
    """The deviation stands."""
    made, view = cloud(inventory())
    act, says = next(iter(broken_copies.WAYS.values()))
    found = [one for each in comparison.requirements(made, act(view), made.tenants) for one in each.deviations if says in one.text]
    assert found
