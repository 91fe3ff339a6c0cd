"""What somebody declared should be possible, in the words of the fabric: what the claims ``declared`` and ``management`` compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.ranges import Range
    from infra.reachability.fabric import Direction, Origin


@dataclass(frozen=True, slots=True)
class DeclaredTraffic:
    """One declared allow of an endpoint: peers, layer 4 ``[l4_lo, l4_hi)``, and who asked for it."""

    direction: Direction
    peer: Range
    l4_lo: int
    l4_hi: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class DeclaredPort:
    """A declared network card: what its party and its port are called, everything that is allowed on it, and the port's id.

    ``port`` is empty for a NIC that the state does not have.
    """

    party: str
    name: str
    allows: tuple[DeclaredTraffic, ...]
    port: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything declared. ``compared`` are the ids of the ports that are judged: one that is no declared NIC may allow nothing.

    Ports are told by their ids: a second port with the name of a declared one is another NIC, and nothing is allowed on it.
    """

    compared: frozenset[str]
    nics: tuple[DeclaredPort, ...]

    def allows(self) -> dict[str, tuple[DeclaredTraffic, ...]]:
        """Return what is allowed on every port that is a declared NIC, by the port's id."""
        return {nic.port: nic.allows for nic in self.nics if nic.port}
