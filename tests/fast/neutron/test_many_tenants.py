"""More tenants than one router may have routes to: every one is reached through the platform's routers, and nobody reaches another."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import SnapshotError
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot import FixedIp, Port, Record, Route, SecurityGroup
from infra.neutron.snapshot.store import from_records, records_of
from infra.neutron.sources.declared import declared_snapshot
from infra.neutron.sources.intent import declared_intent
from infra.proof import Claim, Verdict, prove
from tests.fast.declaration.declared import flow, platform, tenant
from tests.fast.neutron.clouds import allow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.neutron.snapshot import Snapshot
    from infra.reachability.intent import Intent

pytestmark = pytest.mark.fast
MANY = 5
ONE_SERVER: dict[str, Any] = {
    "zones": {"app": {"cidr": "10.0.0.0/24"}},
    "servers": {"web": {"zones": {"app": 11}, "flavor": "small", "root": 2}},
    "flows": {"shop": flow("internet", "web", ports=[443])},
}
SMALL = {"backbone.max_routes": 3}
"""Two tenants to a router, and the third place for the way to the next one."""
RELAYS = ("platform-router-2", "platform-router-3")


def declarations(folder: Path, routers: int = 3) -> tuple[Platform, list[TenantDeclaration]]:
    """Return a platform and many tenants that are equal but for their names."""
    tenants = [tenant(folder, ONE_SERVER, name=f"t{number}") for number in range(MANY)]
    return platform(folder, {**SMALL, "backbone.routers": routers}).platform, tenants


def cloud(folder: Path) -> tuple[Snapshot, Intent]:
    """Return what is declared and what is intended."""
    declared = declarations(folder)
    return declared_snapshot(*declared), declared_intent(*declared)


def changed(snapshot: Snapshot, change: Callable[[Record], Record], *more: Record) -> Snapshot:
    """Return the snapshot with each record changed, and more of them."""
    return from_records(snapshot.header, [*map(change, records_of(snapshot)), *more])


def verdicts(snapshot: Snapshot, intent: Intent) -> dict[Claim, Verdict]:
    """Prove all claims."""
    return {judgement.claim: judgement.verdict for judgement in prove(compile_fabric(snapshot), intent).judgements}


def test_all_claims_hold_over_several_routers(tmp_path: Path) -> None:
    """The bastion reaches every tenant's servers by SSH, and nothing else passes."""
    snapshot, intent = cloud(tmp_path)
    assert verdicts(snapshot, intent) == dict.fromkeys(Claim, Verdict.HOLDS)
    routes = {router.name: len(router.routes) for router in snapshot.routers if router.name.startswith("platform")}
    assert routes == {"platform": 3, "platform-router-2": 3, "platform-router-3": 1}


def test_no_path_between_tenants_through_the_routers_with_every_group_open(tmp_path: Path) -> None:
    """Topology alone keeps them apart: the routers between them and the bastion lead to no tenant's way back."""

    def opened(record: Record) -> Record:
        if isinstance(record, SecurityGroup):
            rules = (allow("ingress"), allow("egress"))
            return SecurityGroup(id=record.id, name=record.name, project_id=record.project_id, rules=rules)
        return record

    snapshot, intent = cloud(tmp_path)
    assert verdicts(changed(snapshot, opened), intent)[Claim.STRUCTURE] is Verdict.HOLDS


@pytest.mark.parametrize("relay", RELAYS)
def test_a_further_router_with_a_leg_on_a_tenants_segment_is_found(tmp_path: Path, relay: str) -> None:
    """It would lead that tenant to all others that the routers know."""
    snapshot, intent = cloud(tmp_path)
    fixed = (FixedIp(subnet_id="t0-management", ip_address="172.30.0.14"),)
    leg = Port(
        id="joined",
        network_id="t0-management",
        project_id="platform",
        fixed_ips=fixed,
        device_owner="network:router_interface",
        device_id=relay,
    )
    assert verdicts(changed(snapshot, lambda record: record, leg), intent)[Claim.STRUCTURE] is Verdict.BROKEN


def way(snapshot: Snapshot, address: str) -> list[str]:
    """Return the routers that a packet from the bastion passes, each taking its route with the longest prefix."""
    owner = {
        fixed.ip_address: port.device_id for port in snapshot.ports for fixed in port.fixed_ips if fixed.subnet_id == "platform-backbone"
    }
    routes = {router.id: router.routes for router in snapshot.routers}
    passed = ["platform"]
    while fitting := [route for route in routes[passed[-1]] if ip_address(address) in ip_network(route.destination)]:
        passed.append(owner[max(fitting, key=lambda route: ip_network(route.destination).prefixlen).nexthop])
    return passed


def test_every_server_is_reached_router_by_router(tmp_path: Path) -> None:
    """The way from the bastion ends at the tenant's own management router, which has the server's segment on its other leg."""
    snapshot, _ = cloud(tmp_path)
    management = [port for port in snapshot.ports if port.network_id.endswith("-management") and port.project_id != "platform"]
    cards = {port.project_id: str(fixed.ip_address) for port in management for fixed in port.fixed_ips}
    ways = {tenant: way(snapshot, address) for tenant, address in cards.items()}
    assert ways == {f"t{n}": ["platform", *RELAYS[: n // 2], f"t{n}-management"] for n in range(MANY)}


def test_too_few_routers_are_named_with_how_many_are_needed(tmp_path: Path) -> None:
    """The declarations alone tell, before any cloud is asked."""
    with pytest.raises(SnapshotError, match="expected: at least 3"):
        declared_snapshot(*declarations(tmp_path, routers=2))


def test_one_router_routes_as_before(tmp_path: Path) -> None:
    """A platform that declares nothing of it has one router, with a route for each tenant and none for the pool."""
    one = platform(tmp_path).platform
    tenants = [tenant(tmp_path, name=name) for name in ("acme", "globex")]
    (router,) = (router for router in declared_snapshot(one, tenants).routers if router.name == "platform")
    assert router.routes == (
        Route(destination="172.30.0.0/28", nexthop="172.29.0.2"),
        Route(destination="172.30.0.16/28", nexthop="172.29.0.3"),
    )
