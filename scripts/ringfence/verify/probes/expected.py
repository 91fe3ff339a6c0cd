"""What packets ought to do, from the declarations alone. Pure.

A communication passes when the sender's rules let it out, the receiver's rules let it in, and there is a path at all: within a tenant over
its edge router, to public addresses and to the outside over the external network; never between private addresses of two tenants and never
from a zone to management.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration.model import Protocol
from infra.policy.rules import Direction
from infra.render.expectation import Expected, Packet, deciding_rule
from ringfence.verify.model import NodeRole, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Address
    from infra.policy.rules import Rule, TenantPolicy
    from ringfence.verify.model import Node, NodeNic, Target

FILTERED = frozenset({NodeRole.SERVER, NodeRole.SERVICES})
"""Whose rules are known here in both directions."""
ECHO_REQUEST = {4: 8, 6: 128}
NO_FLOW = "no flow allows it"
NO_PATH = "there is no path between tenants"
APART = "management is apart from zones and from other tenants"


def first_packet(ends: tuple[Address | None, Address | None], protocol: str, port: int) -> Packet | None:
    """Return the first packet of a communication between two addresses; none when an end has no address, or not of the same family.

    ``protocol`` is what probes call it: ``icmp`` is an echo request of either family.
    """
    source, destination = ends
    if source is None or destination is None or source.version != destination.version:
        return None
    if protocol == "icmp":
        kind = Protocol.ICMP if source.version == 4 else Protocol.ICMPV6  # noqa: PLR2004 - the family is its version number
        return Packet(source, destination, kind, ECHO_REQUEST[source.version], 0)
    return Packet(source, destination, Protocol(protocol), port)


def matching(rules: Iterable[Rule], direction: Direction, packet: Packet | None) -> Rule | None:
    """Return the first rule that allows a packet, if there is one and any does."""
    return deciding_rule(rules, direction, packet) if packet is not None else None


class Expectation:
    """The expected matrix of a set of tenants.

    ``policies`` by tenant; ``outer`` is the address a tenant's servers have outside when they have no public one of their own (SNAT),
    ``services`` are the rules of the services server, if there is one.
    """

    def __init__(
        self,
        policies: dict[str, TenantPolicy],
        nodes: dict[str, Node],
        outer: dict[str, Address],
        services: tuple[Rule, ...] = (),
    ) -> None:
        self._policies, self._nodes, self._outer, self._services = policies, nodes, outer, services
        self._in_force: dict[tuple[str, str], tuple[Rule, ...]] = {}

    def rules(self, node: Node, nic: NodeNic) -> tuple[Rule, ...]:
        """Return the rules in force on a nic of a tenant's server, or of the services server; thousands of probes ask for the same."""
        key = node.name, nic.label
        if key not in self._in_force:
            self._in_force[key] = self._declared(node, nic)
        return self._in_force[key]

    def _declared(self, node: Node, nic: NodeNic) -> tuple[Rule, ...]:
        if node.role is NodeRole.SERVICES:
            return self._services
        policy = self._policies[node.tenant]
        if nic.label == "management":
            return policy.groups["management"].rules
        server = node.name.partition("/")[2]
        declared = next(declared for declared in policy.server_nics(server) if declared.zone == nic.label)
        return policy.nic_rules(declared)

    def decide(self, source: Node, nic: NodeNic, target: Target, protocol: str, port: int) -> tuple[Expected, str]:
        """Say whether the packets pass, and why: the flow's name, or what forbids it."""
        sent = first_packet((nic.address(target.address.version), target.address), protocol, port)
        out = self._leaves(source, nic, sent)
        if out is None:
            return Expected.DENIED, NO_FLOW
        barrier = self._barrier(source, nic, target)
        if barrier:
            return Expected.DENIED, barrier
        if target.place in {Place.OUTSIDE, Place.GATEWAY}:
            return Expected.ALLOWED, out
        receiver = self._nodes.get(target.node)
        if receiver is None or receiver.role not in FILTERED:
            return Expected.DENIED, NO_FLOW
        seen = first_packet((self._seen_as(source, nic, target), target.address), protocol, port)
        rule = matching(self.rules(receiver, receiver.nic(target.label)), Direction.INGRESS, seen)
        return (Expected.ALLOWED, rule.origin.flow) if rule else (Expected.DENIED, NO_FLOW)

    def _leaves(self, source: Node, nic: NodeNic, packet: Packet | None) -> str | None:
        """Return the name of what lets the packet out of its sender; the outside and the bastion have no rules of a tenant."""
        if source.role not in FILTERED:
            return str(source.role)
        rule = matching(self.rules(source, nic), Direction.EGRESS, packet)
        return rule.origin.flow if rule else None

    def _barrier(self, source: Node, nic: NodeNic, target: Target) -> str:
        """Say what keeps the two apart whatever the rules are, or nothing."""
        if target.place is Place.MANAGEMENT:
            return "" if source.role is NodeRole.BASTION else APART
        if target.place is Place.SERVICES:
            return "" if nic.label == "management" else APART
        if target.place in {Place.ROUTER, Place.BASTION, Place.METADATA, Place.API}:
            return APART
        owner = self._nodes.get(target.node)
        if target.place is Place.ZONE and (owner is None or owner.tenant != source.tenant):
            return NO_PATH
        return ""

    def _seen_as(self, source: Node, nic: NodeNic, target: Target) -> Address | None:
        """Return the address that the receiver sees the packets come from."""
        if target.place is Place.PUBLIC and source.role is NodeRole.SERVER:
            return source.public or self._outer.get(source.tenant)
        return nic.address(target.address.version)
