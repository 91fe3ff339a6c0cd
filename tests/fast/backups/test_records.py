"""What Cinder tells of backups is read strictly, and a mark is whole or none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from infra.backups.records import BackupMark, BackupRecord
from infra.errors import CloudError

pytestmark = pytest.mark.fast
MARK = BackupMark("acme", "db", "data", date(2026, 11, 30), 2, "b0", "vault", "5ea1", "abc", "no")
ROW: dict[str, Any] = {
    "id": "b1",
    "volume_id": "v1",
    "status": "available",
    "size": 40,
    "created_at": "2026-11-30T02:31:00.000000",
    "data_timestamp": "2026-11-30T02:30:59.000000",
    "is_incremental": True,
    "has_dependent_backups": False,
    "name": "ringfence.acme-db-data.2026-11-30",
    "encryption_key_id": "k1",
    "fail_reason": None,
    "user_id": "u1",
    "metadata": MARK.metadata(),
}


def test_a_row_becomes_a_record() -> None:
    """Times without a zone are UTC, as Cinder writes them."""
    record = BackupRecord.of(ROW)
    assert record.taken == datetime(2026, 11, 30, 2, 30, 59, tzinfo=UTC)
    assert (record.mark, record.increment, record.key, record.reason) == (MARK, True, "k1", "")


@pytest.mark.parametrize("key", ["id", "volume_id", "status", "size", "created_at", "is_incremental", "has_dependent_backups", "metadata"])
def test_a_row_that_lacks_what_is_decided_by_is_refused(key: str) -> None:
    """An old API shows no metadata: nobody would know whose backup it is."""
    with pytest.raises(CloudError, match="record of a backup"):
        BackupRecord.of({name: value for name, value in ROW.items() if name != key})


@pytest.mark.parametrize("changes", [{"created_at": "yesterday"}, {"is_incremental": "yes"}, {"size": None}, {"metadata": ["x"]}])
def test_a_row_with_a_strange_value_is_refused(changes: dict[str, Any]) -> None:
    """A word for a truth value would be true whatever it says."""
    with pytest.raises(CloudError):
        BackupRecord.of(ROW | changes)


@pytest.mark.parametrize(
    "changes",
    [{"ringfence": "restore"}, {"generation": "today"}, {"disks": "0"}, {"disks": "two"}, {"server": ""}, {"tenant": None, "disk": ""}],
)
def test_a_mark_that_is_not_whole_is_none(changes: dict[str, Any]) -> None:
    """Such a backup is somebody else's, and is never deleted."""
    assert BackupMark.of(MARK.metadata() | changes) is None
    assert BackupMark.of({key: value for key, value in MARK.metadata().items() if key not in changes}) is None
