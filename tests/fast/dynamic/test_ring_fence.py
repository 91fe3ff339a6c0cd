"""What a crash left of a tenant in the platform's hands: taken back when no state knows it, and only then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from unittest.mock import Mock, create_autospec

import pytest
from openstack.network.v2._proxy import Proxy
from openstack.network.v2.network import Network
from openstack.network.v2.port import Port
from openstack.network.v2.rbac_policy import RBACPolicy
from openstack.network.v2.router import Router
from openstack.network.v2.subnet import Subnet

from infra.dynamic import ring_fence

pytestmark = pytest.mark.fast

NAME = "acme-management"
KNOWN_ROUTE = {"destination": "172.29.0.0/24", "nexthop": "172.30.0.36"}
UNKNOWN_ROUTE = {"destination": "0.0.0.0/0", "nexthop": "172.30.0.36"}
ROUTES = [KNOWN_ROUTE, UNKNOWN_ROUTE]
KNOWN = ["known", "known-route-172.29.0.0/24-172.30.0.36"]
IDS = (("known", NAME), ("unknown", NAME), ("other", "by-hand"))
"""One that the state knows, one that it does not, and one that has another name."""
USERS = "/users/known/application_credentials"
ANSWERS: dict[str, dict[str, list[dict[str, str]]]] = {
    f"/users?name={NAME}": {
        "users": [
            {"id": "known", "default_project_id": "acme"},
            {"id": "unknown", "default_project_id": "acme"},
            {"id": "x", "default_project_id": "globex"},
            {"id": "y"},
        ]
    },
    USERS: {"application_credentials": [{"id": "known"}, {"id": "unknown"}]},
}


@dataclass
class Platform:
    """The platform's project in Neutron, and Keystone, as the admin sees them; ``neutron`` takes only what openstacksdk's client takes."""

    neutron: Mock
    keystone: Mock
    current_project_id: str = "platform"

    @property
    def network(self) -> Mock:
        """Neutron, as a connection calls it."""
        return self.neutron

    @property
    def identity(self) -> Mock:
        """Keystone, as a connection calls it."""
        return self.keystone

    def removed(self) -> list[tuple[str, str]]:
        """Return what was deleted, by kind and id."""
        calls = [(name.removeprefix("delete_"), args[0]) for name, args, _ in self.neutron.mock_calls if name.startswith("delete_")]
        return sorted((kind, found.id) for kind, found in calls)


@cache
def _client() -> Mock:
    made: Mock = create_autospec(Proxy, instance=True)
    return made


def client() -> Mock:
    """Return a client of Neutron that nobody has called yet; to make one of all that openstacksdk's has takes long, and is done once."""
    _client().reset_mock(return_value=True, side_effect=True)
    return _client()


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Sweep after a run that broke off and give the clients that it used."""
    neutron, keystone = client(), Mock(spec=["get", "delete"])
    neutron.rbac_policies.return_value = [RBACPolicy(id="known"), RBACPolicy(id="unknown")]
    neutron.routers.return_value = [Router(id=id_, name=name) for id_, name in IDS]
    neutron.ports.side_effect = lambda **query: [] if "device_id" in query else [Port(id=id_, name=name) for id_, name in IDS]
    neutron.subnets.return_value = [Subnet(id=id_, name=name, host_routes=ROUTES) for id_, name in IDS]
    neutron.networks.return_value = [Network(id=id_, name=name) for id_, name in IDS]
    keystone.get.side_effect = lambda path, **_: Mock(json=lambda: ANSWERS[path])
    keystone.delete.return_value.status_code = 204
    cloud = Platform(neutron, keystone)
    monkeypatch.setattr(ring_fence, "admin", lambda: cloud)
    ring_fence.RingFenceRemainsLifecycle().create({"project_id": "acme", "names": [NAME], "recover": KNOWN})
    return cloud


def test_what_no_state_knows_is_removed_and_all_else_stays(platform: Platform) -> None:
    """Neutron would refuse to make the same again."""
    assert platform.removed() == [(kind, "unknown") for kind in ("network", "port", "rbac_policy", "router", "subnet")]


def test_only_the_platforms_project_is_looked_at(platform: Platform) -> None:
    """Another project may have things by the same names."""
    platform.neutron.rbac_policies.assert_called_once_with(project_id="platform", target_project_id="acme")
    for kind in ("routers", "subnets", "networks"):
        getattr(platform.neutron, kind).assert_called_once_with(project_id="platform")
    platform.neutron.ports.assert_any_call(project_id="platform")


def test_identities_of_the_tenant_that_no_state_knows_are_removed(platform: Platform) -> None:
    """Keystone would refuse a second user or credential of the name. A user takes its credentials along; other projects' users stay."""
    deleted = sorted(call.args[0] for call in platform.keystone.delete.mock_calls if call.args)
    assert deleted == [f"{USERS}/unknown", "/users/unknown"]


def test_a_route_whose_answer_was_lost_is_removed(platform: Platform) -> None:
    """The provider refuses to add a route that the subnet has: the run after the crash would fail for ever."""
    platform.neutron.update_subnet.assert_called_once()
    subnet = platform.neutron.update_subnet.call_args.args[0]
    assert (subnet.id, platform.neutron.update_subnet.call_args.kwargs) == ("known", {"host_routes": [KNOWN_ROUTE]})


def test_routes_that_are_all_known_are_not_written() -> None:
    """A sweep that finds nothing changes nothing."""
    neutron = client()
    ring_fence.remove_routes(neutron, Subnet(id="known", host_routes=[KNOWN_ROUTE]), KNOWN)
    assert neutron.mock_calls == []


def test_nothing_is_swept_while_all_goes_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a run that broke off nobody looks."""
    monkeypatch.setattr(ring_fence, "admin", lambda: pytest.fail("it looked"))
    ring_fence.RingFenceRemainsLifecycle().create({"project_id": "acme", "names": [NAME], "recover": None})
