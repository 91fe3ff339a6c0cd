"""What ``internet`` means in a declaration, as prefixes: every address that a packet may have to travel for, except those that are our own.

A question about a state means fewer addresses by ``outside``; :mod:`infra.declaration.reserved` says why, and has the table for both.

Were it simply everything, one flow from ``internet`` would also open every path inside the tenant and to the management network.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, summarize_address_range
from typing import TYPE_CHECKING

from infra.declaration.addresses import EVERYTHING
from infra.declaration.reserved import NEVER_FORWARDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.declaration.model import Network, Platform, Tenant


def internet(tenant: Tenant, platform: Platform) -> tuple[Network, ...]:
    """Return the smallest prefix cover of ``internet`` as this tenant sees it, IPv4 first, in the order of addresses."""
    own = [network for zone in tenant.zones.values() for network in zone.networks]
    return everything_but((*own, platform.pool.cidr, platform.backbone.cidr, *NEVER_FORWARDED))


def everything_but(removed: Iterable[Network]) -> tuple[Network, ...]:
    """Return the smallest prefix cover of all other addresses, IPv4 first, in the order of addresses."""
    return _complement(tuple(sorted(removed, key=lambda network: (network.version, int(network.network_address)))))


@lru_cache(maxsize=256)
def _complement(holes: tuple[Network, ...]) -> tuple[Network, ...]:
    """Return what holes leave. It is asked again by whoever needs a tenant's policy: program, proof, comparison."""
    return tuple(
        network
        for whole in EVERYTHING
        for first, last in _gaps(whole, [hole for hole in holes if hole.version == whole.version])
        for network in _cover(whole, first, last)
    )


def _gaps(whole: Network, holes: list[Network]) -> Iterator[tuple[int, int]]:
    """Yield the first and last address of every stretch between holes, which are in the order of their first addresses."""
    start = int(whole.network_address)
    for hole in holes:
        if int(hole.network_address) > start:
            yield start, int(hole.network_address) - 1
        start = max(start, int(hole.broadcast_address) + 1)
    if start <= int(whole.broadcast_address):
        yield start, int(whole.broadcast_address)


def _cover(whole: Network, first: int, last: int) -> Iterator[IPv4Network | IPv6Network]:
    if isinstance(whole, IPv4Network):
        return summarize_address_range(IPv4Address(first), IPv4Address(last))
    return summarize_address_range(IPv6Address(first), IPv6Address(last))
