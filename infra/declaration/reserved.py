"""Addresses and names that have a meaning of their own: the only table of such prefixes, and the two words that are made from it.

Two sets of addresses are called outside, and they are not the same:

* **internet**, in a declaration: everybody outside the tenant, :func:`infra.policy.internet.internet`. It is every address but the tenant's
  zones, the management network and what is :data:`NEVER_FORWARDED`. Private addresses of others are in it: an office behind the external
  network is outside, too, and a flow that lets the internet in lets it in.
* **outside**, in a question about a state: whom the networks outside route to, :data:`infra.ranges.GLOBAL`. It is every
  address that is neither private nor special, because only such an address is a stranger's. The command line takes the word ``internet``
  for it as well, and prints that one.

The second is a part of the first, but for what the tenant has as its own.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.declaration.model import Network

LINK_LOCAL: dict[Network, str] = {
    ip_network("169.254.0.0/16"): "link-local, with the clouds' metadata address (RFC 3927)",
    ip_network("fe80::/10"): "link-local (RFC 4291)",
}
"""Prefixes that mean something on one link only."""

NEVER_FORWARDED: dict[Network, str] = {
    ip_network("0.0.0.0/8"): "this network (RFC 791)",
    ip_network("127.0.0.0/8"): "loopback (RFC 1122)",
    ip_network("224.0.0.0/4"): "multicast (RFC 5771)",
    ip_network("240.0.0.0/4"): "reserved (RFC 1112)",
    ip_network("::/8"): "loopback, unspecified and IPv4-mapped (RFC 4291)",
    ip_network("ff00::/8"): "multicast (RFC 4291)",
} | LINK_LOCAL
"""Prefixes whose packets no router forwards (RFC 6890), and what they are for."""

PRIVATE: dict[Network, str] = {
    ip_network("10.0.0.0/8"): "private (RFC 1918)",
    ip_network("172.16.0.0/12"): "private (RFC 1918)",
    ip_network("192.168.0.0/16"): "private (RFC 1918)",
    ip_network("100.64.0.0/10"): "shared by carriers (RFC 6598)",
    ip_network("fc00::/7"): "unique local (RFC 4193)",
}
"""Prefixes that routers forward, and that the networks outside do not route."""

GLOBAL_UNICAST6 = ip_network("2000::/3")
"""What IANA gives out of IPv6 (RFC 4291); whatever is beyond it is nobody's."""

ANYTHING = frozenset({"any", "all", "*", "everything", "everywhere", "0.0.0.0/0", "::/0"})
"""What people write when they mean every address."""

WORDS = frozenset(
    {"internet", "outside", "any", "all", "everything", "everywhere"}  # ends of a flow or of a question
    | {"platform", "management", "bastion", "ringfence"}  # parties, and parts of the names of what they have
    | {"cloud", "declarations", "plan", "git"}  # states that are asked about
)
"""Words that have a meaning of their own where a tenant, a zone, a server or an external is named."""

SERVERS = WORDS | {"edge", "backbone"}
"""These, and what a tenant's router and its port on the backbone are called: a NIC tells by one name what it is plugged into."""

TENANTS = SERVERS | {"admin", "service", "default"}
"""These, and projects that clouds have for themselves."""


def use_of(network: Network) -> str:
    """Tell what a prefix is reserved for, wholly or in part; empty when it is free."""
    same = (reserved for reserved in NEVER_FORWARDED if reserved.version == network.version)
    return next((NEVER_FORWARDED[reserved] for reserved in same if reserved.overlaps(network)), "")
