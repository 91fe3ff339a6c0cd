"""``why`` and ``why-not``: the way and the rules that let packets pass, or every place that stops them and what would open it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.packets.packetset import PacketSet
from infra.queries.answers import addresses, can, not_too_many, sentences
from infra.queries.sides import Side, World
from infra.queries.traffic import points
from infra.ranges import difference, intersection, normal
from infra.reachability.fabric import UNFILTERED, Direction
from infra.reachability.filtering import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.queries.answers import AskedService
    from infra.queries.sides import Place
    from infra.queries.traffic import ReachableTraffic, Traffic
    from infra.ranges import Ranges
    from infra.reachability.fabric import Allow, Fabric, Origin


LINK_LOCAL: Ranges = ((6, 0xFE80 << 112, (0xFEC0 << 112) - 1),)
"""RFC 4291, 2.5.6."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why packets pass: the links that carry them and the rules on both sides. A side without a filter says so in its one origin."""

    traffic: Traffic
    packets: tuple[str, ...]
    leaving: tuple[Origin, ...]
    entering: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One place that stops the packets: ``where``, in a sentence, and the smallest ``change`` that would let them pass there."""

    where: str
    text: str
    change: str


@dataclass(frozen=True, slots=True)
class Denial:
    """Everything that stops the service between two places; all the changes are needed together."""

    source: Place
    target: Place
    blocks: tuple[Block, ...]


def why(
    reachable: ReachableTraffic, sources: Iterable[Place], targets: Iterable[Place], service: AskedService | None = None
) -> list[Reason]:
    """Return one reason per way on which packets of the service pass; empty when none does."""
    return [_reason(reachable.fabric, traffic) for traffic in can(reachable, sources, targets, service)]


def _reason(fabric: Fabric, traffic: Traffic) -> Reason:
    leaving = _rules(fabric, traffic.source, Direction.EGRESS, traffic)
    entering = _rules(fabric, traffic.target, Direction.INGRESS, traffic)
    return Reason(traffic, tuple(sentences(traffic)), leaving, entering)


def _rules(fabric: Fabric, side: Place, direction: Direction, traffic: Traffic) -> tuple[Origin, ...]:
    if isinstance(side, World):
        return ()
    if side.filter_class == UNFILTERED:
        return (fabric.builder.origin(UNFILTERED),)
    found = (allow for allow in rules(fabric, side.filter_class, direction) if _helps(allow, direction, traffic))
    return tuple(fabric.builder.origin(rule) for rule in dict.fromkeys(allow.rule for allow in found))


def _helps(allow: Allow, direction: Direction, traffic: Traffic) -> bool:
    """Tell whether a rule lets part of some traffic pass, on the side and in the direction that it belongs to."""
    public = traffic.public_address if direction is Direction.EGRESS else None
    shift = public.shift if public else 0
    span = ((allow.family, allow.first, allow.last),)
    for box in traffic.boxes:
        peers = box.sources if direction is Direction.INGRESS else box.destinations
        peers = ((public.family, public.address, public.address),) if public else peers
        if allow.l4_lo < box.l4_hi - shift and box.l4_lo - shift < allow.l4_hi and intersection(span, peers):
            return True
    return False


def all_denials(reachable: ReachableTraffic, sources: Iterable[Place], targets: Iterable[Place], service: AskedService) -> list[Denial]:
    """Return what stops the service, for every pair of places.

    Raises:
        QuestionError: there are more pairs than anybody could read.
    """
    pairs = not_too_many(((source, target) for source in sources for target in list(targets) if source != target), "pairs")
    return [why_not(reachable, source, target, service) for source, target in pairs]


def why_not(reachable: ReachableTraffic, source: Place, target: Place, service: AskedService) -> Denial:
    """Return every place that stops part of the service between two places; no blocks means that all of it passes."""
    return Denial(source, target, tuple(_blocks(reachable, source, target, service)))


def _blocks(reachable: ReachableTraffic, source: Place, target: Place, service: AskedService) -> Iterator[Block]:
    destinations, sources, no_path = _ends(reachable, source, target)
    if no_path is not None:
        yield no_path
    if isinstance(source, Side):
        yield from _missing(reachable, source, Direction.EGRESS, destinations, service)
    if isinstance(target, Side):
        yield from _missing(reachable, target, Direction.INGRESS, sources, service)


def _ends(reachable: ReachableTraffic, source: Place, target: Place) -> tuple[Ranges, Ranges, Block | None]:
    """Return the addresses that the packets would go to and come from, and what is wrong with the way between."""
    fabric = reachable.fabric
    sources = source.ranges if isinstance(source, World) else _own(fabric, source, sending=True)
    destinations = target.ranges if isinstance(target, World) else _own(fabric, target, sending=False)
    if isinstance(source, Side):
        public_addresses = _public_addresses_on_the_way(reachable, source, target)
        if public_addresses:  # the target sees the source as the outside does, and the source sends to the public address
            return public_addresses, reachable.outside_addresses(source), None
        return destinations, sources, _no_path(reachable, source, target)
    if isinstance(target, Side) and not reachable.public_addresses(target):
        text = f"{target.name} has no public address"
        return destinations, sources, Block("the way in", text, "give the server a public address (`public:` in the declaration)")
    return destinations, sources, None


def _own(fabric: Fabric, side: Side, *, sending: bool) -> Ranges:
    """Return a side's addresses; those that are valid on a link only are no routed packet's."""
    builder = fabric.builder
    every = normal(span for member in side.members for span in (builder.sources(member) if sending else builder.targets(member)))
    return difference(every, LINK_LOCAL)


def _arrives(reachable: ReachableTraffic, source: Side, target: Side) -> bool:
    """Tell whether routing leads from one side to the other by the target's own addresses."""
    paths = reachable.paths
    reach = paths.reach((source.segment,))
    arrived = (delivery for delivery in paths.deliveries(reach, public=True) if delivery.segment == target.segment)
    return any(paths.takes(member, delivery) for delivery in arrived for member in target.members)


def _public_addresses_on_the_way(reachable: ReachableTraffic, source: Side, target: Place) -> Ranges:
    """Return the public addresses by which a side gets to another one, where there is no other way."""
    if isinstance(target, World) or _arrives(reachable, source, target):
        return ()
    public_addresses = normal((public.family, public.address, public.address) for public in reachable.public_addresses(target))
    return intersection(public_addresses, reachable.leaving(reachable.paths.reach((source.segment,)))) if public_addresses else ()


def _no_path(reachable: ReachableTraffic, source: Side, target: Place) -> Block | None:
    fabric, paths = reachable.fabric, reachable.paths
    reach = paths.reach((source.segment,))
    start = fabric.segments[source.segment].name
    if isinstance(target, World):
        if intersection(reachable.leaving(reach), target.ranges):
            return None
        return Block("the way out", f"no router on the way from network {start} leads outside", "connect the network to an edge router")
    if _arrives(reachable, source, target):
        return None
    routers = ", ".join(fabric.routers[router].name for router in reach.routers) or "none"
    end = fabric.segments[target.segment].name
    text = f"no path leads from network {start} to network {end} (routers that packets can get to: {routers})"
    same = source.party == target.party
    change = "a router with interfaces on both networks" if same else "none: two tenants' networks are apart on purpose"
    return Block("the path", text, change)


def _missing(reachable: ReachableTraffic, side: Side, direction: Direction, peers: Ranges, service: AskedService) -> Iterator[Block]:
    wanted = PacketSet.of([((service.lo, service.hi), points(span)) for span in peers])
    versions = {span[0] for span in peers}
    allowed = reachable.allowed(side.filter_class, direction)
    rest = wanted - allowed
    if not rest:
        return
    if any(not rest.only(version) for version in versions):
        return  # one family passes whole: nothing stands in the way of the service as such
    verb = "send" if direction is Direction.EGRESS else "take"
    preposition = "to" if direction is Direction.EGRESS else "from"
    ends = addresses(peers)
    text = f"no rule of {side.name} lets it {verb} {service.text} {preposition} {ends}"
    change = f"{direction.value} {service.text} {preposition} {ends}"
    yield Block(f"{direction.value} of {side.name}", text, f"a rule: {change}")


def suggested_flow(source: str, target: str, service: AskedService) -> tuple[str, ...]:
    """Return the lines of the smallest flow that would allow the service, as they would stand in a tenant's declaration.

    ``source`` and ``target`` are names as people write them (``acme/web``, ``internet``). No flow joins two tenants: then none is returned.
    """
    tenants = {name.split("/")[0] for name in (source, target) if "/" in name}
    if len(tenants) != 1:
        return ()
    protocol, _, detail = service.text.partition("/")
    ports = f", ports: [{detail}]" if detail else ""
    match = f", icmp: {{type: {detail}}}" if "icmp" in protocol and detail else ports
    ends = [name.split("/")[1] if "/" in name else name for name in (source, target)]
    return ("flows:", f"  NAME: {{from: {ends[0]}, to: {ends[1]}, protocol: {protocol}{match}, reason: WHY, owner: WHO}}")
