"""What a crash left of a tenant in the platform's hands: taken back when no state knows it, and only then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.dynamic import ring_fence

pytestmark = pytest.mark.fast

BACKBONE, ELSEWHERE = "172.29.0.0/24", "0.0.0.0/0"
KNOWN_ROUTE = {"destination": BACKBONE, "nexthop": "172.30.0.36"}
UNKNOWN_ROUTE = {"destination": ELSEWHERE, "nexthop": "172.30.0.36"}


def thing(id_: str, name: str = "acme-management", **more: Any) -> Any:  # noqa: ANN401 - any of the client's objects
    """Make something as openstacksdk gives it."""
    return SimpleNamespace(id=id_, name=name, **more)


def pair(**more: Any) -> list[Any]:  # noqa: ANN401 - attributes of the client's objects
    """List one that the state knows, one that it does not, and one that has another name."""
    return [thing("known", **more), thing("unknown", **more), thing("other", "by-hand", **more)]


class Platform:
    """The platform's project in Neutron, and Keystone, as the admin sees them; it notes what is removed."""

    current_project_id = "platform"

    def __init__(self) -> None:
        self.network = self.identity = self
        self.removed: list[tuple[str, str]] = []
        self.routes: dict[str, list[dict[str, str]]] = {}

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - any of the client's methods
        if not method.startswith("delete_"):
            raise AttributeError(method)

        def delete(found: Any, *, ignore_missing: bool) -> None:  # noqa: ANN401 - any of the client's objects
            assert ignore_missing
            self.removed.append((method.removeprefix("delete_"), found.id))

        return delete

    def rbac_policies(self, project_id: str, target_project_id: str) -> list[Any]:
        """List what the platform lends to the tenant."""
        assert (project_id, target_project_id) == ("platform", "acme")
        return [thing("known"), thing("unknown")]

    def networks(self, project_id: str) -> list[Any]:
        """List the platform's networks, or routers."""
        assert project_id == "platform"
        return pair()

    routers = networks

    def ports(self, **query: str) -> list[Any]:
        """List the platform's ports; routers have none."""
        return [] if "device_id" in query else pair()

    def subnets(self, project_id: str) -> list[Any]:
        """List the platform's subnets, with a route that the state knows and one that it does not."""
        assert project_id == "platform"
        return pair(host_routes=[KNOWN_ROUTE, UNKNOWN_ROUTE])

    def update_subnet(self, subnet: Any, host_routes: list[dict[str, str]]) -> None:  # noqa: ANN401 - a subnet
        """Note the routes."""
        self.routes[subnet.id] = host_routes

    def get(self, path: str, *, raise_exc: bool) -> Any:  # noqa: ANN401 - an answer
        """List in Keystone: users of a name, of the tenant's project and not; credentials of the user that the state knows."""
        assert raise_exc
        users = [{"id": "known", "default_project_id": "acme"}, {"id": "unknown", "default_project_id": "acme"}]
        others = [{"id": "x", "default_project_id": "globex"}, {"id": "y"}]
        answers = {
            "/users?name=acme-management": {"users": [*users, *others]},
            "/users/known/application_credentials": {"application_credentials": [{"id": "known"}, {"id": "unknown"}]},
        }
        return SimpleNamespace(json=lambda: answers[path])

    def delete(self, path: str, *, raise_exc: bool) -> None:
        """Note what is removed from Keystone."""
        assert raise_exc
        self.removed.append(("identity", path))


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Sweep after a run that broke off and give what it did."""
    cloud = Platform()
    monkeypatch.setattr(ring_fence, "admin", lambda: cloud)
    known = ["known", f"known-route-{BACKBONE}-172.30.0.36"]
    ring_fence.RingFenceRemainsLifecycle().create({"project_id": "acme", "names": ["acme-management"], "recover": known})
    return cloud


def test_what_no_state_knows_is_removed_and_all_else_stays(platform: Platform) -> None:
    """Neutron and Keystone would refuse to make the same again; a user takes its credentials along."""
    networking = [(kind, "unknown") for kind in ("rbac_policy", "router", "port", "subnet", "network")]
    identities = [("identity", "/users/known/application_credentials/unknown"), ("identity", "/users/unknown")]
    assert sorted(platform.removed) == sorted(networking + identities)


def test_a_route_whose_answer_was_lost_is_removed(platform: Platform) -> None:
    """The provider refuses to add a route that the subnet has: the run after the crash would fail for ever."""
    assert platform.routes == {"known": [KNOWN_ROUTE]}


def test_routes_that_are_all_known_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that finds nothing changes nothing."""
    monkeypatch.setattr(Platform, "update_subnet", lambda *_, **__: pytest.fail("it wrote"))
    subnet = thing("s", host_routes=[KNOWN_ROUTE])
    ring_fence.remove_routes(Platform(), subnet, {f"s-route-{BACKBONE}-172.30.0.36"})  # type: ignore[arg-type]  # a stand-in for the client


def test_nothing_is_swept_while_all_goes_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a run that broke off nobody looks."""
    monkeypatch.setattr(ring_fence, "admin", lambda: pytest.fail("it looked"))
    ring_fence.RingFenceRemainsLifecycle().create({"project_id": "acme", "names": ["acme-management"], "recover": None})
