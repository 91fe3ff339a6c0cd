"""``diff``: the traffic gained and lost between two states of a cloud, in meaning and not in words.

Three things decide what can pass: what every network card's filter allows, which addresses it has, and where routing leads from its
network. All three are compared as sets, so two states without a difference mean the same, however differently they are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.policy.isolation.exposure import doors_of
from infra.policy.isolation.fabric import UNFILTERED, Direction
from infra.policy.isolation.filtering import rules
from infra.policy.isolation.ranges import Ranges, difference, show, show_address
from infra.policy.packets.packetset import PacketSet
from infra.policy.packets.text import format_l4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.policy.isolation.reach import Reach
    from infra.policy.queries.passages import Passages

Card = tuple[str, str]
"""(party, name of the port)."""


@dataclass(frozen=True, slots=True)
class Change:
    """Traffic that is new or gone for one or more cards that changed alike.

    ``width`` counts (address, layer-4 point) pairs, gained and lost together, a /64 of IPv6 as one address: wider changes come first.
    ``subject`` says what of the cards changed: ``ingress``, ``egress``, ``addresses``, ``public addresses`` or ``paths``.
    """

    party: str
    cards: tuple[str, ...]
    subject: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    width: int


def changes(old: Passages, new: Passages) -> list[Change]:
    """Return what differs between two states, the widest first; cards that changed alike share an entry."""
    found: dict[tuple[str, str, tuple[str, ...], tuple[str, ...], int], list[str]] = {}
    for (party, card), subject, gained, lost, width in _differences(old, new):
        found.setdefault((party, subject, gained, lost, width), []).append(card)
    listed = [Change(party, tuple(cards), subject, gained, lost, width) for (party, subject, gained, lost, width), cards in found.items()]
    return sorted(listed, key=lambda change: (-change.width, change.party, change.cards, change.subject))


Found = tuple[Card, str, tuple[str, ...], tuple[str, ...], int]
"""(card, subject, gained, lost, width)."""


def _differences(old: Passages, new: Passages) -> Iterator[Found]:
    before, after = _cards(old), _cards(new)
    filters = _Filters(old, new)
    doors = _doors(old), _doors(new)
    for card in sorted(before.keys() | after.keys()):
        was, now = before.get(card), after.get(card)
        for direction in (Direction.INGRESS, Direction.EGRESS):
            yield from filters.compare(card, direction, (was, now))
        yield from _ranges(card, "addresses", _addresses(old, was), _addresses(new, now))
        yield from _texts(card, "public addresses", doors[0].get(card, frozenset()), doors[1].get(card, frozenset()))
        yield from _texts(card, "paths", _destinations(old, was), _destinations(new, now))


class _Filters:
    """Compares filters of two states; cards that share filters are compared once."""

    def __init__(self, old: Passages, new: Passages) -> None:
        self._states = (old, new)
        self._seen: dict[tuple[int | None, int | None, Direction], tuple[PacketSet, PacketSet]] = {}

    def compare(self, card: Card, direction: Direction, endpoints: tuple[int | None, int | None]) -> Iterator[Found]:
        """Yield what a card's filter lets pass now and did not before, and the reverse."""
        was, now = (_filter(state, endpoint) for state, endpoint in zip(self._states, endpoints, strict=True))
        key = (was, now, direction)
        if key not in self._seen:
            self._seen[key] = self._compared(was, now, direction)
        gained, lost = self._seen[key]
        if gained or lost:
            preposition = "from" if direction is Direction.INGRESS else "to"
            more, less = (tuple(part.text(preposition).split("; ")) if part else () for part in (gained, lost))
            yield card, direction.value, more, less, _width(gained) + _width(lost)

    def _compared(self, was: int | None, now: int | None, direction: Direction) -> tuple[PacketSet, PacketSet]:
        """Return (gained, lost); filters whose rectangles are the same to the letter are not worked out."""
        old, new = self._states
        if was is not None and now is not None and _written(old, was, direction) == _written(new, now, direction):
            return PacketSet.nothing(), PacketSet.nothing()
        before = PacketSet.nothing() if was is None else old.allowed(was, direction)
        after = PacketSet.nothing() if now is None else new.allowed(now, direction)
        return after - before, before - after


def _cards(passages: Passages) -> dict[Card, int]:
    """Return the endpoints by party and name; a second one of the same name goes by its id."""
    ends, parties = passages.fabric.endpoints, passages.fabric.parties
    found: dict[Card, int] = {}
    for endpoint, party in enumerate(ends.party.tolist()):
        card = (parties[party].name, ends.names[endpoint])
        found[card if card not in found else (card[0], ends.ids[endpoint])] = endpoint
    return found


def _filter(passages: Passages, endpoint: int | None) -> int | None:
    """Return the filter class of a card; ``None`` where the card is not there, and then nothing passes."""
    return None if endpoint is None else int(passages.fabric.endpoints.filter_class[endpoint])


def _written(passages: Passages, filter_class: int, direction: Direction) -> object:
    if filter_class == UNFILTERED:
        return UNFILTERED
    return frozenset((a.family, a.first, a.last, a.l4_lo, a.l4_hi) for a in rules(passages.fabric, filter_class, direction))


def _addresses(passages: Passages, endpoint: int | None) -> Ranges:
    return () if endpoint is None else passages.fabric.builder.targets(endpoint)


def _ranges(card: Card, subject: str, was: Ranges, now: Ranges) -> Iterator[Found]:
    gained, lost = difference(now, was), difference(was, now)
    if gained or lost:
        yield card, subject, tuple(show(gained)), tuple(show(lost)), len(gained) + len(lost)


def _width(packets: PacketSet) -> int:
    """Return how wide a set is: IPv6 in networks of 64 bits, or a single one would outweigh all of IPv4."""
    return packets.only(4).size() + -(-packets.only(6).size() // (1 << 64))


def _texts(card: Card, subject: str, was: frozenset[str], now: frozenset[str]) -> Iterator[Found]:
    if was != now:
        yield card, subject, tuple(sorted(now - was)), tuple(sorted(was - now)), len(was ^ now)


def _doors(passages: Passages) -> dict[Card, frozenset[str]]:
    names = {endpoint: card for card, endpoint in _cards(passages).items()}
    found: dict[Card, set[str]] = {}
    for door in doors_of(passages.paths):
        ports = "" if door.l4_hi - door.l4_lo == 1 << 24 else f" {', '.join(format_l4(door.l4_lo, door.l4_hi))}"
        found.setdefault(names[door.endpoint], set()).add(f"{show_address(door.family, door.address)}{ports}")
    return {card: frozenset(texts) for card, texts in found.items()}


def _destinations(passages: Passages, endpoint: int | None) -> frozenset[str]:
    """Return where packets of a card can get to, as texts: networks with destinations, and the outside."""
    if endpoint is None:
        return frozenset()
    segment = int(passages.fabric.endpoints.segment[endpoint])
    reach = passages.paths.reach((segment,))
    names = passages.fabric.segments
    owners = {place: _party_of(passages, place) for place in reach.delivered}
    inside = {f"network {names[place].name}{owners[place]}" for place in reach.delivered}
    handed = {f"{show_address(family, hop)} on network {names[place].name}" for place, family, hop in reach.handed}
    return frozenset(inside | handed | _outside(reach))


def _party_of(passages: Passages, segment: int) -> str:
    parties = passages.paths.parties_on.get(segment, set())
    names = sorted(passages.fabric.parties[party].name for party in parties)
    return f" with servers of {', '.join(names)}" if len(names) > 1 else ""


def _outside(reach: Reach) -> set[str]:
    return {"the networks outside"} if reach.outside else set()
