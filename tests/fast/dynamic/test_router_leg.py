"""A router's legs: made once, taken over when they are there, gone with the router."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.dynamic import router_leg
from infra.dynamic.base import NEUTRON_REPAIR_SECONDS, REPAIR_VARIABLE
from infra.errors import CloudError
from infra.neutron.owners import ROUTER_INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast


@dataclass
class Neutron:
    """Routers' ports, and what was asked for."""

    ports_: dict[str, SimpleNamespace] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Ports that become active, or go, while somebody waits."""

    @property
    def network(self) -> Neutron:
        """Be the network service as well."""
        return self

    def leg(self, port: str, router: str, subnet: str, owner: str = ROUTER_INTERFACE) -> None:
        """Plug a router in."""
        fixed = [{"subnet_id": subnet}]
        self.ports_[port] = SimpleNamespace(id=port, device_id=router, device_owner=owner, fixed_ips=fixed, status=router_leg.ACTIVE)

    def ports(self, device_id: str) -> Iterator[SimpleNamespace]:
        """List the ports of a device."""
        return iter([port for port in self.ports_.values() if port.device_id == device_id])

    def put(self, path: str, json: dict[str, str], *, raise_exc: bool) -> Any:  # noqa: ANN401 - an answer
        """Plug in or unplug as Neutron does; what is not there is a 404."""
        assert raise_exc == path.endswith("add_router_interface")
        self.asked.append((path.rpartition("/")[2], json))
        _, _, router, verb = path.split("/")
        if verb == "add_router_interface":
            port = json.get("port_id", "made")
            self.leg(port, router, json.get("subnet_id", "of-port"))
            return SimpleNamespace(json=lambda: {"port_id": port})
        gone = self.ports_.pop(json["port_id"], None)
        return SimpleNamespace(status_code=200 if gone else 404, raise_for_status=lambda: None if gone else pytest.fail("asked"))


@pytest.fixture
def waits() -> list[float]:
    """Give the seconds that were waited."""
    return []


@pytest.fixture(autouse=True)
def neutron(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> Neutron:
    """Give an empty Neutron to the admin; its maintenance runs when somebody waits."""
    made = Neutron()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        for port in made.repaired:
            made.ports_[port].status = router_leg.ACTIVE
        for port in made.lost:
            del made.ports_[port]

    monkeypatch.delenv(REPAIR_VARIABLE, raising=False)
    monkeypatch.setattr(router_leg, "admin", lambda: made)
    monkeypatch.setattr(time, "sleep", wait)
    return made


WAYS = [{"router_id": "r", "port_id": "p"}, {"router_id": "r", "subnet_id": "s"}]


@pytest.mark.parametrize("props", WAYS, ids=["port", "subnet"])
def test_a_leg_whose_answer_was_lost_is_taken_over(neutron: Neutron, props: dict[str, str]) -> None:
    """The second run asks for nothing: the same leg, the same id."""
    first = router_leg.RouterLegLifecycle().create(dict(props))
    asked = list(neutron.asked)
    assert len(asked) == 1
    assert router_leg.RouterLegLifecycle().create(dict(props)).id == first.id
    assert neutron.asked == asked


@pytest.mark.parametrize("status", ["DOWN", router_leg.ACTIVE])
def test_neutron_is_given_the_time_to_repair_a_leg_that_is_taken_over(neutron: Neutron, waits: list[float], status: str) -> None:
    """Whatever its status is: the network may not have it. A leg that was just plugged in is not waited for."""
    first = router_leg.RouterLegLifecycle().create(dict(WAYS[0]))
    assert waits == []
    neutron.ports_["p"].status = status
    neutron.repaired.append("p")
    assert router_leg.RouterLegLifecycle().create(dict(WAYS[0])).id == first.id
    assert waits == [NEUTRON_REPAIR_SECONDS]


def test_a_cloud_that_repairs_sooner_is_waited_for_as_long_as_it_says(
    neutron: Neutron, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting is read when the wait begins; the leg is taken over as before."""
    monkeypatch.setenv(REPAIR_VARIABLE, "100")
    first = router_leg.RouterLegLifecycle().create(dict(WAYS[0]))
    neutron.ports_["p"].status = "DOWN"
    neutron.repaired.append("p")
    assert router_leg.RouterLegLifecycle().create(dict(WAYS[0])).id == first.id
    assert waits == [100.0]


@pytest.mark.parametrize("text", ["0", "-5", "soon", "1e3", "٣٠", "nan"])
def test_a_time_to_repair_that_is_no_number_of_seconds_is_an_error(waits: list[float], monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Nothing is taken over after a wait of nobody knows how long."""
    router_leg.RouterLegLifecycle().create(dict(WAYS[0]))
    monkeypatch.setenv(REPAIR_VARIABLE, text)
    with pytest.raises(CloudError, match=REPAIR_VARIABLE):
        router_leg.RouterLegLifecycle().create(dict(WAYS[0]))
    assert waits == []


@pytest.mark.parametrize("gone", [False, True], ids=["down", "gone"])
def test_a_leg_that_does_not_get_into_the_network_is_an_error(neutron: Neutron, *, gone: bool) -> None:
    """It says where it is and where it is not."""
    router_leg.RouterLegLifecycle().create(dict(WAYS[0]))
    neutron.ports_["p"].status = "DOWN"
    neutron.lost = ["p"] if gone else []
    with pytest.raises(CloudError, match=r"router r: the router is plugged in in Neutron's database and not in the network"):
        router_leg.RouterLegLifecycle().create(dict(WAYS[0]))


@pytest.mark.parametrize("props", WAYS, ids=["port", "subnet"])
def test_a_leg_of_another_router_or_elsewhere_is_none(neutron: Neutron, props: dict[str, str]) -> None:
    """Only this router's own leg at this very place counts as there."""
    neutron.leg("p", "other", "s")
    neutron.leg("x", "r", "elsewhere")
    neutron.leg("y", "r", "s", "network:router_gateway")
    router_leg.RouterLegLifecycle().create(dict(props))
    assert [verb for verb, _ in neutron.asked] == ["add_router_interface"]


def test_a_leg_that_is_gone_is_read_as_gone(neutron: Neutron) -> None:
    """A refresh finds out, so that the next update plugs it in again."""
    made = router_leg.RouterLegLifecycle().create(dict(WAYS[1]))
    assert router_leg.RouterLegLifecycle().read(made.id, dict(WAYS[1])).id == made.id
    neutron.ports_.clear()
    assert router_leg.RouterLegLifecycle().read(made.id, dict(WAYS[1])).id is None


def test_unplugging_twice_is_no_error(neutron: Neutron) -> None:
    """What is not plugged in is unplugged."""
    made = router_leg.RouterLegLifecycle().create(dict(WAYS[1]))
    router_leg.RouterLegLifecycle().delete(made.id, dict(WAYS[1]))
    router_leg.RouterLegLifecycle().delete(made.id, dict(WAYS[1]))
    assert neutron.ports_ == {}


def test_a_router_loses_the_legs_that_no_state_knows(neutron: Neutron) -> None:
    """Before it is deleted; its gateway port and other routers' legs are not touched."""
    neutron.leg("a", "r", "s")
    neutron.leg("b", "r", "t", "network:router_interface_distributed")
    neutron.leg("g", "r", "u", "network:router_gateway")
    neutron.leg("o", "other", "s")
    router_leg.UnpluggedLifecycle().delete("r", {})
    assert set(neutron.ports_) == {"g", "o"}
