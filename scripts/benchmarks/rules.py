"""Random rules as tables: the mix of real security groups, at any size, without a cloud around them. Seeded.

Fifty rules per group in two directions; a few hundred services, one in five of them a range; peers are addresses (55 %), /24s (35 %),
/16s (7 %) and everywhere (3 %), inside 10.0.0.0/8 as tenants reuse it. In IPv6: /128, /64, /48 and everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from infra.packets.axes import PeerAxis
from infra.packets.table import RuleTable

if TYPE_CHECKING:
    import numpy.typing as npt

    from infra.packets.arrays import Ints, Packed

    Words = npt.NDArray[np.uint64]

RULES_PER_GROUP: Final = 50
SERVICES: Final = 294
_SHARES: Final = (0.55, 0.35, 0.07, 0.03)
_TCP, _UDP = 6, 17


def table(rules: int, seed: int = 1) -> RuleTable:
    """Return IPv4 rules; keys are ``group << 1 | direction``."""
    random = np.random.default_rng([seed, 4])
    size = 1 << (32 - random.choice([32, 24, 16, 0], rules, p=_SHARES))
    lo = (0x0A000000 + random.integers(0, 1 << 18, rules)) // size * size
    return RuleTable.of(_keys(rules, random), np.arange(rules), _services(rules, random), (lo, lo + size))


def table6(rules: int, seed: int = 1) -> tuple[RuleTable, PeerAxis]:
    """Return IPv6 rules and the axis of their coordinates."""
    random = np.random.default_rng([seed, 6])
    prefix = random.choice([128, 64, 48, 0], rules, p=_SHARES)
    site, subnet, host = random.integers(0, 16, rules), random.integers(0, 256, rules), random.integers(1, 1 << 10, rules)
    high = np.uint64(0xFD00 << 48) + (site << 16 | np.where(prefix > 48, subnet, 0)).astype(np.uint64)  # noqa: PLR2004 - a prefix length
    low = np.where(prefix == 128, host, 0).astype(np.uint64)  # noqa: PLR2004 - a prefix length
    high = np.where(prefix == 0, np.uint64(0), high)
    firsts = _packed(high, low)
    mask_high = np.select([prefix == 0, prefix == 48], [_ones(64), _ones(16)], 0)  # noqa: PLR2004 - a prefix length
    mask_low = np.where(prefix == 128, 0, _ones(64))  # noqa: PLR2004 - a prefix length
    lasts = _packed(high | mask_high.astype(np.uint64), low | mask_low.astype(np.uint64))
    axis = PeerAxis.from_packed(firsts, lasts)
    return RuleTable.of(_keys(rules, random), np.arange(rules), _services(rules, random), axis.intervals6(firsts, lasts)), axis


def _ones(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def _packed(high: Words, low: Words) -> Packed:
    return np.stack([high.astype(">u8"), low.astype(">u8")], axis=1).view("S16").ravel()


def _keys(rules: int, random: np.random.Generator) -> Ints:
    return np.arange(rules) // RULES_PER_GROUP << 1 | random.integers(0, 2, rules)


def _services(rules: int, random: np.random.Generator) -> tuple[Ints, Ints]:
    catalogue = np.random.default_rng(SERVICES)
    protocol, port = catalogue.choice([_TCP, _UDP], SERVICES), catalogue.integers(1, 65000, SERVICES)
    width = np.where(catalogue.random(SERVICES) < 0.2, catalogue.integers(1, 500, SERVICES), 1)  # noqa: PLR2004 - the share of ranges
    which = random.integers(0, SERVICES, rules)
    lo = (protocol << 16 | port)[which]
    return lo, lo + width[which]
