"""What ``internet`` covers: everything that is not our own, and not a single address more or less."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.declaration.addresses import EVERYTHING
from infra.declaration.reserved import NEVER_FORWARDED
from infra.policy.internet import everything_but, internet
from tests.fast.policy.tenants import PLATFORM, networks, tenants

if TYPE_CHECKING:
    from infra.declaration import TenantDeclaration

Network = IPv4Network | IPv6Network


def size(prefixes: tuple[Network, ...]) -> int:
    """Count the addresses of prefixes that do not overlap."""
    return sum(prefix.num_addresses for prefix in prefixes)


@given(st.lists(networks(), max_size=6))
def test_a_difference_of_prefixes_is_exact(holes: list[Network]) -> None:
    """Every address is in exactly one of the two: what is left, and what was taken away."""
    left = everything_but(holes)
    assert not any(one.version == two.version and one.overlaps(two) for one in left for two in holes)
    taken = everything_but(left)
    assert size(left) + size(taken) == size(EVERYTHING)
    assert everything_but(taken) == left


@given(st.lists(networks(), max_size=6))
def test_a_difference_of_prefixes_is_the_shortest(holes: list[Network]) -> None:
    """No two prefixes of the result could be written as one, and none is written twice."""
    left = everything_but(holes)
    assert len(set(left)) == len(left)
    parents = [prefix.supernet() for prefix in left if prefix.prefixlen]
    assert len(set(parents)) == len(parents)


@given(tenants())
def test_the_internet_is_everything_but_our_own(declaration: TenantDeclaration) -> None:
    """Zones, management and what no router forwards are left out, and nothing else is."""
    own = [network for zone in declaration.tenant.zones.values() for network in zone.networks]
    excluded = [*own, PLATFORM.pool.cidr, PLATFORM.backbone.cidr, *NEVER_FORWARDED]
    cover = internet(declaration.tenant, PLATFORM)
    assert not any(one.version == two.version and one.overlaps(two) for one in cover for two in excluded)
    assert size(cover) == size(EVERYTHING) - size(tuple(excluded))


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("8.8.8.8", True),
        ("172.24.4.1", True),
        ("10.0.200.1", True),
        ("10.0.0.0", False),
        ("10.0.0.255", False),
        ("169.254.169.254", False),
        ("127.0.0.1", False),
        ("172.29.0.10", False),
        ("172.30.255.255", False),
        ("255.255.255.255", False),
        ("2001:db8::1", True),
        ("fe80::1", False),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_an_address_is_in_the_internet_or_not(address: str, inside: bool) -> None:  # noqa: FBT001 - a table
    """The cases that matter, one by one, for a tenant with the zone 10.0.0.0/24."""
    holes = [ip_network("10.0.0.0/24"), PLATFORM.pool.cidr, PLATFORM.backbone.cidr, *NEVER_FORWARDED]
    cover = everything_but(holes)
    one = ip_address(address)
    assert any(one in prefix for prefix in cover if prefix.version == one.version) == inside
