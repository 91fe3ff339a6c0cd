"""Removing what the bare script made: only what is the tenant's, to the last thing, and nothing of the operator's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.up.bare import removal
from infra.dynamic import clouds, default_group, leftovers, limits, ring_fence
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast
TENANT = "third"


class Service:
    """A service that has two things of everything and remembers what it had to delete; listings empty themselves."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - any of the client's methods
        def answer(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any of its answers
            if method.startswith("find_"):
                return self._cloud.found.get(method, SimpleNamespace(id=f"{method}-id", routes=self._cloud.routes))
            if method.startswith(("delete_", "assign_")):
                self._cloud.log.append((method, *arguments, *named.values()))
                return None
            if method in {"get", "delete"}:
                return self._cloud.keys(method, arguments[0])
            return self._cloud.listed(method)

        return answer


class Cloud:
    """A cloud of one tenant's things."""

    current_user_id = "operator"

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.found: dict[str, Any] = {}
        self.routes = [
            {"destination": "172.30.0.32/28", "nexthop": "172.29.0.9"},
            {"destination": "172.30.0.0/28", "nexthop": "172.29.0.7"},
        ]
        self._seen: set[str] = set()

    def __getattr__(self, _service: str) -> Service:
        return Service(self)

    def listed(self, what: str) -> Iterator[Any]:
        """Return one thing the first time and nothing afterwards; ports stay, as their owner decides."""
        if what == "ports" or what not in self._seen:
            self._seen.add(what)
            fixed = [{"ip_address": "172.29.0.9"}]
            yield SimpleNamespace(id=what, name=what, status="available", fixed_ips=fixed, has_dependent_backups=False)

    def keys(self, method: str, path: str) -> Any:  # noqa: ANN401 - an answer
        """Answer as Barbican does, which is asked by plain requests: two secrets, no orders."""
        if method == "delete":
            self.log.append(("delete_secret", path))
            return SimpleNamespace(status_code=204, raise_for_status=lambda: None)
        left = path == "/secrets" and path not in self._seen
        self._seen.add(path)
        rows = [{"secret_ref": f"http://barbican.test/v1/secrets/{name}"} for name in "st"] if left else []
        return SimpleNamespace(json=lambda: {path.removeprefix("/"): rows})

    def connect_as_project(self, project: dict[str, str]) -> Cloud:
        """Go on in a project."""
        self.log.append(("enter", project["id"]))
        return self


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Give a cloud, and nothing else that could be asked."""
    made = Cloud()
    monkeypatch.setattr(removal, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(clouds, "admin", lambda: made)
    monkeypatch.setattr(ring_fence, "remove", lambda *arguments: made.log.append(("fence", *arguments)))
    monkeypatch.setattr(default_group, "find", lambda _: {"id": "default"})
    monkeypatch.setattr(limits.ProjectLimitsLifecycle, "delete", lambda _, project, __: made.log.append(("limits", project)))
    monkeypatch.setattr(removal, "change", lambda props, verb: made.log.append((verb, props["destination"])))
    monkeypatch.setattr(leftovers, "network", lambda *_: iter(()))
    return made


def test_without_a_project_there_is_nothing_to_remove(cloud: Cloud) -> None:
    """Nothing is looked for by a name alone: the platform's own things stay out of reach."""
    cloud.found["find_project"] = None
    removal.remove(TENANT)
    assert cloud.log == []


def test_everything_goes_in_the_order_in_which_things_let_go(cloud: Cloud) -> None:
    """Servers, what holds on to the fence, the fence, the inside, the users, and the project last."""
    removal.remove(TENANT)
    order = [entry[0] for entry in cloud.log]
    expected = ["enter", "delete_server", "delete_ip", "delete_port", "remove", "fence", "delete_volume", "delete_secret",
                "delete_address_group", "limits", "delete_user", "delete_project"]  # fmt: skip
    assert [order.index(each) for each in expected] == sorted(order.index(each) for each in expected)
    assert cloud.log[-1] == ("delete_project", "find_project-id")
    assert ("fence", "find_project-id", ["third-edge", "third-management", "third-backbone"], ()) in cloud.log


def test_only_the_tenants_route_is_taken_away(cloud: Cloud) -> None:
    """Another tenant's next hop is another address."""
    removal.remove(TENANT)
    assert [entry for entry in cloud.log if entry[0] == "remove"] == [("remove", "172.30.0.32/28")]


def test_key_pairs_are_the_tenants_users_only(cloud: Cloud) -> None:
    """The operator's own, which every server of the platform was built with, are not even listed."""
    removal.remove(TENANT)
    pairs = [entry for entry in cloud.log if entry[0] == "delete_keypair"]
    assert pairs == [("delete_keypair", "third-automation", "find_user-id")] * 2


def test_what_does_not_go_is_an_error(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of a search without an end."""
    monkeypatch.setattr(removal, "PATIENCE_SECONDS", -1)
    monkeypatch.setattr(leftovers, "servers", lambda *_: [leftovers.Item("i", "third-web", lambda: None)])
    leftovers.servers.__name__ = "servers"
    with pytest.raises(CloudError, match="servers do not go away"):
        removal.remove(TENANT)
    assert ("delete_project", "find_project-id") not in cloud.log
