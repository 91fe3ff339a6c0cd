"""The expected matrix: every pair, both directions, every address, protocol and port, with what ought to happen. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from infra.render.expectation import Expected
from ringfence.verify.model import Case, Layer, Place, Reach, Role, Target, Via
from ringfence.verify.probes.expected import Expectation
from ringfence.verify.probes.ports import probed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.inventory import World
    from ringfence.verify.model import Card, Node

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


class Plan:
    """The matrix of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.nodes = world.nodes()
        self.ports = probed((f for t in world.tenants for f in t.declaration.flows.values()), world.platform.ssh_port)
        self.expectation = Expectation(world.policies(), self.nodes, world.outer)

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
            if node.role is Role.SERVER and node.name != source.name:
                yield from _addresses(node)
        if source.role is Role.SERVER:
            yield from self._infrastructure(source)

    def _infrastructure(self, source: Node) -> Iterator[Target]:
        """Yield what belongs to the platform or to nobody."""
        for address in dict.fromkeys(address for card in source.cards for address in card.gateways if card.label != "management"):
            yield Target(f"gateway {address}", Place.GATEWAY, address)
        for tenant in self.world.tenants:
            address = tenant.management_router()
            yield Target(f"{tenant.name} management router {address}", Place.ROUTER, address)
        for address in (self.world.backbone_router(), *self.world.further_routers()):
            yield Target(f"platform router {address}", Place.ROUTER, address)
        card = self.world.bastion().cards[0]
        yield Target(f"bastion {card.addresses[0]}", Place.BASTION, card.addresses[0], "platform/bastion", card.label)
        public = self.world.platform_facts.bastion.address
        if public:
            yield Target(f"bastion {public}", Place.BASTION, ip_address(public), "platform/bastion", card.label)
        yield Target(f"metadata {METADATA}", Place.METADATA, METADATA)
        for address in dict.fromkeys(address for address, _ in self.world.api):
            yield Target(f"API {address}", Place.API, address)
        if self.world.outside:
            for address in self.world.outside.cards[0].addresses:
                yield Target(f"outside {address}", Place.OUTSIDE, address, self.world.outside.name, "outside")

    def probes(self, target: Target) -> Iterator[tuple[str, int]]:
        """Yield protocol and port of everything that is tried at a target."""
        yield ICMP
        if target.place is Place.METADATA:
            yield "tcp", METADATA_PORT
        elif target.place is Place.API:
            yield from (("tcp", port) for address, port in self.world.api if address == target.address)
        elif target.node and target.place is not Place.BASTION:
            yield from ((protocol, port) for protocol in ("tcp", "udp") for port in self.ports)
        else:
            yield "tcp", self.world.platform.ssh_port

    def sockets(self, source: Node, target: Target, protocol: str, port: int) -> Iterator[Case]:
        """Yield the case of an ordinary socket; none when the source itself has the address, for then nothing leaves it."""
        if any(target.address in card.addresses for card in source.cards):
            return
        card = _way_out(source, target)
        expected, why = self.expectation.decide(source, card, target, protocol, port)
        if not self._is_tried(source, target, protocol, expected):
            return
        accepted = frozenset() if expected is Expected.ALLOWED else _accepted(source, target, self._is_home(source, target))
        yield Case(source.name, target, protocol, port, Layer.WHOLE, expected, why, accepted, self.aliases(source, target))

    def _is_tried(self, source: Node, target: Target, protocol: str, expected: Expected) -> bool:
        """Leave out what has no answer by nature: services nobody runs on a router, and SSH's own listener is judged elsewhere."""
        if expected is Expected.ALLOWED and target.place is Place.GATEWAY:
            return protocol == "icmp"
        return not (source.role is Role.BASTION and target.place is Place.PUBLIC)

    def frames(self, source: Node, target: Target, protocol: str, port: int) -> Iterator[Case]:
        """Yield the cases of frames past the source's own firewall: they need a witness at the target, or an echo."""
        if source.role is not Role.SERVER or not (target.node or protocol == "icmp"):
            return
        for card, via in self.ways(source, target):
            expected, why = self.expectation.decide(source, card, target, protocol, port)
            aliases = self.aliases(source, target)
            if expected is Expected.ALLOWED and (via.note or not target.node):
                continue
            yield Case(source.name, target, protocol, port, Layer.NETWORK, expected, why, frozenset({Reach.SENT}), aliases, via)

    def ways(self, source: Node, target: Target) -> Iterator[tuple[Card, Via]]:
        """Yield the cards and next hops by which a frame could get to a target, the ordinary one first (its note is empty)."""
        main = _way_out(source, target)
        management = source.card("management")
        toward_management = target.place in {Place.MANAGEMENT, Place.ROUTER, Place.BASTION}
        for card in dict.fromkeys((main, management) if toward_management else (main,)):
            own, hop = card.address(target.address.version), card.gateway(target.address.version)
            if own is None or hop is None:
                continue
            foreign = target.node != "" and self.nodes[target.node].tenant != source.tenant
            note = "" if card is main else "the management NIC"
            if card.is_on_link(target.address) and not foreign:
                yield card, Via(card.device, own, card.mac, target.mac, target.address, note)
                continue
            yield card, Via(card.device, own, card.mac, "", hop, note)
            if foreign and target.mac and target.place in {Place.ZONE, Place.MANAGEMENT}:
                yield card, Via(card.device, own, card.mac, target.mac, None, f"{card.label} to its MAC")

    def aliases(self, source: Node, target: Target) -> frozenset[str]:
        """Return the nodes of the source's own tenant that have the same address as the target, but are not it."""
        return frozenset(
            node.name
            for node in self.nodes.values()
            if node.tenant == source.tenant and node.name != target.node and any(target.address in card.addresses for card in node.cards)
        )

    def _is_home(self, source: Node, target: Target) -> bool:
        """Tell whether anybody of the source's own tenant has the address."""
        owner = self.nodes.get(target.node)
        return target.place is Place.GATEWAY or (owner is not None and owner.tenant == source.tenant) or bool(self.aliases(source, target))


def _addresses(node: Node) -> Iterator[Target]:
    for card in node.cards:
        place = Place.MANAGEMENT if card.label == "management" else Place.ZONE
        for address in card.addresses:
            yield Target(f"{node.name} {card.label} {address}", place, address, node.name, card.label, card.mac)
    if node.public:
        card = node.cards[0]
        yield Target(f"{node.name} public {node.public}", Place.PUBLIC, node.public, node.name, card.label, card.mac)


def _way_out(source: Node, target: Target) -> Card:
    """Return the card by which the source's routes send packets to an address: on-link first, else the first card."""
    return next((card for card in source.cards if card.is_on_link(target.address)), source.cards[0])


def _accepted(source: Node, target: Target, home: bool) -> frozenset[Reach]:  # noqa: FBT001 - a fact, not a switch
    """Return the kinds of "no" that a denied socket may end in.

    Dropped silently, hence TIMEOUT. A server without a route of the family says UNREACHABLE. So may one that asks its own segment for an
    address that nobody has there, and the bastion and the outside, whose routes are not the tenants' business.
    """
    if source.role is not Role.SERVER:
        return EITHER
    card = _way_out(source, target)
    if card.gateway(target.address.version) is None:
        return NO_ROUTE
    return DROPPED if home or not card.is_on_link(target.address) else EITHER
