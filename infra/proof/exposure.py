"""The claim ``public``: by public addresses, a tenant reaches no more of another tenant than everybody on the internet does.

A service that admits every address of the internet and of the external networks is public_address. One that admits only some, among them
addresses under which another tenant appears, is a way from that tenant: a partner's prefix that is too wide, for instance, or one that
another tenant's server may send from because nothing guards it and nothing translates its packets.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from infra.packets.axes import L4_POINTS
from infra.packets.canonical import canonicalise
from infra.packets.table import RuleTable
from infra.proof.examples import LISTED, example, rules_for
from infra.proof.report import Claim, Counterexample, Exposure, Judgement, Packet, Verdict
from infra.ranges import GLOBAL, Ranges, covers, difference, intersection, normal
from infra.reachability.fabric import UNFILTERED, Allow, Direction, PublicAddress
from infra.reachability.filtering import axis_of, coordinates, rules, span_at
from infra.reachability.public import public_addresses_of
from infra.reachability.source_nat import OutsideAddresses
from infra.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.ranges import Range
    from infra.reachability.paths import Paths

Slabs = list[tuple[int, int, Ranges]]
"""What a class admits: (l4_lo, l4_hi, peers)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a slab of a filter opens at a public address: layer 4 as the endpoint sees it, and the peers of the public address's family."""

    public_address: PublicAddress
    l4_lo: int
    l4_hi: int
    peers: Ranges


def public(paths: Paths) -> tuple[Judgement, tuple[Exposure, ...]]:
    """Judge ``public``, and return everything that is open to every public address."""
    public_addresses = list(public_addresses_of(paths))
    outside_addresses = OutsideAddresses(paths)
    everybody = _everybody(paths)
    near = normal([*everybody[4], *everybody[6], *(each.span for each in outside_addresses.all)])
    slabs = _admitted(
        paths, {int(paths.fabric.endpoints.filter_class[public_address.endpoint]) for public_address in public_addresses}, near
    )
    exposures: list[Exposure] = []
    specific: list[_Part] = []
    for public_address in public_addresses:
        for slab in slabs[int(paths.fabric.endpoints.filter_class[public_address.endpoint])]:
            part = _part(public_address, slab)
            if part is not None and (
                part.peers == everybody[public_address.family] or covers(part.peers, everybody[public_address.family])
            ):
                exposures.append(_exposure(paths, part))
            elif part is not None and part.peers:
                specific.append(part)
    examples = tuple(islice(_examples(paths, specific, outside_addresses), LISTED))
    services = counted(len(exposures), "service", "services")
    addresses = counted(len(public_addresses), "public address", "public addresses")
    text = f"open to everybody: {services} of {addresses}; to one tenant in particular: none"
    if examples:
        text = "a service on a public address admits another tenant in particular"
        return Judgement(Claim.PUBLIC, Verdict.BROKEN, text, examples), tuple(exposures)
    return Judgement(Claim.PUBLIC, Verdict.HOLDS, text), tuple(exposures)


def _admitted(paths: Paths, classes: set[int], near: Ranges) -> dict[int, Slabs]:
    """Return what every class admits from ``near``, in canonical form, as slabs of closed ranges."""
    keys = sorted(classes - {UNFILTERED})
    allows: list[tuple[int, Allow]] = [(key, allow) for key in keys for allow in paths.fabric.builder.ingress_near(key, near)]
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
    found[UNFILTERED] = [(0, L4_POINTS, near)]
    known: dict[tuple[tuple[int, int], ...], Ranges] = {}  # most classes admit the same peers: everybody
    for row, key in enumerate(table.keys.tolist()):
        for (l4_lo, l4_hi), pieces in table.slabs_of(row):
            peers = known.get(tuple(pieces))
            if peers is None:
                peers = known[tuple(pieces)] = tuple(span_at(axis, lo, hi) for lo, hi in pieces)
            found[key].append((l4_lo, l4_hi, peers))
    return found


def _everybody(paths: Paths) -> dict[int, Ranges]:
    """Return, per family, the addresses of everybody: the internet's, but for what the cloud has inside, and the external networks'."""
    inner = {span for segment in paths.fabric.segments if not segment.public for span in segment.prefixes}
    found = normal([*difference(GLOBAL, normal(inner)), *paths.fabric.outside_ranges])
    return {family: tuple(span for span in found if span[0] == family) for family in (4, 6)}


def _part(public_address: PublicAddress, slab: tuple[int, int, Ranges]) -> _Part | None:
    """Return the part of a slab that is reachable through a public address."""
    lo, hi = max(slab[0], public_address.l4_lo + public_address.shift), min(slab[1], public_address.l4_hi + public_address.shift)
    return _Part(public_address, lo, hi, tuple(span for span in slab[2] if span[0] == public_address.family)) if lo < hi else None


def _exposure(paths: Paths, part: _Part) -> Exposure:
    public_address, ends = part.public_address, paths.fabric.endpoints
    party = paths.fabric.parties[int(ends.party[public_address.endpoint])].name
    lo, hi = part.l4_lo - public_address.shift, part.l4_hi - public_address.shift
    return Exposure(
        public_address.endpoint, ends.names[public_address.endpoint], party, public_address.family, public_address.address, lo, hi
    )


def _examples(paths: Paths, specific: list[_Part], outside_addresses: OutsideAddresses) -> Iterator[Counterexample]:
    """Yield a counterexample for every service that admits another tenant's public address and that the tenant may call."""
    for service in specific:
        owner = int(paths.fabric.endpoints.party[service.public_address.endpoint])
        for outside_address in outside_addresses.within(service.peers) if owner not in paths.platform else ():
            link = _TRANSLATED if outside_addresses.is_translated(outside_address) else _AS_IT_IS
            sender = (
                _sender(paths, outside_addresses.members(outside_address), service, (outside_address.span, link))
                if outside_address.party != owner
                else None
            )
            if sender is not None:
                yield sender


_TRANSLATED = "the source is seen as one of the tenant's public addresses"
_AS_IT_IS = "the source leaves as it is: the server may send from that address, and nothing translates it"


def _sender(paths: Paths, members: list[int], service: _Part, seen_as: tuple[Range, str]) -> Counterexample | None:
    """Return a packet from one of the endpoints to the service that both sides' filters pass."""
    public_address, (outside_address, link) = service.public_address, seen_as
    admitted = intersection((outside_address,), service.peers)
    for endpoint in members:
        filter_class = int(paths.fabric.endpoints.filter_class[endpoint])
        for allow in rules(paths.fabric, filter_class, Direction.EGRESS):
            lo = max(allow.l4_lo, service.l4_lo - public_address.shift)
            if (
                allow.family != public_address.family
                or not allow.first <= public_address.address <= allow.last
                or lo >= min(allow.l4_hi, service.l4_hi - public_address.shift)
            ):
                continue
            sent = Packet(public_address.family, admitted[0][1], public_address.address, lo)
            seen = Packet(public_address.family, admitted[0][1], public_address.private, lo + public_address.shift)
            found = (
                *rules_for(paths.fabric, endpoint, Direction.EGRESS, sent),
                *rules_for(paths.fabric, public_address.endpoint, Direction.INGRESS, seen),
            )
            links = ("by the public address", link)
            return example(paths, Claim.PUBLIC, (endpoint, public_address.endpoint), sent, links=links, open_=True, found=found)
    return None
