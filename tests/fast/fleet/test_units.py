"""The units that renew certificates: first the platform, then everybody, then the status; at a moment that systemd understands."""

from __future__ import annotations

import pytest

from infra.errors import QuestionError
from infra.fleet.units import service, timer
from infra.units import UnitPlace

pytestmark = pytest.mark.fast
PLACE = UnitPlace("/opt/a b/ring%fence$", "/srv/100% ours", "/var/state/renew.env")
ENGINE = ("/opt/pulumi", "up", "--stack", "platform", "--yes")


def test_the_platform_comes_first_and_the_status_last() -> None:
    """One command after the other, and a tenant that is down keeps nobody from a turn."""
    found = [line for line in service(PLACE, {}, ENGINE).splitlines() if line.startswith("ExecStart")]
    assert found == [
        'ExecStart="/opt/pulumi" up --stack platform --yes',
        'ExecStart="/opt/a b/ring%%fence$$" fleet up --stop-after 0',
        'ExecStart="/opt/a b/ring%%fence$$" status',
    ]


def test_an_empty_setting_of_ours_is_taken_along_and_no_secret_is() -> None:
    """Without the one that hides OS_CLOUD, the program refuses every stack."""
    found = service(PLACE, {"RINGFENCE_NO_CLOUD": "", "OS_CACERT": "", "OS_CLOUD": "ours", "PULUMI_CONFIG_PASSPHRASE": "hush"}, ENGINE)
    assert [line for line in found.splitlines() if line.startswith("Environment=")] == [
        'Environment="OS_CLOUD=ours"',
        'Environment="RINGFENCE_NO_CLOUD="',
    ]
    assert "EnvironmentFile=-/var/state/renew.env" in found


@pytest.mark.parametrize(("at", "line"), [("Sun 04:00", "Sun *-*-* 04:00:00 UTC"), ("23:59", "*-*-* 23:59:00 UTC")])
def test_a_moment_is_once_a_week_or_once_a_day(at: str, line: str) -> None:
    """And one that the machine slept through is made up for."""
    found = timer(at).splitlines()
    assert [each for each in found if each.startswith("OnCalendar")] == [f"OnCalendar={line}"]
    assert "Persistent=true" in found


@pytest.mark.parametrize(
    "at", ["", "Sun", "sunday 04:00", "24:00", "Sun 4:00", "Sun 04:00\nOnBootSec=1", "monthly", "Sun,Mon 04:00", "Sun 04:00 "]
)
def test_what_is_no_such_moment_is_refused(at: str) -> None:
    """Once a month would be too seldom, and systemd would say nothing of it."""
    with pytest.raises(QuestionError, match="no moment"):
        timer(at)
