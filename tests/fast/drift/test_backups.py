"""Backups that are declared are no finding; every other one is, and so is one that is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from infra.backups.records import BackupMark
from infra.declaration.platform import Backup
from infra.drift import comparison
from infra.outcome import CheckVerdict
from infra.outputs import VolumesOutput
from tests.fast.drift.changes import Change, both, change, fewer, more
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from infra.drift.found import Found
    from infra.outcome import Outcome
    from ringfence.verify.inventory import Inventory

pytestmark = pytest.mark.fast
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
MARK = BackupMark("acme", "db", "db", date(2026, 11, 30), 1)
BACKUP: dict[str, Any] = {
    "id": "back",
    "name": "ringfence.acme-db-db.2026-11-30",
    "volume_id": "id-acme-db-db",
    "os-backup-project-attr:project_id": "project-acme",
    "status": "available",
    "size": 1,
    "created_at": "2026-11-30T02:31:00.000000",
    "data_timestamp": "2026-11-30T02:31:00.000000",
    "is_incremental": False,
    "has_dependent_backups": False,
    "encryption_key_id": "key-back",
    "metadata": MARK.metadata(),
}
SECRET: dict[str, Any] = {"id": "key-back", "name": "", "project_id": "project-acme", "acl": {"read": {"project-access": True}}}
CURRENT, COPIES, KEYS = (
    "acme its servers have the backups that are declared",
    "acme nobody has a copy of what it stores",
    "acme its volumes' keys are its project's, and nobody else is on their access lists",
)


def declaring() -> Inventory:
    """Return an inventory in which one server of acme's is to be backed up."""
    whole = inventory()
    acme = whole.tenants[0]
    servers = {
        name: server.model_copy(update={"backup": Backup()} if name == "db" else {}) for name, server in acme.declaration.servers.items()
    }
    made = acme.facts.servers["db"]
    volumes = VolumesOutput(root="id-acme-db-root", data={"db": "id-acme-db-db"})
    facts = msgspec.structs.replace(acme.facts, servers={**acme.facts.servers, "db": msgspec.structs.replace(made, volumes=volumes)})
    declared = replace(acme, facts=facts, declaration=acme.declaration.model_copy(update={"servers": servers}))
    return replace(whole, tenants=(declared, *whole.tenants[1:]))


DECLARING = declaring()


def compared(act: Change | None = None, *, at: datetime | None = NOW, declared: Inventory = DECLARING) -> dict[str, Outcome]:
    """Compare a cloud in which the backup is, with one change."""
    made, found = cloud(declared)
    found = aged(both(more("backups", dict(BACKUP)), more("secrets", dict(SECRET)))(found))
    found = replace(act(found) if act else found, at=at)
    return {outcome.check: outcome for outcome in comparison.compare(made, found, made.tenants)}


def aged(found: Found) -> Found:
    """Let Nova and Cinder tell what they tell of servers and volumes besides."""
    for row in found.servers:
        row["created"] = "2026-11-01T00:00:00Z"
    for row in found.volumes:
        row.setdefault("size", 1)
    return found


def wrong(outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Return what did not pass, with the reason."""
    return {check: outcome.reason for check, outcome in outcomes.items() if outcome.verdict is not CheckVerdict.PASS}


def test_a_declared_backup_and_its_key_are_no_finding() -> None:
    """And that there is one is a requirement of its own."""
    found = compared()
    assert wrong(found) == {}
    assert CURRENT in found


def test_a_cloud_without_declared_backups_is_judged_as_before() -> None:
    """There is no requirement, and the same backup is a stranger's copy."""
    found = compared(declared=inventory())
    assert CURRENT not in found
    assert "undeclared backup ringfence.acme-db-db.2026-11-30" in wrong(found)[COPIES]
    assert "key of no volume" in wrong(found)[KEYS]


WAYS: dict[str, tuple[Change, str, str]] = {
    "a backup without a mark": (change("backups", "back", metadata={}), COPIES, "undeclared backup"),
    "a backup of another server": (
        change("backups", "back", metadata=replace(MARK, server="web").metadata()),
        COPIES,
        "undeclared backup",
    ),
    "a backup that says it is another tenant's": (
        change("backups", "back", metadata=replace(MARK, tenant="globex").metadata()),
        COPIES,
        "undeclared backup",
    ),
    "a backup by somebody else": (change("backups", "back", user_id="mallory"), COPIES, "undeclared backup"),
    "a backup in another project": (
        change("backups", "back", **{"os-backup-project-attr:project_id": "project-globex"}),
        COPIES,
        "undeclared backup",
    ),
    "no backup at all": (fewer("backups", "back"), CURRENT, "acme/db: there is no whole generation"),
    "a backup that failed": (change("backups", "back", status="error", fail_reason="full"), CURRENT, "failed: full"),
    "the key of a backup lost": (fewer("secrets", "key-back"), KEYS, "has the key key-back, which is not in its project"),
    "a stranger on the access list of its key": (
        change("secrets", "key-back", acl={"read": {"users": ["mallory"], "project-access": True}}),
        KEYS,
        "key of backup ringfence.acme-db-db.2026-11-30 has an access list to read: users mallory",
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_what_is_wrong_with_backups_is_named(name: str) -> None:
    """In the requirement that it belongs to."""
    act, check, words = WAYS[name]
    assert words in wrong(compared(act)).get(check, "")


def test_a_backup_that_is_too_old_is_named_with_the_command() -> None:
    """By the clock of the listing; without one nobody can tell."""
    late = compared(at=NOW + timedelta(hours=17))[CURRENT]
    assert late.verdict is CheckVerdict.FAIL
    assert [(one.name, one.undo) for one in late.deviations] == [("acme/db", "ringfence backup run acme")]
    assert compared(at=NOW + timedelta(hours=16))[CURRENT].verdict is CheckVerdict.PASS
    assert compared(at=None)[CURRENT].verdict is CheckVerdict.ERROR


@pytest.mark.parametrize(("hours", "verdict"), [(0, CheckVerdict.PASS), (25, CheckVerdict.PASS), (27, CheckVerdict.FAIL)])
def test_a_server_that_is_younger_than_a_backup_may_be_needs_none_yet(hours: int, verdict: CheckVerdict) -> None:
    """A tenant that was just brought up is no finding; after 26 hours without a backup it is one."""

    def just_made(found: Found) -> Found:
        for row in found.servers:
            row["created"] = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        return fewer("secrets", "key-back")(fewer("backups", "back")(found))

    assert compared(just_made)[CURRENT].verdict is verdict


def test_a_disk_that_is_gone_is_no_disk_with_good_backups() -> None:
    """The server is not left out of account."""
    assert "acme/db cannot be backed up: the disk db is declared and not made" in wrong(compared(fewer("volumes", "acme-db-db")))[CURRENT]


def test_a_record_that_is_not_understood_cannot_be_told() -> None:
    """A cloud with an older API is no cloud with good backups."""
    assert compared(change("backups", "back", created_at=None))[CURRENT].verdict is CheckVerdict.ERROR
