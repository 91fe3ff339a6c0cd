"""The claim ``public``: by public addresses, a tenant reaches no more of another tenant than everybody on the internet does.

A service that admits every address of the external networks is public. One that admits only some, among them addresses under which
another tenant appears, is a way from that tenant: a partner's prefix that is too wide, for instance.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.policy.isolation.fabric import UNFILTERED, Allow, Direction, PublicAddress
from infra.policy.isolation.filtering import axis_of, coordinates, rules
from infra.policy.isolation.ranges import ANY, PRIVATE, Ranges, covers, difference, intersection, normal
from infra.policy.isolation.report import Claim, Counterexample, Exposure, Judgement, Packet, Verdict
from infra.policy.isolation.structure import LISTED, example, rules_for
from infra.policy.packets.axes import L4_POINTS
from infra.policy.packets.canonical import canonicalise
from infra.policy.packets.table import RuleTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.policy.isolation.paths import Paths
    from infra.policy.isolation.ranges import Range

Face = tuple[int, "Range", list[int]]
"""A public address under which a tenant appears outside: (party, address, its endpoints behind it)."""

Slabs = list[tuple[int, int, Ranges]]
"""What a class admits: (l4_lo, l4_hi, peers)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a slab of a filter opens at a door: layer 4 as the endpoint sees it, and the peers of the door's family."""

    door: PublicAddress
    l4_lo: int
    l4_hi: int
    peers: Ranges


def public(paths: Paths) -> tuple[Judgement, tuple[Exposure, ...]]:
    """Judge ``public``, and return everything that is open to every public address."""
    doors = list(doors_of(paths))
    slabs = _admitted(paths, {int(paths.fabric.endpoints.filter_class[door.endpoint]) for door in doors})
    faces = _faces(paths)
    outside = _outside(paths)
    elsewhere = [face for face in faces if not covers(paths.fabric.outside_ranges, (face[1],))]
    exposures: list[Exposure] = []
    specific: list[_Part] = []
    for door in doors:
        for l4_lo, l4_hi, peers in slabs[int(paths.fabric.endpoints.filter_class[door.endpoint])]:
            part = _part(door, (l4_lo, l4_hi, peers))
            if part is not None and _is_everybodys(paths, part, outside[door.family], elsewhere):
                exposures.append(_exposure(paths, part))
            elif part is not None and part.peers:
                specific.append(part)
    examples = tuple(_examples(paths, specific, faces))
    text = f"{len(exposures)} services of {len(doors)} public addresses are open to everybody, none to one tenant in particular"
    if examples:
        text = "a service on a public address admits another tenant in particular"
        return Judgement(Claim.PUBLIC, Verdict.BROKEN, text, examples), tuple(exposures)
    return Judgement(Claim.PUBLIC, Verdict.HOLDS, text), tuple(exposures)


def doors_of(paths: Paths) -> Iterator[PublicAddress]:
    """Yield every public address with an endpoint: translated, on an external segment, or routed without translation."""
    yield from paths.fabric.public
    for segment, members in paths.on_segment.items():
        if paths.fabric.segments[segment].public:
            for endpoint in members.tolist():
                yield from _direct(endpoint, intersection(paths.fabric.builder.targets(endpoint), paths.fabric.outside_ranges))
    reach = paths.routing.from_outside()
    for arrival in paths.arrivals(reach, public=False):
        destinations = difference(arrival.destinations, PRIVATE)
        for endpoint in paths.on_segment[arrival.segment].tolist() if destinations else ():
            yield from _direct(endpoint, intersection(destinations, paths.fabric.builder.targets(endpoint)))


def _direct(endpoint: int, addresses: Ranges) -> Iterator[PublicAddress]:
    for family, first, _ in addresses:
        yield PublicAddress(family, first, endpoint, first, 0, L4_POINTS)


def _admitted(paths: Paths, classes: set[int]) -> dict[int, Slabs]:
    """Return the canonical ingress of every class, as slabs of closed ranges."""
    keys = sorted(classes - {UNFILTERED})
    allows: list[tuple[int, Allow]] = [(key, a) for key in keys for a in rules(paths.fabric, key, Direction.INGRESS)]
    spans: list[Range] = [(allow.family, allow.first, allow.last) for _, allow in allows]
    axis = axis_of(spans)
    table = canonicalise(
        RuleTable.of(
            [key for key, _ in allows],
            list(range(len(allows))),
            ([allow.l4_lo for _, allow in allows], [allow.l4_hi for _, allow in allows]),
            coordinates(axis, spans),
        )
    )
    found: dict[int, Slabs] = defaultdict(list)
    found[UNFILTERED] = [(0, L4_POINTS, ANY)]
    for row, key in enumerate(table.keys.tolist()):
        for (l4_lo, l4_hi), pieces in table.slabs_of(row):
            peers = tuple((axis.address(lo).version, int(axis.address(lo)), _last(axis.exact(hi))) for lo, hi in pieces)
            found[key].append((l4_lo, l4_hi, peers))
    return found


def _last(end: int) -> int:
    """Return the last address before an exact place on the peer axis."""
    return end - 1 if end <= 1 << 32 else end - 1 - ((1 << 32) + 1)


def _outside(paths: Paths) -> dict[int, Ranges]:
    """Return, per family, the addresses of the public networks, or every public address where there is no such network."""
    found = {family: tuple(span for span in paths.fabric.outside_ranges if span[0] == family) for family in (4, 6)}
    return {family: ranges or difference(tuple(s for s in ANY if s[0] == family), PRIVATE) for family, ranges in found.items()}


def _is_everybodys(paths: Paths, part: _Part, outside: Ranges, elsewhere: list[Face]) -> bool:
    """Tell whether every address from which another tenant can come is admitted."""
    owner = int(paths.fabric.endpoints.party[part.door.endpoint])
    others = normal(face for party, face, _ in elsewhere if party != owner and face[0] == part.door.family)
    return covers(part.peers, outside) and covers(part.peers, others)


def _part(door: PublicAddress, slab: tuple[int, int, Ranges]) -> _Part | None:
    """Return the part of a slab that is reachable through a door."""
    lo, hi = max(slab[0], door.l4_lo + door.shift), min(slab[1], door.l4_hi + door.shift)
    return _Part(door, lo, hi, tuple(span for span in slab[2] if span[0] == door.family)) if lo < hi else None


def _exposure(paths: Paths, part: _Part) -> Exposure:
    door, ends = part.door, paths.fabric.endpoints
    party = paths.fabric.parties[int(ends.party[door.endpoint])].name
    lo, hi = part.l4_lo - door.shift, part.l4_hi - door.shift
    return Exposure(door.endpoint, ends.names[door.endpoint], party, door.family, door.address, lo, hi)


def _examples(paths: Paths, specific: list[_Part], faces: list[Face]) -> Iterator[Counterexample]:
    """Yield a counterexample for every service that admits another tenant's public address and that the tenant may call."""
    found = 0
    for service in specific:
        owner = int(paths.fabric.endpoints.party[service.door.endpoint])
        if owner in paths.platform:
            continue
        for party, face, members in faces:
            if party == owner or not intersection((face,), service.peers):
                continue
            caller = _caller(paths, members, service, face)
            if caller is not None:
                found += 1
                yield caller
            if found >= LISTED:
                return


def _faces(paths: Paths) -> list[Face]:
    """Return the public addresses under which tenants' endpoints appear outside."""
    found: dict[tuple[int, Range], list[int]] = defaultdict(list)
    ends = paths.fabric.endpoints
    for door in paths.fabric.public:
        if (door.l4_lo, door.l4_hi) == (0, L4_POINTS):
            found[int(ends.party[door.endpoint]), (door.family, door.address, door.address)].append(door.endpoint)
    for segment, members in paths.on_segment.items():
        reach = paths.reach((segment,))
        masks = {mask for router in reach.routers for mask in paths.fabric.routers[router].masquerade} if reach.outside else set()
        for endpoint in members.tolist() if reach.outside else ():
            direct = _untranslated(paths, segment, reach.routers, paths.fabric.builder.sources(endpoint))
            for span in (*((family, value, value) for family, value in masks), *direct):
                found[int(ends.party[endpoint]), span].append(endpoint)
    return [(party, span, members) for (party, span), members in found.items() if party not in paths.platform]


def _untranslated(paths: Paths, segment: int, routers: dict[int, Ranges], sources: Ranges) -> Ranges:
    """Return the part of an endpoint's sources that the outside sees as it is."""
    place = paths.fabric.segments[segment]
    if place.public:
        return intersection(sources, paths.fabric.outside_ranges)
    routed = normal([*place.routed, *(span for router in routers for span in paths.fabric.routers[router].routable)])
    return intersection(difference(sources, PRIVATE), routed)


def _caller(paths: Paths, members: list[int], service: _Part, face: Range) -> Counterexample | None:
    """Return a packet from one of the endpoints to the service that both sides' filters pass."""
    door = service.door
    admitted = intersection((face,), service.peers)
    for endpoint in members:
        filter_class = int(paths.fabric.endpoints.filter_class[endpoint])
        for allow in rules(paths.fabric, filter_class, Direction.EGRESS):
            lo = max(allow.l4_lo, service.l4_lo - door.shift)
            if (
                allow.family != door.family
                or not allow.first <= door.address <= allow.last
                or lo >= min(allow.l4_hi, service.l4_hi - door.shift)
            ):
                continue
            sent = Packet(door.family, admitted[0][1], door.address, lo)
            seen = Packet(door.family, admitted[0][1], door.private, lo + door.shift)
            found = (
                *rules_for(paths.fabric, endpoint, Direction.EGRESS, sent),
                *rules_for(paths.fabric, door.endpoint, Direction.INGRESS, seen),
            )
            links = ("by the public address", "the source is seen as one of the tenant's public addresses")
            return example(paths, Claim.PUBLIC, (endpoint, door.endpoint), sent, links=links, open_=True, found=found)
    return None
