"""What ``internet`` covers: everything that is not our own, and not a single address more or less."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import ranges
from infra.declaration import reserved
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


@given(holes=st.lists(networks(), max_size=4))
def test_who_is_outside_in_a_question_is_the_internet_of_every_declaration(holes: list[Network]) -> None:
    """The two words have one table: whom a question calls outside, every declaration calls internet, but for the tenant's own addresses."""
    declared = ranges.of(everything_but((*holes, *reserved.NEVER_FORWARDED)))
    asked = ranges.difference(ranges.GLOBAL, ranges.of(holes))
    assert ranges.covers(declared, asked)
    assert ranges.covers(ranges.normal((*declared, *ranges.of(holes))), ranges.of(reserved.PRIVATE))
    assert not ranges.touches(ranges.GLOBAL, ranges.of((*reserved.PRIVATE, *reserved.NEVER_FORWARDED)))


@pytest.mark.parametrize(
    ("address", "private", "special", "everybodys"),
    [
        ("10.1.2.3", True, False, False),
        ("100.64.0.1", True, False, False),
        ("169.254.169.254", True, False, False),
        ("192.168.1.1", True, False, False),
        ("172.15.255.255", False, False, True),
        ("172.32.0.0", False, False, True),
        ("0.1.2.3", False, True, False),
        ("127.0.0.1", False, True, False),
        ("224.0.0.1", False, True, False),
        ("255.255.255.255", False, True, False),
        ("198.51.100.1", False, False, True),
        ("::1", False, True, False),
        ("fd00::1", True, True, False),
        ("fe80::1", True, True, False),
        ("ff02::1", False, True, False),
        ("2001:db8::1", False, False, True),
        ("4000::", False, True, False),
    ],
)
def test_the_table_says_of_an_address_whose_it_is(address: str, *, private: bool, special: bool, everybodys: bool) -> None:
    """Private, special or everybody's: RFC 1918, 3927, 4193, 4291, 6598 and 6890."""
    span = ranges.of((ip_network(address),))
    assert [ranges.covers(known, span) for known in (ranges.PRIVATE, ranges.SPECIAL, ranges.GLOBAL)] == [private, special, everybodys]
