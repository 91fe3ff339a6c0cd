"""What a fresh cloud needs, and when its host counts as there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from labcloud.bootstrap import has_reported

BEGUN = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "updated", "counts"),
    [
        ("up", "2026-11-23T09:00:05.000000", True),
        ("up", "2026-11-23T08:59:59.000000", False),
        ("down", "2026-11-23T09:00:05.000000", False),
        ("up", None, False),
    ],
)
def test_only_a_report_of_this_life_counts(state: str, updated: str | None, *, counts: bool) -> None:
    """After a restart the cloud calls an agent "up" for minutes on the strength of its earlier life."""
    assert has_reported(state, updated, BEGUN) is counts
