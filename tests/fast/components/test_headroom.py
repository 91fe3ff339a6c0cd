"""Before the first change: what is to be made is counted, held against what the projects may hold, and refused by name."""

from __future__ import annotations

import functools
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from infra.components import headroom
from infra.components.quotas import platform_limits, project_limits
from infra.declaration import load_tenant
from infra.declaration.services import Services
from infra.dynamic import usage
from infra.errors import NoRoomError
from infra.neutron.quotas import demand
from infra.neutron.quotas.demand import Demand
from infra.neutron.quotas.room import Flavor, Gauge
from infra.outputs import PlatformOutput, decoded
from infra.policy.flows import expand
from tests.fast.components import recording
from tests.fast.components.recording import ROOT
from tests.fast.declaration.declared import SERVICES, shipped_platform

if TYPE_CHECKING:
    from infra.declaration.model import Platform

pytestmark = pytest.mark.fast
TENANTS = ("acme", "globex")
FLAVORS = {"small": Flavor(cores=1, ram=768)}
ROOMY = 10_000
FACTS = decoded(PlatformOutput, {**recording.PLATFORM_FACTS, "router_id": "r1"}, "platform")


@functools.cache
def stack(name: str) -> dict[str, dict[str, Any]]:
    """Return what a stack has when it is up, by URN, as the engine tells it."""
    cloud = recording.platform() if name == "platform" else recording.tenant(name)
    outputs = {f"{resource.type}::{resource.name}": {**resource.inputs, "id": f"{resource.name}-id"} for resource in cloud.resources}
    return {urn: next((found for end, found in outputs.items() if urn.endswith((f"${end}", f"::{end}"))), {}) for urn in cloud.urns}


@functools.cache
def platform(**changes: int) -> Platform:
    """Return the platform of this repository, with another backbone."""
    found = shipped_platform()
    return found.model_copy(update={"backbone": found.backbone.model_copy(update=changes)})


class Cloud:
    """What the reader would tell: gauges by project, the same for all that is not named."""

    def __init__(self) -> None:
        self.gauges: dict[tuple[str, str], Gauge] = {}
        self.routes = {"platform": 2}
        self.asked: list[str] = []

    def room(self, project: str) -> dict[str, dict[str, Gauge]]:
        """Return the gauges of a project."""
        self.asked.append(project)
        names = {
            "network": (*headroom.NETWORK.values(), "router_route"),
            "compute": ("instances", "cores", "ram"),
            "volume": ("volumes", "gigabytes"),
        }
        return {service: {name: self.gauges.get((project, name), Gauge(0, ROOMY)) for name in found} for service, found in names.items()}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Put a cloud with room for everything in the place of the reader."""
    made = Cloud()
    monkeypatch.setattr(usage, "room", made.room)
    monkeypatch.setattr(usage, "usual_room", lambda _: {"compute": made.room("")["compute"]})
    monkeypatch.setattr(usage, "flavors", lambda: FLAVORS)
    monkeypatch.setattr(usage, "own_project", lambda: "admin-id")
    monkeypatch.setattr(usage, "tenants_routes", lambda *_: made.routes)
    monkeypatch.setattr(headroom, "platform_facts", lambda: FACTS)
    return made


def up(name: str, old: dict[str, dict[str, Any]], **backbone: int) -> None:
    """Check an update of a tenant that has what is given."""
    declared = load_tenant(ROOT / f"Pulumi.{name}.yaml", platform(), today=date(2026, 11, 1))
    headroom.refuse_tenant(declared.tenant, platform(**backbone), expand(declared, platform()), old)


def without(old: dict[str, dict[str, Any]], *ends: str) -> dict[str, dict[str, Any]]:
    """Return what a stack has without some of it."""
    return {urn: outputs for urn, outputs in old.items() if not urn.endswith(ends)}


@pytest.mark.parametrize("name", TENANTS)
def test_a_stack_has_exactly_what_its_declaration_comes_to(name: str) -> None:
    """The demand and the components agree on every resource that has a limit; nothing is left to be made, and nothing is over."""
    declared = load_tenant(ROOT / f"Pulumi.{name}.yaml", platform(), today=date(2026, 11, 1))
    has = headroom.made(stack(name))
    assert has.inside == demand.of_tenant(declared.tenant, expand(declared, platform()))
    assert has.fence == demand.ring_fence(declared.tenant)
    assert has.routes == 1


def test_the_platform_has_exactly_what_its_declaration_comes_to() -> None:
    """The same of the platform's stack."""
    has = headroom.made(stack("platform"))
    assert has.inside + has.fence == demand.of_platform(platform())


@pytest.mark.parametrize("name", TENANTS)
def test_nothing_to_make_asks_nobody(cloud: Cloud, name: str) -> None:
    """An update without anything new costs no request."""
    up(name, stack(name))
    assert not cloud.asked


@pytest.mark.parametrize(
    ("resource", "gauge", "words"),
    [
        ("router", Gauge(9, 10), "a limit of 11 at least: 2 more are needed"),
        ("rbac_policy", Gauge(10, 10), "a limit of 11 at least: 1 more are needed"),
        ("port", Gauge(498, 500), "a limit of 503 at least: 5 more are needed"),
        ("network", Gauge(100, 100), "a limit of 101 at least"),
    ],
)
def test_the_platforms_project_is_named_with_what_to_raise(cloud: Cloud, resource: str, gauge: Gauge, words: str) -> None:
    """On default quotas the fifth tenant would stop in its middle: it is told before, and the platform's stack is the next step."""
    cloud.gauges["admin-id", resource] = gauge
    with pytest.raises(NoRoomError) as refused:
        up("acme", {})
    text = str(refused.value)
    assert f"project platform (admin-id): {resource}" in text
    assert words in text
    assert f"{gauge.used} used of {gauge.limit}" in text
    assert "pulumi up -s platform" in text


@pytest.mark.parametrize("limit", [11, -1])
def test_room_enough_or_no_limit_goes_on(cloud: Cloud, limit: int) -> None:
    """The twin: exactly enough is enough."""
    cloud.gauges["admin-id", "router"] = Gauge(9, limit)
    up("acme", {})


def test_what_a_broken_off_run_made_is_not_needed_again(cloud: Cloud) -> None:
    """One router is there: one more is needed."""
    cloud.gauges["admin-id", "router"] = Gauge(9, 10)
    up("acme", without(stack("acme"), "Router::acme-edge"))


def test_a_lowered_limit_of_the_tenants_own_project_is_found(cloud: Cloud) -> None:
    """The stack thinks that its limits are in force; the cloud says otherwise, and a refresh would set them again."""
    cloud.gauges["acme-id", "port"] = Gauge(3, 3)
    old = without(stack("acme"), "Port::acme-web-app")
    with pytest.raises(NoRoomError, match=r"project acme \(acme-id\): port(.|\n)*pulumi up -s acme --refresh"):
        up("acme", old)
    cloud.gauges["acme-id", "port"] = Gauge(3, 4)
    up("acme", old)


def test_limits_that_the_same_update_raises_count_as_raised(cloud: Cloud) -> None:
    """A declaration with more servers raises the limits first; what the cloud says now is about to change."""
    cloud.gauges["acme-id", "port"] = Gauge(3, 3)
    old = without(stack("acme"), "Port::acme-web-app")
    lower = {urn: {**outputs, "network": {"port": 3}} if "ProjectLimits" in urn else outputs for urn, outputs in old.items()}
    up("acme", lower)


@pytest.mark.parametrize(("resource", "gauge"), [("cores", Gauge(0, 1)), ("ram", Gauge(0, 1000))])
def test_processors_and_memory_of_a_new_project_are_novas_defaults(cloud: Cloud, resource: str, gauge: Gauge) -> None:
    """The stack sets no limit for them, so the cloud's own counts; two small servers want 2 and 1536."""
    cloud.gauges["", resource] = gauge
    with pytest.raises(NoRoomError, match=rf"project acme: {resource}(.|\n)*openstack quota set --{resource}"):
        up("acme", {})


def test_an_unknown_flavor_is_found_before_anything_is_made(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nova would say so after networks, groups and volumes are there."""
    monkeypatch.setattr(usage, "flavors", lambda: {"large": Flavor(8, 8192)})
    with pytest.raises(NoRoomError, match="the cloud has no such flavor"):
        up("acme", {})
    assert cloud.asked


@pytest.mark.parametrize(("routes", "backbone", "more"), [(29, {}, 2), (4, {"max_routes": 5}, 2), (30, {}, 2)])
def test_full_routers_are_named_with_how_many_are_wanted(cloud: Cloud, routes: int, backbone: dict[str, int], more: int) -> None:
    """One place is kept for the way to the next router, so a router holds one route less than it may have."""
    cloud.routes = {"platform": routes}
    with pytest.raises(NoRoomError, match=rf"backbone\.routers in Pulumi\.platform\.yaml to {more}"):
        up("acme", {}, **backbone)
    cloud.routes = {"platform": routes, "platform-router-2": 0}
    up("acme", {}, **backbone)


def test_every_shortage_is_told_at_once(cloud: Cloud) -> None:
    """Whoever raises limits wants to do it once."""
    cloud.gauges.update({("admin-id", "router"): Gauge(9, 10), ("admin-id", "rbac_policy"): Gauge(10, 10)})
    cloud.routes = {"platform": 29}
    with pytest.raises(NoRoomError) as refused:
        up("acme", {})
    assert len(refused.value.problems) == 3


def test_the_platform_is_checked_with_the_limits_that_it_raises_itself(cloud: Cloud) -> None:
    """Routers it makes room for; processors it does not, so the cloud's limit counts."""
    cloud.gauges["admin-id", "router"] = Gauge(10, 10)
    headroom.refuse_platform(platform(), {})
    cloud.gauges["admin-id", "cores"] = Gauge(20, 20)
    with pytest.raises(NoRoomError, match="project platform"):
        headroom.refuse_platform(platform(), {})
    cloud.asked.clear()
    headroom.refuse_platform(platform(), stack("platform"))
    assert not cloud.asked


def test_a_services_server_that_is_declared_later_is_held_against_the_quotas(cloud: Cloud) -> None:
    """One server with two volumes, its port and its group; its flavor has to exist. Where there is room, nothing is refused."""
    bare = platform().model_copy(update={"services": None})
    offering = bare.model_copy(update={"services": Services.model_validate(SERVICES)})
    has = {urn: outputs for urn, outputs in stack("platform").items() if "platform-services" not in urn}
    more = demand.of_platform(offering) - demand.of_platform(bare)
    assert (more.compute["instances"], more.volume["volumes"], more.network["port"], more.flavors["small"]) == (1, 2, 1, 1)
    headroom.refuse_platform(offering, has)
    for resource in ("cores", "ram"):
        cloud.gauges["admin-id", resource] = Gauge(20, 20)
        with pytest.raises(NoRoomError, match=f"project platform .*: {resource}"):
            headroom.refuse_platform(offering, has)
        del cloud.gauges["admin-id", resource]
    unknown = bare.model_copy(update={"services": Services.model_validate(SERVICES | {"flavor": "huge"})})
    with pytest.raises(NoRoomError, match="huge"):
        headroom.refuse_platform(unknown, has)


def test_the_platform_makes_room_for_all_that_its_pool_and_backbone_hold() -> None:
    """252 tenants on a /24: the default quotas of Neutron are left far behind; every tenant of that many finds room."""
    limits = platform_limits(platform()).network
    each = demand.ring_fence(load_tenant(ROOT / "Pulumi.globex.yaml", platform(), today=date(2026, 11, 1)).tenant).network
    many = Counter({resource: 252 * number for resource, number in each.items()}) + demand.of_platform(platform()).network
    assert all(limits[resource] >= number for resource, number in many.items())


def test_a_pool_without_end_asks_for_a_bounded_room() -> None:
    """A /8 of /29 has two million segments; no quota is set to that."""
    found = platform()
    wide = found.model_copy(
        update={
            "pool": found.pool.model_copy(update={"cidr": found.pool.cidr.supernet(new_prefix=8), "prefix": 29}),
            "backbone": found.backbone.model_copy(update={"cidr": found.backbone.cidr.supernet(new_prefix=8)}),
        }
    )
    assert platform_limits(wide).network["router"] == 2 * (1 + 2 * demand.MOST_TENANTS)


@pytest.mark.parametrize("name", TENANTS)
def test_a_new_tenants_own_limits_hold_what_it_needs(name: str) -> None:
    """So a project that does not exist yet needs no look at what it may hold, processors and memory apart."""
    declared = load_tenant(ROOT / f"Pulumi.{name}.yaml", platform(), today=date(2026, 11, 1))
    policy = expand(declared, platform())
    limits, need = project_limits(declared.tenant, policy, platform()), demand.of_tenant(declared.tenant, policy)
    assert need.network.keys() <= limits.network.keys()
    assert all(number <= limits.network[resource] for resource, number in need.network.items())
    assert all(number <= limits.volume[resource] for resource, number in need.volume.items())


def test_demands_add_up_and_what_is_there_is_left_out() -> None:
    """Nothing is ever needed less than not at all."""
    one, two = Demand(Counter(port=1)), Demand(Counter(port=3, router=1), Counter(instances=1))
    assert demand.total([one, two]).network == {"port": 4, "router": 1}
    assert (two - one).network == {"port": 2, "router": 1}
    assert not one - two
