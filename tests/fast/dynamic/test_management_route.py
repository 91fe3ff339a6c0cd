"""The list of routes that all tenants' stacks share: nobody's route is lost, and what the database knows reaches the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from infra.dynamic import management_route
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast
ROUTER = "platform-router"
OURS = {"router_id": ROUTER, "destination": "172.30.0.0/28", "next_hop": "172.29.0.20"}
ENTRY = {"destination": "172.30.0.0/28", "nexthop": "172.29.0.20"}
THEIRS = {"destination": "172.30.0.16/28", "nexthop": "172.29.0.30"}


@dataclass
class Neutron:
    """A router's routes in the database and, as of the last accepted request, in the network."""

    routes: list[dict[str, str]] = field(default_factory=list)
    revision: int = 1
    in_network: list[dict[str, str]] = field(default_factory=list)
    between: list[Callable[[], None]] = field(default_factory=list)
    """What others do, one thing after each reading."""

    @property
    def network(self) -> Neutron:
        """Be the network service as well."""
        return self

    def get(self, path: str, *, raise_exc: bool) -> SimpleNamespace:
        """Show the router, then let somebody else act."""
        assert path == f"/routers/{ROUTER}"
        assert raise_exc
        shown = {"router": {"routes": list(self.routes), "revision_number": self.revision}}
        if self.between:
            self.between.pop(0)()
        return SimpleNamespace(json=lambda: shown)

    def put(self, path: str, *, json: dict[str, Any], headers: dict[str, str], raise_exc: bool) -> SimpleNamespace:
        """Take over a list if it is another one and the revision is the present one (RFC 9110 section 13.1.1)."""
        assert path == f"/routers/{ROUTER}"
        assert not raise_exc
        wanted = json["router"]["routes"]
        if {tuple(route.values()) for route in wanted} != {tuple(route.values()) for route in self.routes}:
            if headers["If-Match"] != f"revision_number={self.revision}":
                return SimpleNamespace(status_code=412)
            self.become(wanted)
        self.in_network = list(self.routes)
        return SimpleNamespace(status_code=200)

    def become(self, routes: list[dict[str, str]]) -> None:
        """Change the database only."""
        self.routes, self.revision = list(routes), self.revision + 1


@pytest.fixture
def neutron(monkeypatch: pytest.MonkeyPatch) -> Neutron:
    """A router with another tenant's route."""
    made = Neutron(routes=[THEIRS], in_network=[THEIRS])
    monkeypatch.setattr(management_route, "admin", lambda: made)
    monkeypatch.setattr(management_route, "PAUSE_SECONDS", 0.0)
    return made


def test_a_route_comes_and_goes_and_the_others_stay(neutron: Neutron) -> None:
    """One route is added and removed."""
    management_route.change(OURS, "add")
    assert neutron.in_network == [THEIRS, ENTRY]
    management_route.change(OURS, "remove")
    assert neutron.in_network == [THEIRS]


def test_a_route_that_comes_in_between_is_not_overwritten(neutron: Neutron) -> None:
    """A list that somebody changed since it was read is read again."""
    neutron.routes = neutron.in_network = []
    neutron.between = [lambda: neutron.become([THEIRS])]
    management_route.change(OURS, "add")
    assert neutron.in_network == [THEIRS, ENTRY]


def test_a_route_that_goes_in_between_does_not_come_back(neutron: Neutron) -> None:
    """Nor is one that was removed written again."""
    neutron.between = [lambda: neutron.become([])]
    management_route.change(OURS, "add")
    assert neutron.in_network == [ENTRY]


@pytest.mark.parametrize(("verb", "known"), [("add", [THEIRS, ENTRY]), ("remove", [THEIRS])])
def test_what_only_the_database_knows_reaches_the_network(
    neutron: Neutron, verb: Literal["add", "remove"], known: list[dict[str, str]]
) -> None:
    """A run that broke off between the two is made good by the next one, though the list is as it shall be."""
    neutron.routes, neutron.in_network = known, []
    management_route.change(OURS, verb)
    assert neutron.in_network == known


def test_a_change_that_the_network_missed_is_written_once_more(neutron: Neutron) -> None:
    """It ends with a request that changed nothing: whoever wrote last has written what all have."""
    neutron.between = [lambda: None, lambda: setattr(neutron, "in_network", [THEIRS])]
    management_route.change(OURS, "add")
    assert neutron.in_network == [THEIRS, ENTRY]


def test_others_who_are_always_first_are_an_error(neutron: Neutron, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends, and says what to do."""
    monkeypatch.setattr(management_route, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(management_route, "_write", lambda *_, **__: False)
    with pytest.raises(CloudError, match="changed by others all the time"):
        management_route.change(OURS, "add")
    assert neutron.in_network == [THEIRS]
