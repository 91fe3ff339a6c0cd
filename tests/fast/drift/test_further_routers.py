"""A platform with more than one router: each with its legs and routes is compared as the first one is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.declaration import names
from infra.drift import comparison
from infra.drift.made import Made, MadeResource
from infra.outcome import CheckVerdict
from infra.outputs import RouterOutput
from tests.fast.drift import rows, views
from tests.fast.drift.rows import PLATFORM_PROJECT
from tests.fast.drift.views import HOPS
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.drift.found import Found
    from ringfence.verify.inventory import Inventory
    from tests.fast.drift.rows import Row

pytestmark = pytest.mark.fast
NAME = names.further_router(2)
ADDRESS = "172.29.0.60"
POOL = "172.30.0.0/16"
TAGS = names.tag_list({"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY})


def row_of(view: Found, id_: str) -> Row:
    """Return a router."""
    return next(row for row in view.routers if row["id"] == id_)


def cloud() -> tuple[Inventory, Found]:
    """Return a cloud in which globex's route is on the second router, and everything is as declared."""
    declared = inventory()
    backbone = declared.platform.backbone.model_copy(update={"routers": 2})
    facts = msgspec.structs.replace(declared.platform_facts, further_routers=(RouterOutput("router-2", ADDRESS),))
    declared = replace(declared, platform=declared.platform.model_copy(update={"backbone": backbone}), platform_facts=facts)
    made, view = views.cloud(declared)
    segment = next(str(tenant.facts.management.cidr) for tenant in made.tenants if tenant.name == "globex")
    moved = {"destination": segment, "nexthop": HOPS["globex"]}
    first = row_of(view, "router-platform")
    first["routes"] = [*(route for route in first["routes"] if route != moved), {"destination": POOL, "nexthop": ADDRESS}]
    second = rows.router("router-2", NAME, None, [moved], TAGS)
    plugged = {**rows.leg("router-2", "net-backbone", ADDRESS), "name": NAME, "tags": TAGS, "project_id": PLATFORM_PROJECT}
    kinds = {kind: dict(found) for kind, found in made.made["platform"].kinds.items()}
    kinds["routers"][NAME] = MadeResource(NAME, "router-2")
    kinds["ports"][NAME] = MadeResource(NAME, plugged["id"], {"allFixedIps": [ADDRESS]})
    kinds["router_interfaces"][NAME] = MadeResource(NAME, f"router-2/{plugged['id']}")
    kinds["routes"] = {NAME: MadeResource(NAME, f"router-platform/{POOL}", {"destination": POOL, "next_hop": ADDRESS})}
    globex = {kind: dict(found) for kind, found in made.made["globex"].kinds.items()}
    route = globex["routes"]["globex-management"]
    globex["routes"]["globex-management"] = replace(route, id=f"router-2/{segment}")
    stacks = {**made.made, "platform": Made(kinds), "globex": Made(globex)}
    return replace(made, made=stacks), replace(view, routers=(*view.routers, second), ports=(*view.ports, plugged))


def wrong(change: Callable[[Found], object] = lambda _: None) -> list[str]:
    """Return what does not pass after a change."""
    declared, view = cloud()
    change(view)
    return [outcome.reason for outcome in comparison.compare(declared, view, declared.tenants) if outcome.verdict is not CheckVerdict.PASS]


def test_a_second_router_as_declared_passes() -> None:
    """Its leg, the way to it, and the tenant's route on it."""
    assert wrong() == []


def test_a_route_that_nobody_made_on_the_second_router_is_found() -> None:
    """An extra route there is as bad as on the first one."""
    extra = {"destination": "10.9.0.0/24", "nexthop": HOPS["acme"]}
    found = wrong(lambda view: row_of(view, "router-2")["routes"].append(extra))
    assert any(f"undeclared route on router {NAME}: 10.9.0.0/24" in reason for reason in found)


def test_the_way_to_the_second_router_is_missed() -> None:
    """Without it nobody behind the second router can be administered."""
    found = wrong(lambda view: row_of(view, "router-platform")["routes"].pop())
    assert any(f"router platform has no route to {POOL} via {ADDRESS}" in reason for reason in found)


def test_a_gateway_of_the_second_router_is_found() -> None:
    """It leads nowhere outside."""
    outside = {"network_id": "public", "external_fixed_ips": [{"ip_address": "172.24.4.77"}]}
    found = wrong(lambda view: row_of(view, "router-2").update(external_gateway_info=outside))
    assert any(f"router {NAME} has a gateway outside" in reason for reason in found)


def test_a_leg_of_the_second_router_on_a_tenants_segment_is_found() -> None:
    """It would lead that tenant to the backbone and on."""
    declared, view = cloud()
    segment = next(str(tenant.facts.management.network_id) for tenant in declared.tenants if tenant.name == "acme")
    joined = rows.leg("router-2", segment, "172.30.0.14")
    changed = replace(view, ports=(*view.ports, joined))
    found = [outcome.reason for outcome in comparison.compare(declared, changed, declared.tenants)]
    assert any(f"router {NAME} has an undeclared interface" in reason for reason in found)
