"""Which addresses of a subnet Neutron hands out when nobody says which (``generate_pools`` in ``neutron/ipam/utils.py``)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.declaration.model import Address

IPV4, SMALLEST = 4, 30
"""IPv4 has a broadcast address, but not in a subnet of one or two addresses (RFC 3021)."""


def whole(cidr: str, gateway: str | None) -> list[tuple[Address, Address]]:
    """Return the first and the last address of each pool: everything but the network, the gateway and IPv4's broadcast address."""
    network = ip_network(cidr, strict=False)
    first, last = int(network[0]), int(network[-1])
    if first != last and (network.version != IPV4 or network.prefixlen <= SMALLEST):
        first, last = first + 1, last - (network.version == IPV4)
    hop = int(ip_address(gateway)) if gateway and ip_address(gateway) in network else -1
    spans = [(first, hop - 1), (hop + 1, last)] if first <= hop <= last else [(first, last)]
    make = type(network[0])
    return [(make(low), make(high)) for low, high in spans if low <= high]
