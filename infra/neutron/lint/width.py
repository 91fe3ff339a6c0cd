"""How much of a rule's width is used: private addresses that it admits, against addresses that servers have."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.ranges import PRIVATE, Ranges, covers, range_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.neutron.snapshot import Snapshot

_IPV4 = 4


@dataclass(frozen=True, slots=True)
class Used:
    """Addresses that a rule admits, and those among them that exist."""

    admitted: int
    existing: int


def used_addresses(snapshot: Snapshot) -> list[int]:
    """Return the distinct IPv4 addresses of all ports, sorted.

    All tenants' together: where they overlap, an address counts once, so a rule never looks wider than it is for its own tenant alone.
    """
    texts = {fixed.ip_address for port in snapshot.ports for fixed in port.fixed_ips if fixed.ip_address}
    return sorted(first for family, first, _ in map(range_of, texts) if family == _IPV4)


def width_used(peers: Ranges, addresses: Sequence[int]) -> Used | None:
    """Return how much of a rule's private IPv4 peers exists; ``None`` for others, of which nobody here knows who exists."""
    if not peers or any(family != _IPV4 for family, _, _ in peers) or not covers(PRIVATE, peers):
        return None
    admitted = sum(last - first + 1 for _, first, last in peers)
    existing = sum(bisect_right(addresses, last) - bisect_left(addresses, first) for _, first, last in peers)
    return Used(admitted, existing)
