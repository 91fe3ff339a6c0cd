"""netaddr's IPSet (BSD): the sets that engineers write first. One dimension only, so layer 4 is cut into slabs by hand; no redundancy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from netaddr import IPNetwork, IPSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.boxes import Box


def prefixes(group: Sequence[Box]) -> list[IPNetwork]:
    """Return the peers of rules as networks; every peer must be a prefix."""
    return [IPNetwork((box.lo, 33 - (box.hi - box.lo).bit_length())) for box in group]


def points(group: Sequence[Box], networks: Sequence[IPNetwork]) -> int:
    """Return how many (layer 4, address) points a group allows: one IPSet per slab."""
    bounds = sorted({bound for box in group for bound in (box.l4_lo, box.l4_hi)})
    total = 0
    for lo, hi in pairwise(bounds):
        peers = [network for box, network in zip(group, networks, strict=True) if box.l4_lo <= lo < box.l4_hi]
        if peers:
            total += (hi - lo) * IPSet(peers).size
    return total
