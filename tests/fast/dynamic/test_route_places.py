"""Which router of the platform gets a tenant's route: the first one with a place, and one place is kept for the way to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.dynamic import management_route
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.dynamic.base import Props

pytestmark = pytest.mark.fast
MOST = 4
POOL = {"destination": "172.30.0.0/16", "nexthop": "172.29.0.2"}
PROPS: Props = {"router_id": "r1", "further": ["r2"], "max_routes": MOST, "destination": "172.30.9.0/28", "next_hop": "172.29.0.9"}
OURS = {"destination": "172.30.9.0/28", "nexthop": "172.29.0.9"}
LIFECYCLE = management_route.ManagementRouteLifecycle()


def tenants(number: int) -> list[dict[str, str]]:
    """Return the routes of other tenants."""
    return [{"destination": f"172.30.{n}.0/28", "nexthop": f"172.29.0.{100 + n}"} for n in range(number)]


class RefusedError(Exception):
    """What the client raises: the service's own words are in the response only."""

    def __init__(self, text: str) -> None:
        super().__init__("400: Client Error")
        self.response = SimpleNamespace(text=text)


@dataclass
class Neutron:
    """Routers with a limit; ``during`` is what another stack does while ours has its call made."""

    routes: dict[str, list[dict[str, str]]]
    refusal: str
    limit: int
    during: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)

    @property
    def network(self) -> Neutron:
        """Be the network service as well."""
        return self

    def find_router(self, router: str, *, ignore_missing: bool) -> SimpleNamespace | None:
        """Show a router."""
        assert ignore_missing in {True, False}
        return SimpleNamespace(name=router, routes=list(self.routes[router])) if router in self.routes else None

    def put(self, path: str, *, json: dict[str, Any], raise_exc: bool) -> SimpleNamespace:
        """Add or remove a route, or show the router."""
        assert raise_exc
        _, _, router, *verb = path.split("/")
        for entry in json["router"].get("routes", ()):
            others = [known for known in self.routes[router] if known != entry]
            if verb == ["add_extraroutes"] and len(others) >= self.limit:
                raise RefusedError(self.refusal)
            self.routes[router] = [*others, entry] if verb == ["add_extraroutes"] else others
            self.during()
        return SimpleNamespace(json=lambda: {"router": {"routes": list(self.routes[router])}})


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Neutron]:
    """Give a function that makes the cloud."""

    def make(first: list[dict[str, str]], second: list[dict[str, str]], limit: int = MOST, refusal: str = "") -> Neutron:
        neutron = Neutron({"r1": first, "r2": second}, refusal, limit)
        monkeypatch.setattr(management_route, "admin", lambda: neutron)
        return neutron

    return make


def holders(neutron: Neutron) -> list[str]:
    """Return the routers that have our route."""
    return [router for router, routes in neutron.routes.items() if OURS in routes]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (tenants(2), "r1"),
        (tenants(3), "r2"),
        ([*tenants(2), POOL], "r1"),
        ([*tenants(3), POOL], "r2"),
        ([*tenants(3), OURS], "r1"),
    ],
    ids=["place", "the last place is kept", "the way is there", "full", "an earlier run made it"],
)
def test_the_first_router_with_a_place_gets_the_route(cloud: Callable[..., Neutron], first: list[dict[str, str]], expected: str) -> None:
    """The id tells which one it was, and the same declaration finds it there."""
    neutron = cloud(first, [])
    made = LIFECYCLE.create(PROPS)
    assert holders(neutron) == [expected]
    assert made.id == f"{expected}/172.30.9.0/28"
    assert not LIFECYCLE.diff(made.id, made.outs or {}, PROPS).changes
    assert LIFECYCLE.read(made.id, PROPS).id == made.id
    LIFECYCLE.delete(made.id, PROPS)
    assert not holders(neutron)


@pytest.mark.parametrize("refusal", ['{"type": "RoutesExhausted"}', "Quota exceeded for resources: ['router_route']."])
def test_a_cloud_with_a_lower_limit_than_declared_leads_to_the_next_router(cloud: Callable[..., Neutron], refusal: str) -> None:
    """The limit cannot be read everywhere: Neutron's own refusal counts, by setting or by quota."""
    neutron = cloud(tenants(2), [], limit=2, refusal=refusal)
    LIFECYCLE.create(PROPS)
    assert holders(neutron) == ["r2"]


def test_another_refusal_is_none_of_these(cloud: Callable[..., Neutron]) -> None:
    """An unknown error is not taken for a full router."""
    cloud(tenants(2), [], limit=2, refusal="InvalidRoutes")
    with pytest.raises(RefusedError):
        LIFECYCLE.create(PROPS)


def test_two_stacks_at_the_last_place_do_not_take_the_kept_one(cloud: Callable[..., Neutron]) -> None:
    """Both saw it free; ours finds the router overfull after its call, and goes on to the next one."""
    neutron = cloud(tenants(2), [])
    other = {"destination": "172.30.8.0/28", "nexthop": "172.29.0.8"}

    def once() -> None:
        neutron.during = lambda: None
        neutron.routes["r1"].append(other)

    neutron.during = once
    LIFECYCLE.create(PROPS)
    assert holders(neutron) == ["r2"]
    assert other in neutron.routes["r1"]


def test_no_place_anywhere_names_the_setting(cloud: Callable[..., Neutron]) -> None:
    """Nothing is added, and the next step is the platform's declaration."""
    neutron = cloud(tenants(3), tenants(3))
    with pytest.raises(CloudError, match=r"backbone\.routers"):
        LIFECYCLE.create(PROPS)
    assert not holders(neutron)


def test_a_living_route_is_not_touched_by_further_routers() -> None:
    """A stack of an earlier version knows neither them nor the limit: nothing to do."""
    old = {"router_id": "r1", "destination": "172.30.9.0/28", "next_hop": "172.29.0.9"}
    assert not LIFECYCLE.diff("r1/172.30.9.0/28", old, PROPS).changes


def test_the_way_to_a_router_with_tenants_is_not_taken_away(cloud: Callable[..., Neutron]) -> None:
    """Fewer routers in the declaration would cut off who is behind them."""
    way = management_route.PoolRouteLifecycle()
    props = {"router_id": "r1", "destination": POOL["destination"], "next_hop": POOL["nexthop"], "next_router_id": "r2"}
    neutron = cloud([POOL], tenants(1))
    with pytest.raises(CloudError, match="tenants are reached through this router"):
        way.delete("r1/172.30.0.0/16", props)
    assert neutron.routes["r1"] == [POOL]
    neutron.routes["r2"] = []
    way.delete("r1/172.30.0.0/16", props)
    assert neutron.routes["r1"] == []
