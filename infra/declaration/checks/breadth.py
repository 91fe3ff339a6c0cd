"""How much of the world a list of prefixes stands for, taken together: 256 prefixes of /8 are everybody, as 0.0.0.0/0 is."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import TYPE_CHECKING, Final

from infra.declaration import reserved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.declaration.model import Network

IPV4: Final = 4

SHORTEST: Final = {4: 8, 6: 16}
"""Shortest prefix that still stands for somebody in particular, by family."""
MOST: Final = {4: 2 ** (32 - SHORTEST[4]), 6: 2 ** (128 - SHORTEST[6])}
"""Most public addresses that one list of prefixes may hold, by family: those of one shortest prefix."""
MOST_LISTS: Final = 4
"""All externals of a tenant together may hold as many public addresses as this number of lists."""


def public_addresses(networks: Iterable[Network]) -> dict[int, int]:
    """Count the public addresses in a union of prefixes, by family; private ones are many people's, and nobody's from outside."""
    every = list(networks)
    four = collapse_addresses(network for network in every if isinstance(network, IPv4Network))
    six = collapse_addresses(network for network in every if isinstance(network, IPv6Network))
    return {4: sum(map(_public, four)), 6: sum(map(_public, six))}


def too_much(networks: Iterable[Network], times: int = 1) -> str:
    """Say how many public addresses a union holds where these are too many; empty where they are not."""
    found = public_addresses(networks)
    told = [f"{share(count, family)} of all IPv{family} addresses" for family, count in found.items() if count > times * MOST[family]]
    return " and ".join(told)


def share(count: int, family: int) -> str:
    """Render a number of addresses as a part of its family: ``87 %``."""
    percent = 100 * count / 2 ** (32 if family == IPV4 else 128)
    return f"{percent:.0f} %" if percent >= 1 else f"{percent:.2g} %"


def nested(networks: Sequence[Network]) -> Iterator[tuple[int, int]]:
    """Yield the positions of prefixes with common addresses, the earlier position first, and each later one once at most."""
    order = sorted(range(len(networks)), key=lambda at: (networks[at].version, int(networks[at].network_address), networks[at].prefixlen))
    around: list[int] = []
    for at in order:
        while around and not networks[around[-1]].overlaps(networks[at]):
            around.pop()
        if around:
            yield (min(around[-1], at), max(around[-1], at))
        around.append(at)


def meeting(left: Sequence[Network], right: Sequence[Network]) -> Iterator[tuple[int, int]]:
    """Yield the positions of prefixes of two lists that have common addresses, in the order of the lists."""
    sides = (left, right)
    every = [
        (network.version, int(network.network_address), network.prefixlen, side, at)
        for side in (0, 1)
        for at, network in enumerate(sides[side])
    ]
    around: list[tuple[int, int]] = []
    found: list[tuple[int, int]] = []
    for *_, side, at in sorted(every):
        while around and not sides[around[-1][0]][around[-1][1]].overlaps(sides[side][at]):
            around.pop()
        found += [(other, at) if side else (at, other) for of, other in around if of != side]
        around.append((side, at))
    yield from sorted(found)


def _public(network: Network) -> int:
    private = (one for one in reserved.PRIVATE if one.version == network.version and one.overlaps(network))
    return int(network.num_addresses) - sum(min(one.num_addresses, network.num_addresses) for one in private)
