"""Counterexamples: a packet out of a box, between two endpoints, with the links that carry it and the rules that let it through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.proof.report import Claim, Counterexample, Packet
from infra.ranges import Range, Ranges, intersection
from infra.reachability.connection_tracking import answers
from infra.reachability.fabric import UNFILTERED, Direction
from infra.reachability.filtering import rules
from infra.reachability.paths import TO_ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.reachability.fabric import Fabric, Origin
    from infra.reachability.filtering import PassedPackets
    from infra.reachability.paths import Paths

LISTED = 20
"""Counterexamples that are worked out in full; the verdict needs one."""

ANSWER = "as an answer to"
"""Begins the text of a rule that lets a packet pass because connection tracking takes it for an answer."""

TO_ALL_BARE = f"{TO_ALL}, nor are the groups of receivers on the sender's host asked"
"""Say how a packet comes to a neighbour that does not have its destination."""

_FLOODED: Ranges = ((4, (224 << 24) + 1, (240 << 24) - 1), (4, (1 << 32) - 1, (1 << 32) - 1), (6, (0xFF02 << 112) + 1, (1 << 128) - 1))
"""Multicast, limited broadcast: destinations that are nobody's own."""

_FIRST_PORT = (6 << 16) + 1
"""TCP port 1: the packet that people can send, out of a box that begins with protocols nobody has heard of."""


def example(
    paths: Paths,
    claim: Claim,
    pair: tuple[int, int],
    packet: Packet,
    *,
    links: tuple[str, ...],
    open_: bool,
    found: tuple[Origin, ...] = (),
    text: str = "",
) -> Counterexample:
    """Build a counterexample between two endpoints."""
    ends = paths.fabric.endpoints
    names = [paths.fabric.parties[int(ends.party[endpoint])].name for endpoint in pair]
    return Counterexample(claim, ends.names[pair[0]], names[0], ends.names[pair[1]], names[1], packet, open_, links, found, text)


def passing_example(paths: Paths, claim: Claim, passing: PassedPackets, links: tuple[str, ...], text: str = "") -> Counterexample:
    """Turn a box into a counterexample with the rules on both sides."""
    l4 = _FIRST_PORT if passing.l4_lo < _FIRST_PORT < passing.l4_hi else passing.l4_lo
    packet = Packet(passing.source[0], passing.source[1], passing.target[1], l4)
    source, target = _holding(paths.fabric.builder.sources, passing.sources, passing.source), passing.targets[0]
    found = (*_let_through(paths.fabric, source, Direction.EGRESS, packet), *_let_through(paths.fabric, target, Direction.INGRESS, packet))
    return example(paths, claim, (source, target), packet, links=links, open_=True, found=found, text=text)


def flooded(span: Range) -> Range:
    """Return the part of a range that is sent to all by its nature: all hosts' multicast or broadcast; the range where it has none."""
    return next((found[0] for found in (intersection((span,), (one,)) for one in _FLOODED) if found), span)


def _holding(addresses: Callable[[int], Ranges], endpoints: tuple[int, ...], span: Range) -> int:
    """Return an endpoint that has the first address of a range as its own; any, when it is a translated one."""
    first = ((span[0], span[1], span[1]),)
    return next((endpoint for endpoint in endpoints if intersection(first, addresses(endpoint))), endpoints[0])


def _let_through(fabric: Fabric, endpoint: int, direction: Direction, packet: Packet) -> tuple[Origin, ...]:
    """Return the rules that let a packet pass in one direction; where there are none, those that it may pass as an answer to."""
    found = rules_for(fabric, endpoint, direction, packet)
    if found:
        return found
    other, peer = (Direction.EGRESS, packet.source) if direction is Direction.INGRESS else (Direction.INGRESS, packet.destination)
    asked = rules(fabric, int(fabric.endpoints.filter_class[endpoint]), other)
    here = (a for a in asked if a.family == packet.family and a.first <= peer <= a.last)
    origins = (fabric.builder.origin(a.rule) for a in here if any(b.l4_lo <= packet.l4 < b.l4_hi for b in answers((a,))))
    return tuple(replace(origin, text=f"{ANSWER} {origin.text}") for origin in origins)


def rules_for(fabric: Fabric, endpoint: int, direction: Direction, packet: Packet) -> tuple[Origin, ...]:
    """Return the rules of an endpoint that let a packet pass in one direction."""
    filter_class = int(fabric.endpoints.filter_class[endpoint])
    if filter_class == UNFILTERED:
        return (fabric.builder.origin(UNFILTERED),)
    peer = packet.source if direction is Direction.INGRESS else packet.destination
    return tuple(
        fabric.builder.origin(allow.rule)
        for allow in rules(fabric, filter_class, direction)
        if allow.family == packet.family and allow.first <= peer <= allow.last and allow.l4_lo <= packet.l4 < allow.l4_hi
    )
