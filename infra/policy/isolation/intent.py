"""What somebody declared should be possible, in the words of the fabric: what the claims ``declared`` and ``management`` compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.policy.isolation.fabric import Direction, Origin
    from infra.policy.isolation.ranges import Range


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared allow of an endpoint: peers, layer 4 ``[l4_lo, l4_hi)``, and who asked for it."""

    direction: Direction
    peer: Range
    l4_lo: int
    l4_hi: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Card:
    """A network card of a declared server: the party's name, the port's name, and everything that is allowed on it."""

    party: str
    name: str
    allows: tuple[Declared, ...]


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything declared. ``parties`` are judged card by card: a card of theirs that is not declared may allow nothing.

    Names of parties and cards are those of the cloud: project names and port names.
    """

    parties: frozenset[str]
    cards: tuple[Card, ...]
