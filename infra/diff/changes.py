"""``diff``: the traffic gained and lost between two states of a cloud, in meaning and not in words.

Three things decide what can pass: what every network card's filter allows, which addresses it has, and where routing leads from its
network. All three are compared as sets, so two states without a difference mean the same, however differently they are written. So is the
rest of what the proof rests on, and what it says: whatever changes a verdict is a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from infra.diff.verdicts import compared
from infra.packets.difference import difference
from infra.packets.packetset import PacketSet
from infra.packets.text import format_l4
from infra.queries.sweeps import common_axis, rectangles, swept
from infra.ranges import ANY, Ranges, covers, show, show_address
from infra.ranges import difference as left_out
from infra.reachability.fabric import Direction
from infra.reachability.public import public_addresses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.queries.sweeps import Rectangle, Rows
    from infra.queries.traffic import ReachableTraffic
    from infra.reachability.reach import Reach

    Both = tuple[PacketSet, PacketSet]

DeclaredPort = tuple[str, str]
"""(party, name of the port)."""


@dataclass(frozen=True, slots=True)
class Change:
    """Traffic that is new or gone for one or more NICs that changed alike.

    ``width`` counts (address, layer-4 point) pairs, gained and lost together, a /64 of IPv6 as one address: wider changes come first.
    ``subject`` says what of the NICs changed: ``ingress``, ``egress``, ``addresses``, ``public addresses`` or ``paths``. What is no NIC's
    (:mod:`infra.diff.verdicts`) goes by the name of the thing that changed, in place of NICs.
    """

    party: str
    cards: tuple[str, ...]
    subject: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    width: int


def changes(old: ReachableTraffic, new: ReachableTraffic) -> list[Change]:
    """Return what differs between two states, the widest first; NICs that changed alike share an entry."""
    found: dict[tuple[str, str, tuple[str, ...], tuple[str, ...], int], list[str]] = {}
    for (party, nic), subject, gained, lost, width in _differences(old, new):
        found.setdefault((party, subject, gained, lost, width), []).append(nic)
    listed = [Change(party, tuple(nics), subject, gained, lost, width) for (party, subject, gained, lost, width), nics in found.items()]
    return sorted(listed, key=lambda change: (-change.width, change.party, change.cards, change.subject))


Found = tuple[DeclaredPort, str, tuple[str, ...], tuple[str, ...], int]
"""(NIC, subject, gained, lost, width)."""


def _differences(old: ReachableTraffic, new: ReachableTraffic) -> Iterator[Found]:
    before, after = _nics(old), _nics(new)
    nics = sorted(before.keys() | after.keys())
    ends = {nic: (before.get(nic), after.get(nic)) for nic in nics}
    pairs = {nic: (_filter(old, was), _filter(new, now)) for nic, (was, now) in ends.items()}
    filters = _changed_filters(old, new, dict.fromkeys(pairs.values()))
    public_addresses, places = (_public_addresses(old), _public_addresses(new)), (_Places(old), _Places(new))
    for nic, (was, now) in ends.items():
        for direction in _DIRECTIONS:
            yield from _filters(nic, direction, filters.get((*pairs[nic], direction)))
        yield from _ranges(nic, "addresses", _addresses(old, was), _addresses(new, now))
        yield from _texts(nic, "public addresses", public_addresses[0].get(nic, frozenset()), public_addresses[1].get(nic, frozenset()))
        yield from _texts(nic, "paths", places[0].of(was), places[1].of(now))
    things = compared(old.paths), compared(new.paths)
    for party, name, subject in sorted(things[0].keys() | things[1].keys()):
        states = (each.get((party, name, subject), frozenset()) for each in things)
        yield from _texts((party, name), subject, *states)


_DIRECTIONS = (Direction.INGRESS, Direction.EGRESS)

Pair = tuple[int | None, int | None]
"""The filter class of a NIC in the old and the new state; ``None`` where the NIC is not there, and then nothing passes."""


def _changed_filters(
    old: ReachableTraffic, new: ReachableTraffic, pairs: Iterable[Pair]
) -> dict[tuple[int | None, int | None, Direction], Both]:
    """Return (gained, lost) of every pair of filters that are not the same to the letter, all in one sweep."""
    changed: list[tuple[int | None, int | None, Direction]] = []
    states: tuple[Rows, Rows] = ([], [])
    for (was, now), direction in product(pairs, _DIRECTIONS):
        both = _rectangles(old, was, direction), _rectangles(new, now, direction)
        if both[0] != both[1] and set(both[0]) != set(both[1]):
            for rows, found in zip(states, both, strict=True):
                rows.extend((len(changed), rectangle) for rectangle in found)
            changed.append((was, now, direction))
    axis = common_axis(*states)
    change = difference(swept(axis, states[0]), swept(axis, states[1]))
    return {
        key: (PacketSet.of_key(change.gained, number, axis), PacketSet.of_key(change.lost, number, axis))
        for number, key in enumerate(changed)
    }


def _filters(nic: DeclaredPort, direction: Direction, both: Both | None) -> Iterator[Found]:
    """Yield what a NIC's filter lets pass now and did not before, and the reverse."""
    if both is not None and any(both):
        preposition = "from" if direction is Direction.INGRESS else "to"
        more, less = (tuple(part.text(preposition).split("; ")) if part else () for part in both)
        yield nic, direction.value, more, less, sum(map(_width, both))


def _nics(reachable: ReachableTraffic) -> dict[DeclaredPort, int]:
    """Return the endpoints by party and name; a second one of the same name goes by its id."""
    ends, parties = reachable.fabric.endpoints, reachable.fabric.parties
    found: dict[DeclaredPort, int] = {}
    for endpoint, party in enumerate(ends.party.tolist()):
        nic = (parties[party].name, ends.names[endpoint])
        found[nic if nic not in found else (nic[0], ends.ids[endpoint])] = endpoint
    return found


def _filter(reachable: ReachableTraffic, endpoint: int | None) -> int | None:
    """Return the filter class of a NIC; ``None`` where the NIC is not there, and then nothing passes."""
    return None if endpoint is None else int(reachable.fabric.endpoints.filter_class[endpoint])


def _rectangles(reachable: ReachableTraffic, filter_class: int | None, direction: Direction) -> list[Rectangle]:
    return [] if filter_class is None else rectangles(reachable.fabric, filter_class, direction)


def _addresses(reachable: ReachableTraffic, endpoint: int | None) -> Ranges:
    return () if endpoint is None else reachable.fabric.builder.targets(endpoint)


def _ranges(nic: DeclaredPort, subject: str, was: Ranges, now: Ranges) -> Iterator[Found]:
    gained, lost = left_out(now, was), left_out(was, now)
    if gained or lost:
        yield nic, subject, tuple(show(gained)), tuple(show(lost)), len(gained) + len(lost)


def _width(packets: PacketSet) -> int:
    """Return how wide a set is: IPv6 in networks of 64 bits, or a single one would outweigh all of IPv4."""
    return packets.only(4).size() + -(-packets.only(6).size() // (1 << 64))


def _texts(nic: DeclaredPort, subject: str, was: frozenset[str], now: frozenset[str]) -> Iterator[Found]:
    if was != now:
        yield nic, subject, tuple(sorted(now - was)), tuple(sorted(was - now)), len(was ^ now)


def _public_addresses(reachable: ReachableTraffic) -> dict[DeclaredPort, frozenset[str]]:
    names = {endpoint: nic for nic, endpoint in _nics(reachable).items()}
    found: dict[DeclaredPort, set[str]] = {}
    for public in public_addresses_of(reachable.paths):
        ports = "" if public.l4_hi - public.l4_lo == 1 << 24 else f" {', '.join(format_l4(public.l4_lo, public.l4_hi))}"
        found.setdefault(names[public.endpoint], set()).add(f"{show_address(public.family, public.address)}{ports}")
    return {nic: frozenset(texts) for nic, texts in found.items()}


class _Places:
    """Where packets can get to from every network of a state, as texts: networks with destinations, and the outside."""

    def __init__(self, reachable: ReachableTraffic) -> None:
        self._traffic = reachable
        self._known: dict[int, frozenset[str]] = {}

    def of(self, endpoint: int | None) -> frozenset[str]:
        """Return the places for a NIC; none for a NIC that is not there."""
        if endpoint is None:
            return frozenset()
        segment = int(self._traffic.fabric.endpoints.segment[endpoint])
        if segment not in self._known:
            self._known[segment] = _destinations(self._traffic, segment)
        return self._known[segment]


def _destinations(reachable: ReachableTraffic, segment: int) -> frozenset[str]:
    reach = reachable.paths.reach((segment,))
    names = reachable.fabric.segments
    inside = {
        f"network {names[place].name}{_party_of(reachable, place)}{_part(destinations, names[place].prefixes)}"
        for place, destinations in reach.delivered.items()
    }
    via_next_hop = {
        f"{show_address(family, hop)} on network {names[place].name}{_part(destinations, ())}"
        for (place, family, hop), destinations in reach.via_next_hop.items()
    }
    return frozenset(inside | via_next_hop | _outside(reach))


def _part(destinations: Ranges, whole: Ranges) -> str:
    """Say which destinations get somewhere, where they are not simply all that there are, or what a default route leaves over."""
    default = any(sum(last - first for kind, first, last in destinations if kind == family) > end // 2 for family, _, end in ANY)
    return "" if default or (whole and covers(destinations, whole)) else f" for {', '.join(show(destinations))}"


def _party_of(reachable: ReachableTraffic, segment: int) -> str:
    parties = reachable.paths.parties_on.get(segment, set())
    names = sorted(reachable.fabric.parties[party].name for party in parties)
    return f" with servers of {', '.join(names)}" if len(names) > 1 else ""


def _outside(reach: Reach) -> set[str]:
    return {f"the networks outside{_part(reach.outside, ())}"} if reach.outside else set()
