"""Room for the platform's project: it is raised, never lowered, and given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.dynamic import limits
from infra.dynamic.limits import ProjectRoomLifecycle, is_less

pytestmark = pytest.mark.fast
USUAL = {
    "compute": {"instances": 10},
    "volume": {"volumes": 10, "gigabytes": 1000},
    "network": {"router": 10, "port": 500, "rbac_policy": -1},
}
WANTED: dict[str, Any] = {
    "project_id": "p",
    "compute": {"instances": 2},
    "volume": {"volumes": 2, "gigabytes": 4},
    "network": {"router": 100, "port": 1000, "rbac_policy": 100, "router_route": 30},
}
LIFECYCLE = ProjectRoomLifecycle()


class Service:
    """A quota API; its defaults come back when a project's record is deleted."""

    def __init__(self, key: str, usual: dict[str, int]) -> None:
        self.key, self.usual, self.now = key, usual, dict(usual)
        self.is_recorded = False

    def get(self, path: str, *, raise_exc: bool) -> SimpleNamespace:
        """Show the numbers, or the defaults."""
        assert raise_exc
        return SimpleNamespace(json=lambda: {self.key: dict(self.usual if path.endswith(("default", "defaults")) else self.now)})

    def put(self, _path: str, *, json: dict[str, dict[str, int]], raise_exc: bool) -> None:
        """Set some of them; an unknown one is refused."""
        assert raise_exc
        assert json[self.key].keys() <= self.usual.keys()
        self.now.update(json[self.key])
        self.is_recorded = True

    def delete(self, _path: str, *, raise_exc: bool) -> None:
        """Go back to the defaults."""
        assert not raise_exc
        self.now, self.is_recorded = dict(self.usual), False


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> dict[str, Service]:
    """Give the three services with their defaults."""
    made = {name: Service("quota" if name == "network" else "quota_set", usual) for name, usual in USUAL.items()}
    connection = SimpleNamespace(network=made["network"], compute=made["compute"], block_storage=made["volume"])
    monkeypatch.setattr(limits, "admin", lambda: connection)
    return made


@pytest.mark.parametrize(
    ("number", "than", "expected"), [(1, 2, True), (2, 2, False), (3, 2, False), (-1, 2, False), (2, -1, True), (-1, -1, False)]
)
def test_a_negative_limit_is_none(number: int, than: int, *, expected: bool) -> None:
    """No limit is less than none."""
    assert is_less(number, than) is expected


def test_what_is_too_low_is_raised_and_put_back(cloud: dict[str, Service]) -> None:
    """More than is wanted stays, no limit stays, and an unknown quota is not asked for; the end leaves no record of the project."""
    made = LIFECYCLE.create(WANTED)
    assert cloud["network"].now == {"router": 100, "port": 1000, "rbac_policy": -1}
    assert not cloud["compute"].is_recorded
    LIFECYCLE.delete("p", made.outs or {})
    assert {name: service.now for name, service in cloud.items()} == USUAL
    assert not any(service.is_recorded for service in cloud.values())


def test_what_the_operator_had_set_comes_back(cloud: dict[str, Service]) -> None:
    """A number of the project's own is no default, and is not lost."""
    cloud["network"].put("", json={"quota": {"router": 40}}, raise_exc=True)
    made = LIFECYCLE.create(WANTED)
    LIFECYCLE.delete("p", made.outs or {})
    assert cloud["network"].now["router"] == 40
    assert cloud["network"].is_recorded


def test_a_refresh_finds_what_somebody_lowered_and_an_update_raises_it(cloud: dict[str, Service]) -> None:
    """And what was before the first time is still known."""
    made = LIFECYCLE.create(WANTED).outs or {}
    assert LIFECYCLE.read("p", made).outs == made
    cloud["network"].now["router"] = 3
    read = LIFECYCLE.read("p", made).outs or {}
    assert LIFECYCLE.diff("p", read, WANTED).changes
    updated = LIFECYCLE.update("p", read, WANTED).outs or {}
    assert cloud["network"].now["router"] == 100
    assert updated["before"]["network"]["router"] == 10
