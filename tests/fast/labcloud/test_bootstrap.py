"""What a fresh cloud needs, and when its host counts as there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from openstack.connection import Connection
from openstack.exceptions import HttpException

from labcloud.bootstrap import answers, has_reported

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


def says(status: int) -> bool:
    """Ask a service that answers with an error."""

    def ready(_cloud: Connection, _since: datetime) -> bool:
        raise HttpException(http_status=status)

    return answers(ready, object.__new__(Connection), BEGUN)


def test_a_service_that_cannot_reach_another_yet_is_not_ready() -> None:
    """Nova says 503 while Keystone is still starting; that is waited for. A refusal is no matter of time."""
    assert says(503) is False
    with pytest.raises(HttpException):
        says(403)
