"""Random groups for the judges: rules of both families whose bounds coincide, touch and nest often. Seeded, so a failure repeats."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from benchmarks.peers.boxes import Box
from infra.packets.axes import IPV4_POINTS, IPV6_BASE
from infra.packets.packetset import PacketSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PREFIXES = {4: (0, 8, 9, 16, 24, 25, 31, 32), 6: (0, 8, 48, 64, 65, 127, 128)}
BITS = {4: 32, 6: 128}
STARTS = {4: [10 << 24, (10 << 24) + 256, 192 << 24, IPV4_POINTS - 1, 0], 6: [0xFD << 120, (0xFD << 120) + (1 << 64), 0, (1 << 128) - 1]}
SERVICES = [(6, 0, 65535), (6, 443, 443), (6, 440, 450), (6, 22, 22), (17, 53, 53), (17, 0, 65535), (1, 2048, 2303), (47, 0, 65535)]


def rule(random: Random, version: int) -> Box:
    """Return a random rule: a prefix, sometimes a range of addresses, with a service, a range of protocols or everything."""
    bits = BITS[version]
    size = 1 << (bits - random.choice(PREFIXES[version]))
    start = (random.choice(STARTS[version]) + random.randrange(4) * size) % (1 << bits) // size * size
    end = start + size
    if random.random() < 0.2:
        start, end = start + random.randrange(size), end + random.randrange(3)
    protocol, first, last = random.choice(SERVICES)
    low, high = (protocol << 16) + first, (protocol << 16) + last + 1
    if random.random() < 0.2:
        low, high = random.choice([(0, 1 << 24), (6 << 16, 18 << 16), (low - 1, high), (low, high + 1)])
    return Box(low, high, start, min(end, 1 << bits))


def groups(seed: int, count: int, most: int = 8) -> Iterator[tuple[int, list[Box]]]:
    """Yield ``count`` times (IP version, rules)."""
    random = Random(seed)  # noqa: S311 - test data
    for number in range(count):
        version = 6 if number % 3 == 0 else 4
        yield version, [rule(random, version) for _ in range(random.randint(1, most))]


def pairs(seed: int, count: int, most: int = 5) -> Iterator[tuple[int, list[Box], list[Box]]]:
    """Yield ``count`` times (IP version, rules, other rules): unrelated, the same written otherwise, or with a rule left out."""
    random = Random(seed)  # noqa: S311 - test data
    for version, one in groups(seed + 1000, count, most):
        kind = random.randrange(4)
        two = [rule(random, version) for _ in range(random.randint(1, most))]
        if kind:
            two = random.sample(one, len(one) - (kind == 1)) + random.choices(one, k=2) * (kind == 2)
        if random.random() < 0.5:
            one, two = two, one  # noqa: PLW2901 - both orders
        yield version, one, two


def packet_set(version: int, group: Sequence[Box]) -> PacketSet:
    """Return the packets that a group of one IP version allows."""
    base = IPV6_BASE if version == 6 else 0
    return PacketSet.of(((box.l4_lo, box.l4_hi), (base + box.lo, base + box.hi)) for box in group)
