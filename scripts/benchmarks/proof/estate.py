"""Port classes without a cloud around them: many tenants on one flat network, kept apart by nothing but their rules.

The hardest case for all pairs: structure rules nothing out, so every pair of servers is a question to the rules. Servers of a
tenant have neighbouring addresses; each tenant has three groups with rules of the usual mix towards its own addresses, and open egress.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from infra.packets.arrays import Ints, offsets_of
from infra.packets.axes import IPV4_POINTS, L4_POINTS
from infra.packets.canonical import canonicalise
from infra.packets.classes import PortClasses
from infra.packets.table import RuleTable

if TYPE_CHECKING:
    from infra.packets.table import CanonicalTable

SERVERS: Final = 20
BLOCK: Final = 32
"""Addresses set aside for each tenant."""
GROUPS: Final = 3
FIRST: Final = 0x0A000000


@dataclass(frozen=True, slots=True)
class Estate:
    """Rules by class and direction (``class << 1 | egress``), and the function that joins classes with a canonical table."""

    table: RuleTable
    servers: int
    components: int

    def classes(self, canonical: CanonicalTable) -> PortClasses:
        """Return the port classes over the rows of ``canonical``."""
        tenants = self.servers // SERVERS
        number = np.arange(tenants * GROUPS)
        label = number // GROUPS
        counts = np.array([(SERVERS + GROUPS - 1 - group) // GROUPS for group in range(GROUPS)])[number % GROUPS]
        offsets = offsets_of(counts)
        place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        address = np.repeat(FIRST + label * BLOCK + number % GROUPS, counts) + place * GROUPS
        ingress, egress = canonical.rows_of(number << 1), canonical.rows_of(number << 1 | 1)
        return PortClasses(
            label * self.components // tenants, label, ingress, egress, offsets, address, address + 1, offsets, address, address + 1
        )


def estate(servers: int, rules: int, *, components: int = 1, leak: bool = False, seed: int = 7) -> Estate:
    """Return an estate; with ``leak`` one rule of the middle tenant admits everybody to one port."""
    random = np.random.default_rng(seed)
    classes = servers // SERVERS * GROUPS
    owner = np.arange(rules) % classes
    block = FIRST + owner // GROUPS * BLOCK
    whole = random.random(rules) < 0.3  # noqa: PLR2004 - the share of rules for all of the tenant
    lo = np.where(whole, block, block + random.integers(0, SERVERS, rules))
    port = random.choice(random.integers(1, 65000, 294), rules)
    l4 = (np.where(random.random(rules) < 0.8, 6, 17) << 16) + port  # noqa: PLR2004 - the share of TCP
    hi = np.where(whole, block + BLOCK, lo + 1)
    if leak:
        lo[rules // 2], hi[rules // 2] = 0, IPV4_POINTS
    number = np.arange(classes)
    key = np.concatenate([owner << 1, number << 1 | 1])
    l4_lo, l4_hi = np.concatenate([l4, number * 0]), np.concatenate([l4 + 1, number * 0 + L4_POINTS])
    peers = _joined(lo, number * 0), _joined(hi, number * 0 + IPV4_POINTS)
    return Estate(RuleTable.of(key, np.arange(rules + classes), (l4_lo, l4_hi), peers), servers, components)


def _joined(*parts: Ints) -> Ints:
    return np.concatenate(parts)


def solved(where: Estate) -> tuple[CanonicalTable, PortClasses]:
    """Return the canonical rules and the classes of an estate."""
    canonical = canonicalise(where.table)
    return canonical, where.classes(canonical)
