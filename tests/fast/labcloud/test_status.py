"""Judging how the lab stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from labcloud.model import Service, Stage, State
from labcloud.status import Status, judge, judge_forwarder

LOGS = Path("/lab/log")
TABLE = (
    Service("mariadb", Stage.STORES, "databases", ("mariadbd",)),
    Service("keystone", Stage.IDENTITY, "API: identity", ("uwsgi",)),
)


def report(name: str, state: State, detail: str = "") -> dict[str, object]:
    """What the supervisor says of a service."""
    return {"name": name, "state": state.value, "detail": detail, "seconds": 3.5, "pid": 7}


def test_all_up_is_up() -> None:
    """Every service up: the lab is up."""
    lines = judge(TABLE, [report("mariadb", State.UP), report("keystone", State.UP)], LOGS)
    assert Status(running=True, lines=lines).is_up


@pytest.mark.parametrize("state", [State.DOWN, State.DEAF, State.STARTING])
def test_one_service_that_is_not_up_spoils_it(state: State) -> None:
    """Dead, deaf or still starting: the lab is not up, and the line names reason and log."""
    lines = judge(TABLE, [report("mariadb", State.UP), report("keystone", state, "killed by signal 9")], LOGS)
    assert not Status(running=True, lines=lines).is_up
    assert (lines[1].detail, lines[1].log) == ("killed by signal 9", "/lab/log/keystone.log")


def test_a_service_that_was_never_started_is_not_forgotten() -> None:
    """The table counts, not what the supervisor happens to know."""
    lines = judge(TABLE, [report("mariadb", State.UP)], LOGS)
    assert [line.state for line in lines] == [State.UP, State.ABSENT]
    assert not Status(running=True, lines=lines).is_up


def test_a_lab_that_does_not_run_is_not_up() -> None:
    """No line at all must not look like "nothing is wrong"."""
    assert not Status(running=False, lines=()).is_up


def test_ports_that_nobody_offers_count() -> None:
    """Without the forwarder the cloud cannot be reached from the user's shell."""
    assert judge_forwarder(12, LOGS / "forwarder.log").is_up
    assert not Status(running=True, lines=(judge_forwarder(None, LOGS / "forwarder.log"),)).is_up


def test_json_says_the_same() -> None:
    """Programs get the verdict and every line."""
    lines = judge(TABLE, [report("mariadb", State.UP), report("keystone", State.DOWN, "ended with 1")], LOGS)
    told = Status(running=True, lines=lines).to_json()
    assert told["up"] is False
    assert told["services"][1]["state"] == "down"
