"""What is declared at three levels comes to one setting for each server, and to room in the quotas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import pytest

from infra.backups import settings
from infra.backups.settings import Settings
from infra.components.quotas import project_limits
from infra.declaration.platform import BackupMode, Drilling
from infra.policy.flows import expand
from tests.fast.declaration import declared

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


def of(folder: Path, changes: dict[str, Any], platform: dict[str, Any] | None = None) -> dict[str, Settings]:
    """Return what some declarations come to."""
    return settings.of_tenant(declared.platform(folder, platform).platform, declared.tenant(folder, changes).tenant)


def test_nobody_has_backups_whom_nothing_declares_any(tmp_path: Path) -> None:
    """And its project's limits are what they were before there were backups."""
    assert of(tmp_path, {}) == {}
    declaration = declared.tenant(tmp_path)
    platform = declared.unchanged_platform()
    limits = project_limits(declaration.tenant, expand(declaration, platform), platform)
    assert set(limits.volume) == {"volumes", "gigabytes"}


def test_one_level_is_enough(tmp_path: Path) -> None:
    """The platform's holds for every server, a tenant's for its own, a server's for itself."""
    assert set(of(tmp_path, {}, {"backup": {}})) == {"web", "both", "db"}
    assert set(of(tmp_path, {"backup": {}})) == {"web", "both", "db"}
    assert of(tmp_path, {"servers.db.backup": {}}) == {"db": Settings(7, time(2, 30), BackupMode.AUTO)}


def test_the_narrower_entry_goes_first_key_by_key(tmp_path: Path) -> None:
    """What it leaves out is the wider one's."""
    platform = {"backup": {"keep": 14, "at": "22:15", "mode": "full", "drill": "weekly"}}
    tenant = {"backup": {"mode": "increments", "keep": 3}, "servers.db.backup": {"keep": 30}, "servers.web.backup": {"mode": "none"}}
    found = of(tmp_path, tenant, platform)
    assert found == {
        "both": Settings(3, time(22, 15), BackupMode.INCREMENTS, drill=Drilling.WEEKLY),
        "db": Settings(30, time(22, 15), BackupMode.INCREMENTS, drill=Drilling.WEEKLY),
    }


def test_a_server_may_have_backups_where_the_others_have_none(tmp_path: Path) -> None:
    """The platform says none, and one server asks for some."""
    assert set(of(tmp_path, {"servers.db.backup": {"mode": "auto"}}, {"backup": {"mode": "none"}})) == {"db"}


def test_a_generation_is_due_from_its_time_of_day_on() -> None:
    """A minute earlier it is the day before's."""
    daily = Settings(at=time(2, 30))
    assert daily.due(datetime(2026, 11, 30, 2, 30, tzinfo=UTC)) == date(2026, 11, 30)
    assert daily.due(datetime(2026, 11, 30, 2, 29, tzinfo=UTC)) == date(2026, 11, 29)
    assert daily.due_at(date(2026, 11, 30)) == datetime(2026, 11, 30, 2, 30, tzinfo=UTC)


def test_the_quotas_have_room_for_every_disk(tmp_path: Path) -> None:
    """Whole copies: those kept and two beside. Increments: a chain more."""
    platform = declared.unchanged_platform()
    tenant = declared.tenant(tmp_path, {"servers.db.backup": {"keep": 7}, "servers.db.root": 30}).tenant
    assert settings.room(platform, tenant) == {"backups": 16 + 9, "backup_gigabytes": 16 * 30 + 9 * 1}
    declaration = declared.tenant(tmp_path, {"servers.db.backup": {"keep": 7}, "servers.db.root": 30})
    limits = project_limits(declaration.tenant, expand(declaration, platform), platform)
    assert (limits.volume["backups"], limits.volume["backup_gigabytes"]) == (25, 489)
