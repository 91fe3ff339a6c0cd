"""Differences of meaning between two states, and the matrix."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from infra.diff.changes import changes
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot import (
    AddressScope,
    Network,
    Port,
    Project,
    Role,
    Router,
    SecurityGroup,
    Subnet,
    SubnetPool,
    Unknown,
)
from infra.neutron.snapshot.store import from_records, records_of
from infra.proof import prove
from infra.proof.structure import structural
from infra.queries.matrix import Level, matrix
from infra.queries.traffic import ReachableTraffic
from infra.reachability.paths import Paths
from tests.fast.neutron.clouds import allow, two_tenants
from tests.fast.proof.changes import LEAKS
from tests.fast.proof.test_simulated import random_cloud
from tests.fast.queries.test_answers import two_zones

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.snapshot import Snapshot
    from tests.fast.neutron.clouds import Cloud

pytestmark = pytest.mark.fast


def reachable(cloud: Cloud) -> ReachableTraffic:
    """Return a cloud ready for questions."""
    return ReachableTraffic(compile_fabric(cloud.snapshot()))


def changed(change: Callable[[Cloud], None]) -> list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Return what a change of the two-zone cloud comes to, as (subject, cards, gained, lost)."""
    after = two_zones()
    change(after)
    return [(one.subject, one.cards, one.gained, one.lost) for one in changes(reachable(two_zones()), reachable(after))]


def test_equal_meaning_written_differently_is_no_change() -> None:
    """Two rules that together allow what one did are no difference."""

    def rewrite(cloud: Cloud) -> None:
        parts = (allow("ingress", "10.0.0.0/29", "tcp", (5430, 5433)), allow("ingress", "10.0.0.8/29", "tcp", (5430, 5431)))
        cloud.group("db", "acme", *parts, allow("ingress", "10.0.0.8/29", "tcp", (5431, 5433)))

    assert changed(rewrite) == []


def test_traffic_gained_and_lost_is_told_exactly() -> None:
    """A rule that moves by one port gains one port and loses one."""
    found = changed(lambda cloud: cloud.group("db", "acme", allow("ingress", "10.0.0.0/28", "tcp", (5431, 5434))))
    assert found == [("ingress", ("db-port",), ("tcp/5434 from 10.0.0.0/28",), ("tcp/5430 from 10.0.0.0/28",))]


def test_a_new_path_is_a_change_although_no_rule_changed() -> None:
    """A route that joins another network is a difference of its own kind."""

    def join(cloud: Cloud) -> None:
        cloud.network("other", "acme", "10.0.9.0/24")
        cloud.leg("edge", "other", "10.0.9.1")

    assert ("paths", ("db-port", "web-port"), ("network other",), ()) in changed(join)


def untranslated(cloud: Cloud) -> None:
    """Translation off."""
    router = cloud.records["Router edge"]
    assert isinstance(router, Router)
    cloud.change(Router, "edge", gateways=tuple(msgspec.structs.replace(gateway, enable_snat=False) for gateway in router.gateways))


def common_scope(cloud: Cloud) -> None:
    """One address scope inside and outside."""
    cloud.add(AddressScope(id="scope"))
    for pool, prefix, subnet in (("inner", "10.0.0.0/8", "data-0"), ("outer", "203.0.113.0/24", "public-0")):
        cloud.add(SubnetPool(id=pool, prefixes=(prefix,), address_scope_id="scope"))
        cloud.change(Subnet, subnet, subnetpool_id=pool)


def physical_gateway(cloud: Cloud) -> None:
    """A VLAN whose gateway is no router of Neutron's."""
    cloud.change(Network, "data", provider_network_type="vlan", provider_physical_network="p", provider_segmentation_id=7)
    cloud.change(Subnet, "data-0", gateway_ip="10.0.1.254")


def the_platforms(cloud: Cloud) -> None:
    """A tenant becomes the platform's."""
    cloud.project("acme", platform=True)


def not_understood(cloud: Cloud) -> None:
    """Something that the model does not know."""
    cloud.add(Unknown(type="vpnservice", id="v"))


def route_of_a_server(cloud: Cloud) -> None:
    """A server of the platform without filters is a next hop."""
    cloud.project("platform", platform=True)
    cloud.port("appliance", "data", "platform", "10.0.1.99", port_security_enabled=False)
    cloud.route("edge", "10.99.0.0/16", "10.0.1.99")


SETTINGS: dict[Callable[[Cloud], None], str] = {
    untranslated: "translation",
    common_scope: "translation",
    physical_gateway: "outside",
    the_platforms: "role",
    not_understood: "not understood",
    route_of_a_server: "routing",
}


@pytest.mark.parametrize("change", SETTINGS)
def test_what_the_proof_rests_on_is_compared(change: Callable[[Cloud], None]) -> None:
    """No filter, address or network changes, and yet the two states do not mean the same."""
    assert SETTINGS[change] in {subject for subject, *_ in changed(change)}


def test_another_driver_is_a_change() -> None:
    """The same groups mean something else."""
    found = changes(reachable(two_zones()), ReachableTraffic(compile_fabric(two_zones().snapshot(driver="ovs"))))
    assert ("driver", ("ovs",), ("ovn",)) in {(one.subject, one.gained, one.lost) for one in found}


def test_a_path_to_another_tenant_is_named() -> None:
    """The path, and each verdict that it changes."""
    before, after = two_tenants(), two_tenants()
    after.leg("acme-edge", "globex-app", "10.0.0.2")
    found = {(one.party, one.cards, one.subject): one.gained for one in changes(reachable(before), reachable(after))}
    assert found["acme", ("network acme-app",), "paths to other tenants"] == ("to globex on network globex-app",)
    assert "structure: does not hold" in found["the cloud", ("the cloud",), "verdict"]


def test_other_destinations_by_the_same_way_are_a_change() -> None:
    """A route for another prefix leads to the same place."""
    before, after = two_zones(), two_zones()
    before.route("edge", "10.77.0.0/16", "10.0.1.200")
    after.route("edge", "10.78.0.0/16", "10.0.1.200")
    assert {one.subject for one in changes(reachable(before), reachable(after))} == {"paths"}


def said(snapshot: Snapshot) -> object:
    """Return the verdicts of a state and the pairs of parties that a path joins."""
    fabric = compile_fabric(snapshot)
    paths = Paths(fabric)
    crossings = {
        (crossing.party, other)
        for crossing in structural(paths)[1]
        for other in paths.parties_on[crossing.delivery.segment] - {crossing.party}
    }
    return tuple((judgement.claim, judgement.verdict) for judgement in prove(fabric).judgements), crossings


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_leak_is_a_change(leak: Callable[[Cloud], None]) -> None:
    """Whatever joins two tenants is a difference from the state before, and one in the verdict."""
    before, after = two_tenants(), two_tenants()
    leak(after)
    assert said(before.snapshot()) != said(after.snapshot())
    found = {one.subject: one.gained for one in changes(reachable(before), reachable(after))}
    assert "structure: does not hold" in found["verdict"]
    assert found.keys() - {"verdict"}


def test_whatever_changes_a_verdict_is_a_change() -> None:
    """On random clouds, each changed in one random record: where the proof says something else, there is a difference."""
    for seed in range(8):
        random = Random(seed)  # noqa: S311 - repeatable, not secret
        before = random_cloud(random)
        after = mutated(before, random)
        assert said(before) == said(after) or changes(ReachableTraffic(compile_fabric(before)), ReachableTraffic(compile_fabric(after))), (
            seed
        )


def mutated(snapshot: Snapshot, random: Random) -> Snapshot:
    """Return the state with one thing changed: a gateway's translation, a role, a wire, a port's guard, a rule, or a record gone."""
    records = list(records_of(snapshot))
    kinds: dict[type, Callable[[Any], object]] = {
        Router: lambda r: replace(
            r, gateways=tuple(replace(gateway, enable_snat=False) for gateway in r.gateways), routes=r.routes[: random.randint(0, 1)]
        ),
        Project: lambda r: replace(r, role=Role.TENANT if r.role is Role.PLATFORM else Role.PLATFORM),
        Network: lambda r: replace(r, provider_network_type="flat", provider_physical_network="p"),
        Subnet: lambda r: replace(r, cidr="10.0.0.0/24" if r.cidr.startswith("10.") else r.cidr),
        Port: lambda r: replace(r, port_security_enabled=False, security_groups=()),
        SecurityGroup: lambda r: replace(r, rules=r.rules[:1]),
    }
    place = random.choice([number for number, record in enumerate(records) if type(record) in kinds])
    records[place] = kinds[type(records[place])](records[place])  # type: ignore[call-overload] # a record of the same kind
    return from_records(snapshot.header, records)


def test_a_floating_ip_is_a_change() -> None:
    """A server that gets a public address has changed although its rules have not."""
    assert changed(lambda cloud: cloud.floating("203.0.113.61", "db-port")) == [("public addresses", ("db-port",), ("203.0.113.61",), ())]


def test_a_card_without_port_security_gains_everything() -> None:
    """Port security off lets every packet in and out and every address answer."""
    from infra.neutron.snapshot import Port  # noqa: PLC0415 - the record's name is all that is wanted here

    found = changed(lambda cloud: cloud.change(Port, "db-port", port_security_enabled=False, security_groups=()))
    assert {subject for subject, *_ in found} == {"ingress", "egress", "addresses"}


def test_the_widest_change_comes_first() -> None:
    """A hole of every port stands before one of a single port."""

    def open_both(cloud: Cloud) -> None:
        cloud.group("db", "acme", allow("ingress", "0.0.0.0/0"))
        cloud.group("web", "acme", allow("ingress", "0.0.0.0/0", "tcp", (443, 444)), allow("egress", "10.0.1.12/32", "tcp", (5432, 5440)))

    assert [cards for _, cards, *_ in changed(open_both)] == [("db-port",), ("web-port",)]


def test_the_matrix_shows_what_passes_and_nothing_else() -> None:
    """Zones by zones: web to db, the internet to web, and no other cell."""
    found = matrix(reachable(two_zones()), Level.ZONES)
    assert {key: cell.services for key, cell in found.cells.items()} == {
        ("acme on app", "acme on data"): ("tcp/5432-5433",),
        ("internet", "acme on app"): ("tcp/443",),
    }


def test_the_matrix_by_tenants_has_no_cell_between_tenants() -> None:
    """With every group open, tenants still have no private path to each other."""
    found = matrix(reachable(two_tenants()), Level.TENANTS)
    assert not {("acme", "globex"), ("globex", "acme")} & found.cells.keys()
    assert ("platform", "acme") in found.cells
