"""Addresses and names that nobody may declare."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.declaration.model import Network

NEVER_FORWARDED: dict[Network, str] = {
    ip_network("0.0.0.0/8"): "this network (RFC 791)",
    ip_network("127.0.0.0/8"): "loopback (RFC 1122)",
    ip_network("169.254.0.0/16"): "link-local, with the clouds' metadata address (RFC 3927)",
    ip_network("224.0.0.0/4"): "multicast (RFC 5771)",
    ip_network("240.0.0.0/4"): "reserved (RFC 1112)",
    ip_network("::/8"): "loopback, unspecified and IPv4-mapped (RFC 4291)",
    ip_network("fe80::/10"): "link-local (RFC 4291)",
    ip_network("ff00::/8"): "multicast (RFC 4291)",
}
"""Prefixes whose packets no router forwards (RFC 6890), and what they are for."""

ENDPOINT_WORDS = frozenset({"internet", "management", "bastion", "platform", "any", "all"})
"""Words that mean something else already where an endpoint is named."""

ANYTHING = frozenset({"any", "all", "*", "everything", "everywhere", "0.0.0.0/0", "::/0"})
"""What people write when they mean every address."""

TENANTS = frozenset({"platform", "admin", "service", "default", "ringfence"})
"""Names of the platform's own stack and of projects that clouds have for themselves."""


def use_of(network: Network) -> str:
    """Tell what a prefix is reserved for, wholly or in part; empty when it is free."""
    same = (reserved for reserved in NEVER_FORWARDED if reserved.version == network.version)
    return next((NEVER_FORWARDED[reserved] for reserved in same if reserved.overlaps(network)), "")
