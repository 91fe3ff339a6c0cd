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
    """A router's routes in the database and in the network, where a call for one route writes what it saw when it began."""

    routes: list[dict[str, str]] = field(default_factory=list)
    in_network: list[dict[str, str]] = field(default_factory=list)
    seen: list[dict[str, str]] | None = None
    """The list as our next call sees it, when others have changed it since."""
    after_our_call: Callable[[], None] = lambda: None
    keeps: bool = True

    @property
    def network(self) -> Neutron:
        """Be the network service as well."""
        return self

    def put(self, path: str, *, json: dict[str, Any], raise_exc: bool) -> SimpleNamespace:
        """Take one route in or out, or show the router and bring the network up to it."""
        assert raise_exc
        if path == f"/routers/{ROUTER}":
            assert json == {"router": {}}
            self.in_network = list(self.routes)
            return SimpleNamespace(json=lambda: {"router": {"routes": list(self.routes)}})
        verb = path.removeprefix(f"/routers/{ROUTER}/").removesuffix("_extraroutes")
        (entry,) = json["router"]["routes"]
        self.in_network = changed(self.routes if self.seen is None else self.seen, verb, entry)
        self.routes = changed(self.routes, verb, entry) if self.keeps else self.routes
        self.after_our_call()
        return SimpleNamespace()


def changed(routes: list[dict[str, str]], verb: str, entry: dict[str, str]) -> list[dict[str, str]]:
    """Return the list with the route added or removed."""
    others = [known for known in routes if known != entry]
    return {"add": [*others, entry], "remove": others}[verb]


@pytest.fixture
def neutron(monkeypatch: pytest.MonkeyPatch) -> Neutron:
    """A router with another tenant's route."""
    made = Neutron(routes=[THEIRS], in_network=[THEIRS])
    monkeypatch.setattr(management_route, "admin", lambda: made)
    return made


def test_a_route_comes_and_goes_and_the_others_stay(neutron: Neutron) -> None:
    """One route is added and removed."""
    management_route.change(OURS, "add")
    assert neutron.in_network == neutron.routes == [THEIRS, ENTRY]
    management_route.change(OURS, "remove")
    assert neutron.in_network == neutron.routes == [THEIRS]


@pytest.mark.parametrize(("verb", "left"), [("add", [THEIRS, ENTRY]), ("remove", [THEIRS])])
def test_a_call_that_did_not_see_theirs_takes_it_from_nobody(
    neutron: Neutron, verb: Literal["add", "remove"], left: list[dict[str, str]]
) -> None:
    """Our call waited for theirs and writes the list from before it to the network: the update after it makes that good."""
    neutron.seen = []
    management_route.change(OURS, verb)
    assert neutron.in_network == neutron.routes == left


def test_a_call_that_did_not_see_theirs_go_does_not_bring_it_back(neutron: Neutron) -> None:
    """Nor is a way in left open that another stack has just closed."""
    neutron.seen, neutron.routes = [THEIRS], []
    management_route.change(OURS, "add")
    assert neutron.in_network == neutron.routes == [ENTRY]


def test_theirs_that_did_not_see_ours_takes_it_from_nobody(neutron: Neutron) -> None:
    """Their call ends between our two and has written its old list: our update comes after it."""
    neutron.after_our_call = lambda: setattr(neutron, "in_network", [THEIRS])
    management_route.change(OURS, "add")
    assert neutron.in_network == neutron.routes == [THEIRS, ENTRY]


@pytest.mark.parametrize(("verb", "known"), [("add", [THEIRS, ENTRY]), ("remove", [THEIRS])])
def test_what_only_the_database_knows_reaches_the_network(
    neutron: Neutron, verb: Literal["add", "remove"], known: list[dict[str, str]]
) -> None:
    """A run that broke off between the two is made good by the next one, though the list is as it shall be."""
    neutron.routes, neutron.in_network = known, []
    management_route.change(OURS, verb)
    assert neutron.in_network == known


@pytest.mark.parametrize(("verb", "known"), [("add", []), ("remove", [THEIRS, ENTRY])])
def test_a_change_that_is_not_kept_is_an_error(neutron: Neutron, verb: Literal["add", "remove"], known: list[dict[str, str]]) -> None:
    """Neutron says yes and the list is as before: no stack goes on with that."""
    neutron.routes, neutron.keeps = known, False
    with pytest.raises(CloudError, match="was not changed"):
        management_route.change(OURS, verb)
