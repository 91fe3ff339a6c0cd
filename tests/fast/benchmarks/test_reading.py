from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.reading.filling import NAME, PORTS_AT_ONCE, RULES_OF_A_GROUP, Filling, Size, rules
from infra.errors import CloudError

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 20_000])
def test_a_cloud_is_filled_with_as_much_as_was_asked_for(count: int) -> None:
    """However it is cut."""
    size = Size(count, count)
    assert (sum(size.groups()), sum(size.batches())) == (count, count)
    assert all(0 < part <= RULES_OF_A_GROUP for part in size.groups())
    assert all(0 < part <= PORTS_AT_ONCE for part in size.batches())


def test_no_two_rules_of_a_group_are_alike() -> None:
    """Neutron refuses the same rule twice."""
    made = [json.dumps(rule, sort_keys=True) for rule in rules("group", "project", RULES_OF_A_GROUP)]
    assert len(set(made)) == RULES_OF_A_GROUP


class _Cloud:
    """Keeps objects by collection, and refuses what a test says."""

    def __init__(self, refused: str = "") -> None:
        self.kept: dict[str, list[str]] = {"ports": [], "networks": [], "security-groups": []}
        self.projects: list[str] = ["other"]
        self.refused = refused
        self.network = self

    def create_project(self, name: str, **_: object) -> dict[str, str]:
        self.projects.append(name)
        return {"id": name}

    def search_projects(self, name: str) -> list[dict[str, str]]:
        return [{"id": one} for one in self.projects if one == name]

    def delete_project(self, identifier: str) -> None:
        assert not any(self.kept.values())
        self.projects.remove(identifier)

    def request(self, path: str, verb: str, json: dict[str, Any] | None = None) -> _Answer:
        what = path.split("?", maxsplit=1)[0].split("/")[1]
        if self.refused and path.startswith(self.refused):
            return _Answer(409, {})
        if verb == "GET":
            return _Answer(200, {what.replace("-", "_"): [{"id": one} for one in self.kept[what]]})
        if verb == "DELETE":
            identifier = path.rpartition("/")[2]
            if identifier not in self.kept[what]:
                return _Answer(404, {})
            self.kept[what].remove(identifier)
            return _Answer(204, {})
        assert json is not None
        (key,) = json
        many = json[key] if isinstance(json[key], list) else [json[key]]
        made = [f"{what}-{len(self.kept.get(what, [])) + number}" for number in range(len(many))]
        self.kept.get(what, []).extend(made)
        return _Answer(201, {key: {"id": made[0]}})


class _Answer:
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status_code, self._body = status, body
        self.text = json.dumps(body)
        self.content = self.text if body else ""

    def json(self) -> dict[str, Any]:
        return self._body


def test_all_that_was_made_is_taken_away_and_nothing_else() -> None:
    """Ports before networks and groups, which they hold, and the project last."""
    cloud = _Cloud()
    filling = Filling(cloud, lambda _: None)  # type: ignore[arg-type]  # what it needs of a connection
    filling.fill(Size(450, 250))
    assert {what: len(kept) for what, kept in cloud.kept.items()} == {"ports": 250, "networks": 1, "security-groups": 3}
    filling.clear()
    assert not any(cloud.kept.values())
    assert cloud.projects == ["other"]


def test_what_is_left_of_an_earlier_run_goes_as_well() -> None:
    """A run that was refused in the middle leaves what the next one clears."""
    cloud = _Cloud(refused="/ports")
    with pytest.raises(CloudError, match="POST /ports"):
        Filling(cloud, lambda _: None).fill(Size(10, 10))  # type: ignore[arg-type]  # as above
    assert cloud.projects == ["other", NAME]
    cloud.refused = ""
    Filling(cloud, lambda _: None).clear()  # type: ignore[arg-type]  # as above
    assert (cloud.projects, any(cloud.kept.values())) == (["other"], False)
