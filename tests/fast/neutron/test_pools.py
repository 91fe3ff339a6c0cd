"""The addresses that Neutron hands out by itself."""

from __future__ import annotations

import pytest

from infra.neutron.pools import whole

pytestmark = pytest.mark.fast
CASES = {
    "a gateway at the first address": ("10.0.0.0/24", "10.0.0.1", ["10.0.0.2-10.0.0.254"]),
    "a gateway in the middle": ("10.0.0.0/24", "10.0.0.100", ["10.0.0.1-10.0.0.99", "10.0.0.101-10.0.0.254"]),
    "no gateway": ("10.0.0.0/24", None, ["10.0.0.1-10.0.0.254"]),
    "a gateway on another prefix": ("10.0.0.0/24", "10.0.1.1", ["10.0.0.1-10.0.0.254"]),
    "two addresses have no broadcast": ("10.0.0.0/31", "10.0.0.0", ["10.0.0.1-10.0.0.1"]),
    "one address": ("10.0.0.7/32", None, ["10.0.0.7-10.0.0.7"]),
    "IPv6 has no broadcast": ("fd00::/126", "fd00::1", ["fd00::2-fd00::3"]),
    "nothing is left": ("10.0.0.0/30", "10.0.0.1", ["10.0.0.2-10.0.0.2"]),
}


@pytest.mark.parametrize("name", CASES)
def test_pools_are_all_but_network_gateway_and_broadcast(name: str) -> None:
    """As ``generate_pools`` cuts them."""
    cidr, gateway, expected = CASES[name]
    assert [f"{first}-{last}" for first, last in whole(cidr, gateway)] == expected
