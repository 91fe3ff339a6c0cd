"""What ``internet`` means as prefixes: every address that a packet may have to travel for, except those that are our own.

Were it simply everything, one flow from ``internet`` would also open every path inside the tenant and to the management network.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import TYPE_CHECKING

from infra.declaration.addresses import EVERYTHING
from infra.declaration.reserved import NEVER_FORWARDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Network, Platform, Tenant


def internet(tenant: Tenant, platform: Platform) -> tuple[Network, ...]:
    """Return the smallest prefix cover of ``internet`` as this tenant sees it, IPv4 first, in the order of addresses."""
    own = [network for zone in tenant.zones.values() for network in zone.networks]
    return without(EVERYTHING, (*own, platform.pool.cidr, platform.backbone.cidr, *NEVER_FORWARDED))


def without(networks: Iterable[Network], removed: Iterable[Network]) -> tuple[Network, ...]:
    """Return the smallest prefix cover of ``networks`` minus ``removed``, IPv4 first, in the order of addresses."""
    holes = tuple(removed)
    left = [piece for network in networks for piece in _cut(network, holes)]
    four = collapse_addresses(piece for piece in left if isinstance(piece, IPv4Network))
    six = collapse_addresses(piece for piece in left if isinstance(piece, IPv6Network))
    return (*four, *six)


def _cut(network: Network, holes: tuple[Network, ...]) -> list[Network]:
    """Halve a network until every half is wholly inside or wholly outside the holes; keep those outside."""
    touching = tuple(hole for hole in holes if hole.version == network.version and hole.overlaps(network))
    if not touching:
        return [network]
    if any(hole.prefixlen <= network.prefixlen for hole in touching):
        return []
    return [piece for half in network.subnets() for piece in _cut(half, touching)]
