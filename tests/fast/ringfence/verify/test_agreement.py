"""``verify`` and ``prove`` agree: the expected matrix and the fabric say the same of every pair of the declared tenants' NICs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.declaration import load_tenant, names
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.sources.declared import declared_snapshot
from infra.queries.sides import INTERNET, group
from infra.queries.traffic import ReachableTraffic
from infra.render.expectation import Expected
from ringfence.verify.model import NodeRole, Place
from ringfence.verify.probes.expected import ECHO_REQUEST
from ringfence.verify.probes.plan import MatrixPlan
from tests.fast.declaration.declared import shipped_platform
from tests.fast.ringfence.verify.inventories import ROOT, SEGMENTS, TODAY, inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.model import Address
    from infra.neutron.snapshot import Snapshot
    from infra.policy.rules import Rule
    from infra.queries.sides import Side
    from infra.queries.traffic import Traffic
    from infra.ranges import Ranges
    from ringfence.verify.inventory import TenantInventory
    from ringfence.verify.model import Node, NodeNic, Target

pytestmark = pytest.mark.fast

NUMBERS = {"tcp": 6, "udp": 17}


def placed(tenant: TenantInventory, snapshot: Snapshot) -> TenantInventory:
    """Return a tenant with the addresses that the declared snapshot counts out, in place of a cloud's."""
    fixed = {port.id: port.fixed_ips[0].ip_address for port in snapshot.ports}
    floating = {one.id: one.floating_ip_address for one in snapshot.floating_ips}
    servers = {
        server: msgspec.structs.replace(
            known, management=fixed[names.management_port(tenant.name, server)], public=floating.get(names.server(tenant.name, server))
        )
        for server, known in tenant.facts.servers.items()
    }
    return replace(tenant, facts=msgspec.structs.replace(tenant.facts, servers=servers))


@dataclass(frozen=True)
class Question:
    """May the first packet of a protocol and port pass from a NIC to a target?"""

    source: Node
    nic: NodeNic
    target: Target
    protocol: str
    port: int


class Both:
    """The two of them, on the declarations of the tree."""

    def __init__(self) -> None:
        platform = shipped_platform()
        declared = [load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=TODAY) for name in SEGMENTS]
        snapshot = declared_snapshot(platform, declared)
        gateways = {router.id: router.gateways[0].external_fixed_ips[0].ip_address for router in snapshot.routers if router.gateways}
        before = inventory()
        self.outer = {tenant: ip_address(gateways[names.edge_router(tenant)] or "") for tenant in SEGMENTS}
        self.inventory = replace(before, tenants=tuple(placed(tenant, snapshot) for tenant in before.tenants), outer=self.outer)
        self.plan = MatrixPlan(self.inventory)
        self.reachable = ReachableTraffic(compile_fabric(snapshot))
        ends = self.reachable.fabric.endpoints
        self.endpoint = {name: number for number, name in enumerate(ends.ids)}
        self.between = lru_cache(maxsize=None)(self._between)

    def questions(self) -> Iterator[Question]:
        """Yield every question about a server's NIC, and from everybody."""
        for source in self.plan.nodes.values():
            for target in self.plan.targets(source):
                if target.place in {Place.ZONE, Place.MANAGEMENT, Place.PUBLIC}:
                    yield from (Question(source, nic, target, *probe) for nic in source.nics for probe in self.plan.probes(target))

    def expected(self, asked: Question) -> bool:
        """Ask ``verify``."""
        verdict, _ = self.plan.expectation.decide(asked.source, asked.nic, asked.target, asked.protocol, asked.port)
        return verdict is Expected.ALLOWED

    def proven(self, asked: Question) -> bool:
        """Ask ``prove``: some traffic holds the packet as the target sees it."""
        target = asked.target
        owner = self.plan.nodes[target.node]
        source = _port(asked.source, asked.nic.label) if asked.source.role is not NodeRole.OUTSIDE else ""
        found = self.between(source, _port(owner, target.label))
        if target.place is not Place.PUBLIC:
            seen = asked.nic.address(target.address.version)
            return any(_holds(traffic, asked, (seen, target.address)) for traffic in found if traffic.public_address is None)
        inner = owner.nic(target.label).address(4)
        seen = self.seen(asked.source, asked.nic)
        public_addresses = (
            traffic for traffic in found if traffic.public_address and traffic.public_address.address == int(target.address)
        )
        return any(_holds(traffic, asked, (seen, inner)) for traffic in public_addresses)

    def seen(self, source: Node, nic: NodeNic) -> Address | None:
        """Return the public address under which a node is seen."""
        return source.public or self.outer[source.tenant] if source.role is NodeRole.SERVER else nic.address(4)

    def _between(self, source: str, target: str) -> list[Traffic]:
        return self.reachable.between(self._side(source) if source else INTERNET, self._side(target))

    def _side(self, port: str) -> Side:
        (side,) = group(self.reachable.fabric, [self.endpoint[port]])
        return side


def _port(node: Node, label: str) -> str:
    server = node.name.partition("/")[2]
    if node.role is NodeRole.BASTION:
        return names.BASTION
    return names.management_port(node.tenant, server) if label == "management" else names.port(node.tenant, server, label)


def _holds(traffic: Traffic, asked: Question, ends: tuple[Address | None, Address | None]) -> bool:
    source, destination = ends
    if source is None or destination is None:
        return False
    l4 = _point(asked, destination.version)
    boxes = [box for box in traffic.boxes if box.l4_lo <= l4 < box.l4_hi]
    return any(_within(source, box.sources) and _within(destination, box.destinations) for box in boxes)


def _point(asked: Question, version: int) -> int:
    if asked.protocol == "icmp":
        return (1 if version == 4 else 58) << 16 | ECHO_REQUEST[version] << 8
    return NUMBERS[asked.protocol] << 16 | asked.port


def _within(address: Address, ranges: Ranges) -> bool:
    return any(family == address.version and first <= int(address) <= last for family, first, last in ranges)


@pytest.fixture(scope="module")
def both() -> Both:
    """The two of them."""
    return Both()


def test_they_agree_on_every_pair(both: Both) -> None:
    """Every NIC to every address of every server, both families, ICMP and every port that a flow names or leaves out beside it."""
    answers = [(one, both.expected(one), both.proven(one)) for one in both.questions()]
    assert [one for one, expected, proven in answers if expected is not proven] == []
    assert {expected for _, expected, _ in answers} == {True, False}
    assert len(answers) > 3000


def test_they_are_asked_about_everybody(both: Both) -> None:
    """Both tenants, the bastion and the internet ask; zones, management and public addresses of both families are asked for."""
    asked = list(both.questions())
    assert {(one.source.tenant, one.source.role) for one in asked} == {
        ("acme", NodeRole.SERVER), ("globex", NodeRole.SERVER), ("platform", NodeRole.BASTION), ("internet", NodeRole.OUTSIDE),
    }  # fmt: skip
    assert {(one.target.node.partition("/")[0], one.target.place) for one in asked} == {
        (tenant, place) for tenant in SEGMENTS for place in (Place.ZONE, Place.MANAGEMENT, Place.PUBLIC)
    }
    assert {one.target.address.version for one in asked} == {4, 6}
    assert {one.protocol for one in asked} == {"icmp", "tcp", "udp"}


def test_a_rule_of_one_alone_is_noticed(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were verify to know one rule less than the fabric, or all rules of the tenant on every NIC, the comparison would say so."""
    rules, policies = both.plan.expectation.rules, both.inventory.policies()

    def less(node: Node, nic: NodeNic) -> tuple[Rule, ...]:
        return rules(node, nic)[:-1]

    def more(node: Node, _card: NodeNic) -> tuple[Rule, ...]:
        return tuple(rule for each in policies[node.tenant].groups.values() for rule in each.rules)

    for other in (less, more):
        monkeypatch.setattr(both.plan.expectation, "rules", other)
        assert any(both.expected(one) is not both.proven(one) for one in both.questions())
