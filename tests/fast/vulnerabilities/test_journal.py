"""What was seen is never forgotten, and days only become earlier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from infra.errors import QuestionError
from infra.vulnerabilities.journal import VERSION, Journal, Sight, read, with_seen, written

pytestmark = pytest.mark.fast
DAY = datetime(2026, 11, 1, tzinfo=UTC)
LATER = DAY + timedelta(days=4)
EMPTY = Journal(VERSION, LATER, {})


def test_the_first_sight_of_a_vulnerability_and_of_its_fix_stay() -> None:
    """Also when it is away in between, when its fix is withdrawn, and when older data comes later."""
    kept = with_seen(EMPTY, "acme/web", [("a CVE-1", False)], LATER)
    kept = with_seen(kept, "acme/web", [("a CVE-1", True)], LATER + timedelta(days=1))
    kept = with_seen(kept, "acme/web", [], LATER + timedelta(days=2))
    kept = with_seen(kept, "acme/web", [("a CVE-1", False), ("b CVE-2", True)], LATER + timedelta(days=3))
    kept = with_seen(kept, "acme/db", [("a CVE-1", True)], LATER + timedelta(days=9))
    assert kept.servers["acme/web"] == {
        "a CVE-1": Sight(LATER, LATER + timedelta(days=1)),
        "b CVE-2": Sight(LATER + timedelta(days=3), LATER + timedelta(days=3)),
    }
    assert kept.servers["acme/db"]["a CVE-1"].first == LATER + timedelta(days=9)
    older = with_seen(kept, "acme/web", [("a CVE-1", True)], DAY)
    assert (older.servers["acme/web"]["a CVE-1"], older.began) == (Sight(DAY, DAY), DAY)
    assert read(written(older), "journal") == older


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"version": 2, "began": "2026-11-01T00:00:00Z", "servers": {}}',
        b'{"version": 1, "began": "2026-11-01T00:00:00", "servers": {}}',
        b'{"version": 1, "began": "2026-11-01T00:00:00Z", "servers": {}, "more": 1}',
        b'{"version": 1, "began": "2026-11-01T00:00:00Z", "servers": {"a": {"b": {"first": "today"}}}}',
        b'{"version": 1, "began": "2026-11-01T00:00:00Z", "servers": {"a": {"b": {"first": "2026-11-01T00:00:00"}}}}',
        b"\xff",
    ],
)
def test_a_journal_that_is_not_as_it_was_written_is_no_journal(text: bytes) -> None:
    """It is refused: with an empty one in its place every deadline would begin again."""
    with pytest.raises(QuestionError, match="journal"):
        read(text, "journal")
