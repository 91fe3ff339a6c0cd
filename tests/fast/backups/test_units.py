"""The units are what systemd takes, whatever is in a path, at every declared time."""

from __future__ import annotations

from datetime import time

import pytest

from infra.backups.units import DRILL, NAME, drill, service, timer
from infra.units import UnitPlace

pytestmark = pytest.mark.fast
PLACE = UnitPlace("/opt/a b/ring%fence$", "/srv/100% ours", "/var/state/backup.env")


def test_each_time_of_day_is_there_once_in_order() -> None:
    """And a time that the machine slept through is made up for."""
    found = timer([time(14), time(2, 30), time(2, 30)])
    assert [line for line in found.splitlines() if line.startswith("OnCalendar")] == [
        "OnCalendar=*-*-* 02:30:00 UTC",
        "OnCalendar=*-*-* 14:00:00 UTC",
    ]
    assert "Persistent=true" in found


def test_what_systemd_would_read_otherwise_is_escaped() -> None:
    """Specifiers, variables, quotation marks."""
    found = drill(
        PLACE,
        {"OS_CLOUD": 'a "b" \\ %c', "RINGFENCE_STATE": "/s", "OS_PASSWORD": "hush", "PULUMI_CONFIG_PASSPHRASE": "hush", "PATH": ""},
    )
    assert 'ExecStart="/opt/a b/ring%%fence$$" backup drill --due --queue' in found
    assert "WorkingDirectory=/srv/100%% ours" in found
    assert 'Environment="OS_CLOUD=a \\"b\\" \\\\ %%c"' in found
    assert 'Environment="RINGFENCE_STATE=/s"' in found
    assert "hush" not in found
    assert "PATH=" not in found


def test_the_drills_follow_the_backups_and_have_an_outcome_of_their_own() -> None:
    """Whether the backups failed or not; where no drill is declared none is started."""
    settings = {"OS_CLOUD": "ours"}
    backups, drills = service(PLACE, settings, drills=True), drill(PLACE, settings)
    assert f"Wants={DRILL}.service" in backups
    assert f"After={NAME}.service" in drills
    assert 'ExecStart="/opt/a b/ring%%fence$$" backup run --queue' in backups
    assert DRILL not in service(PLACE, settings, drills=False)
    assert not any(word in drills for word in ("Requires", "BindsTo", "Wants=ringfence"))
    kept = ("Environment=", "EnvironmentFile=", "WorkingDirectory=", "KillSignal=", "Timeout")
    assert [line for line in drills.splitlines() if line.startswith(kept)] == [
        line for line in backups.splitlines() if line.startswith(kept)
    ]
