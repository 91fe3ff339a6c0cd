"""The expected matrix: every pair, both directions, every address, protocol and port, with what ought to happen. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from infra.policy.bastion import services_server_rules
from infra.policy.services import declared_services
from infra.render.expectation import Expected
from ringfence.verify.inventory import SERVICES
from ringfence.verify.model import Case, Layer, NodeRole, Place, Reach, Target, Via
from ringfence.verify.probes.expected import Expectation
from ringfence.verify.probes.ports import offered, probed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.model import Address
    from ringfence.verify.inventory import Inventory
    from ringfence.verify.model import Node, NodeNic

METADATA = ip_address("169.254.169.254")
"""Where clouds serve instance metadata (OpenStack Nova, "Metadata service"); our servers read their config drive instead."""
METADATA_PORT = 80
DROPPED = frozenset({Reach.TIMEOUT})
NO_ROUTE = frozenset({Reach.UNREACHABLE})
EITHER = DROPPED | NO_ROUTE
ICMP = ("icmp", 0)


@dataclass(frozen=True, slots=True)
class Selection:
    """What part of the matrix is wanted; empty sets mean everything."""

    sources: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    places: frozenset[Place] = frozenset()
    layers: frozenset[Layer] = frozenset(Layer)

    def wants(self, case: Case) -> bool:
        """Tell whether a case belongs to it."""
        return (
            case.layer in self.layers
            and (not self.sources or case.source in self.sources)
            and (not self.targets or case.target.node in self.targets)
            and (not self.places or case.target.place in self.places)
        )


class MatrixPlan:
    """The matrix of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.nodes = inventory.nodes()
        self.ports = probed((f for t in inventory.tenants for f in t.declaration.flows.values()), inventory.platform.ssh_port)
        own = offered(declared_services(inventory.platform)) if inventory.services() else ()
        self.further = {SERVICES: tuple(port for port in own if port not in self.ports)}
        """Ports that one node listens on besides."""
        self.expectation = Expectation(inventory.policies(), self.nodes, inventory.outer, services_server_rules(inventory.platform))
        self._aliases: dict[tuple[str, str, Address], frozenset[str]] = {}

    def cases(self) -> Iterator[Case]:
        """Yield every case, sockets before frames, source by source."""
        for source in self.nodes.values():
            for target in self.targets(source):
                for protocol, port in self.probes(target):
                    yield from self.sockets(source, target, protocol, port)
                    yield from self.frames(source, target, protocol, port)

    def targets(self, source: Node) -> Iterator[Target]:
        """Yield whatever a source tries to reach."""
        for node in self.nodes.values():
            if node.role is NodeRole.SERVER and node.name != source.name:
                yield from _addresses(node)
        services = self.inventory.services()
        if services is not None and source.name != services.name:
            nic = services.nics[0]
            yield Target(f"services {nic.addresses[0]}", Place.SERVICES, nic.addresses[0], services.name, nic.label)
        if source.role is NodeRole.SERVER:
            yield from self._infrastructure(source)

    def _infrastructure(self, source: Node) -> Iterator[Target]:
        """Yield what belongs to the platform or to nobody."""
        for address in dict.fromkeys(address for nic in source.nics for address in nic.gateways if nic.label != "management"):
            yield Target(f"gateway {address}", Place.GATEWAY, address)
        for tenant in self.inventory.tenants:
            address = tenant.management_router()
            yield Target(f"{tenant.name} management router {address}", Place.ROUTER, address)
        for address in (self.inventory.backbone_router(), *self.inventory.further_routers()):
            yield Target(f"platform router {address}", Place.ROUTER, address)
        nic = self.inventory.bastion().nics[0]
        yield Target(f"bastion {nic.addresses[0]}", Place.BASTION, nic.addresses[0], "platform/bastion", nic.label)
        public = self.inventory.platform_facts.bastion.address
        if public:
            yield Target(f"bastion {public}", Place.BASTION, ip_address(public), "platform/bastion", nic.label)
        yield Target(f"metadata {METADATA}", Place.METADATA, METADATA)
        for address in dict.fromkeys(address for address, _ in self.inventory.api):
            yield Target(f"API {address}", Place.API, address)
        if self.inventory.outside:
            for address in self.inventory.outside.nics[0].addresses:
                yield Target(f"outside {address}", Place.OUTSIDE, address, self.inventory.outside.name, "outside")

    def probes(self, target: Target) -> Iterator[tuple[str, int]]:
        """Yield protocol and port of everything that is tried at a target."""
        yield ICMP
        if target.place is Place.METADATA:
            yield "tcp", METADATA_PORT
        elif target.place is Place.API:
            yield from (("tcp", port) for address, port in self.inventory.api if address == target.address)
        elif target.node and target.place is not Place.BASTION:
            ports = (*self.ports, *self.further.get(target.node, ()))
            yield from ((protocol, port) for protocol in ("tcp", "udp") for port in ports)
        else:
            yield "tcp", self.inventory.platform.ssh_port

    def sockets(self, source: Node, target: Target, protocol: str, port: int) -> Iterator[Case]:
        """Yield the case of an ordinary socket; none when the source itself has the address, for then nothing leaves it."""
        if any(target.address in nic.addresses for nic in source.nics):
            return
        nic = _way_out(source, target)
        expected, why = self.expectation.decide(source, nic, target, protocol, port)
        if not self._is_tried(source, target, protocol, expected):
            return
        accepted = frozenset() if expected is Expected.ALLOWED else _accepted(source, target, self._is_home(source, target))
        yield Case(source.name, target, protocol, port, Layer.WHOLE, expected, why, accepted, self.aliases(source, target))

    def _is_tried(self, source: Node, target: Target, protocol: str, expected: Expected) -> bool:
        """Leave out what has no answer by nature: services nobody runs on a router, and SSH's own listener is judged elsewhere."""
        if expected is Expected.ALLOWED and target.place is Place.GATEWAY:
            return protocol == "icmp"
        if expected is Expected.ALLOWED and target.place is Place.SERVICES and protocol == "udp":
            return False  # a service of the platform does not answer a datagram of ours; frames show that it arrives
        return not (source.role is NodeRole.BASTION and target.place is Place.PUBLIC)

    def frames(self, source: Node, target: Target, protocol: str, port: int) -> Iterator[Case]:
        """Yield the cases of frames past the source's own firewall: they need a witness at the target, or an echo."""
        if source.role is not NodeRole.SERVER or not (target.node or protocol == "icmp"):
            return
        for nic, via in self.ways(source, target):
            expected, why = self.expectation.decide(source, nic, target, protocol, port)
            aliases = self.aliases(source, target)
            if expected is Expected.ALLOWED and (via.note or not target.node):
                continue
            yield Case(source.name, target, protocol, port, Layer.NETWORK, expected, why, frozenset({Reach.SENT}), aliases, via)

    def ways(self, source: Node, target: Target) -> Iterator[tuple[NodeNic, Via]]:
        """Yield the NICs and next hops by which a frame could get to a target, the ordinary one first (its note is empty)."""
        main = _way_out(source, target)
        management = source.nic("management")
        toward_management = target.place in {Place.MANAGEMENT, Place.ROUTER, Place.BASTION}
        others = (management,) if toward_management else source.nics[:1] if target.place is Place.SERVICES else ()
        for nic in dict.fromkeys((main, *others)):
            own, hop = nic.address(target.address.version), nic.gateway(target.address.version)
            if own is None or hop is None:
                continue
            foreign = target.node != "" and self.nodes[target.node].tenant != source.tenant
            note = "" if nic is main else "the management NIC" if nic is management else f"the NIC in zone {nic.label}"
            if nic.is_on_link(target.address) and not foreign:
                yield nic, Via(nic.device, own, nic.mac, target.mac, target.address, note)
                continue
            yield nic, Via(nic.device, own, nic.mac, "", hop, note)
            if foreign and target.mac and target.place in {Place.ZONE, Place.MANAGEMENT}:
                yield nic, Via(nic.device, own, nic.mac, target.mac, None, f"{nic.label} to its MAC")

    def aliases(self, source: Node, target: Target) -> frozenset[str]:
        """Return the nodes of the source's own tenant that have the same address as the target, but are not it."""
        key = source.tenant, target.node, target.address
        if key not in self._aliases:
            self._aliases[key] = frozenset(
                node.name
                for node in self.nodes.values()
                if node.tenant == source.tenant and node.name != target.node and any(target.address in nic.addresses for nic in node.nics)
            )
        return self._aliases[key]

    def _is_home(self, source: Node, target: Target) -> bool:
        """Tell whether anybody of the source's own tenant has the address."""
        owner = self.nodes.get(target.node)
        return target.place is Place.GATEWAY or (owner is not None and owner.tenant == source.tenant) or bool(self.aliases(source, target))


def _addresses(node: Node) -> Iterator[Target]:
    for nic in node.nics:
        place = Place.MANAGEMENT if nic.label == "management" else Place.ZONE
        for address in nic.addresses:
            yield Target(f"{node.name} {nic.label} {address}", place, address, node.name, nic.label, nic.mac)
    if node.public:
        nic = node.nics[0]
        yield Target(f"{node.name} public {node.public}", Place.PUBLIC, node.public, node.name, nic.label, nic.mac)


def _way_out(source: Node, target: Target) -> NodeNic:
    """Return the nic by which the source's routes send packets to an address: on-link first, else the first nic.

    The backbone is the one destination of the management nic's route.
    """
    if target.place is Place.SERVICES:
        return source.nics[-1]
    return next((nic for nic in source.nics if nic.is_on_link(target.address)), source.nics[0])


def _accepted(source: Node, target: Target, home: bool) -> frozenset[Reach]:  # noqa: FBT001 - a fact, not a switch
    """Return the kinds of "no" that a denied socket may end in.

    Dropped silently, hence TIMEOUT. A server without a route of the family says UNREACHABLE. So may one that asks its own segment for an
    address that nobody has there, and the bastion and the outside, whose routes are not the tenants' business.
    """
    if source.role is not NodeRole.SERVER:
        return EITHER
    nic = _way_out(source, target)
    if nic.gateway(target.address.version) is None:
        return NO_ROUTE
    return DROPPED if home or not nic.is_on_link(target.address) else EITHER
