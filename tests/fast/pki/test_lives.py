"""When something has to be renewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from infra.pki.lives import Life, Standing

pytestmark = pytest.mark.fast
START = datetime(2026, 1, 1, tzinfo=UTC)
LIFE = Life(START, START + timedelta(days=90))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-0.001, Standing.NOT_YET),
        (0, Standing.VALID),
        (59.999, Standing.VALID),
        (60, Standing.DUE),
        (89.999, Standing.DUE),
        (90, Standing.EXPIRED),
    ],
)
def test_the_last_third_is_for_renewing(days: float, expected: Standing) -> None:
    """Two thirds are quiet; at the end nothing is valid any more."""
    assert LIFE.standing(START + timedelta(days=days)) is expected


def test_a_life_begins_a_little_before_now() -> None:
    """A server whose clock is behind believes it already."""
    assert Life.of(START, 90) == Life(START - timedelta(hours=1), START + timedelta(days=90))
