"""The axes: every match of Neutron is one interval, and 128-bit addresses keep their order as coordinates."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.packets.axes import IPV6_BASE, L4_POINTS, PEER_POINTS, PeerAxis, l4_interval, l4_intervals, peer_address, peer_point

TCP, ICMP, GRE = 6 << 16, 1 << 16, 47 << 16

MATCHES = {
    "any protocol": ((None, None, None), (0, L4_POINTS)),
    "all of tcp": ((6, None, None), (TCP, TCP + 65536)),
    "one port": ((6, 443, 443), (TCP + 443, TCP + 444)),
    "a port given once": ((6, 443, None), (TCP + 443, TCP + 444)),
    "a port range to the top": ((6, 1024, 65535), (TCP + 1024, TCP + 65536)),
    "an icmp type, all codes": ((1, 8, None), (ICMP + 8 * 256, ICMP + 9 * 256)),
    "an icmp type and code": ((1, 3, 4), (ICMP + 3 * 256 + 4, ICMP + 3 * 256 + 5)),
    "icmp type 0 code 0": ((1, 0, 0), (ICMP, ICMP + 1)),
    "a protocol without ports": ((47, None, None), (GRE, GRE + 65536)),
    "protocol 255": ((255, None, None), (255 << 16, L4_POINTS)),
    "icmpv6": ((58, 128, 0), ((58 << 16) + 128 * 256, (58 << 16) + 128 * 256 + 1)),
}


@pytest.mark.parametrize(("match", "expected"), MATCHES.values(), ids=MATCHES.keys())
def test_a_match_is_one_interval(match: tuple[int | None, int | None, int | None], expected: tuple[int, int]) -> None:
    """Protocol, ports and ICMP types in Neutron's words land on the right points, alone and in bulk."""
    bulk = l4_intervals(*(np.array([-1 if value is None else value]) for value in match))

    assert expected == l4_interval(*match)
    assert expected == (bulk[0][0], bulk[1][0])


@pytest.mark.parametrize("match", [(256, None, None), (-1, 1, 2), (6, 5, 4), (6, 1, 65536), (1, 256, None), (1, 3, 256)])
def test_an_impossible_match_is_refused(match: tuple[int, int | None, int | None]) -> None:
    """Values that no header can carry are errors, not silently clipped."""
    with pytest.raises(ValueError, match=r"outside|empty"):
        l4_interval(*match)


@pytest.mark.parametrize("text", ["10.0.0.1", "255.255.255.255", "::", "fd00::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"])
def test_an_address_has_one_exact_place(text: str) -> None:
    """Address to point and back is the identity in both families."""
    assert ip_address(text) == peer_address(peer_point(ip_address(text)))


def test_the_gap_between_the_families_is_no_address() -> None:
    """The point after the last IPv4 address belongs to nobody, so that families cannot merge."""
    for point in (-1, IPV6_BASE - 1, PEER_POINTS):
        with pytest.raises(ValueError, match="not on the peer axis"):
            peer_address(point)


sixes = st.builds(
    lambda address, prefix: IPv6Network((int(address) >> (128 - prefix) << (128 - prefix), prefix)),
    st.ip_addresses(v=6),
    st.sampled_from([0, 1, 63, 64, 65, 127, 128]),
)


@given(st.lists(sixes, max_size=6), st.lists(st.ip_addresses(v=6), max_size=4))
def test_ipv6_coordinates_keep_membership(networks: list[IPv6Network], addresses: list[IPv6Address]) -> None:
    """An address is inside a prefix exactly when its coordinate is inside the prefix's coordinates."""
    axis = PeerAxis.of(networks)
    for network in networks:
        lo, hi = axis.interval(network)
        assert IPV6_BASE <= lo < hi <= axis.end
        assert network.num_addresses == axis.exact(hi) - axis.exact(lo)
        assert network.network_address == axis.address(lo)
        for address in [*addresses, network.network_address, network.broadcast_address]:
            assert (address in network) == (lo <= axis.locate(address) < hi)


@given(st.lists(sixes, min_size=1, max_size=5), st.lists(sixes, max_size=5))
def test_translation_to_a_merged_axis_changes_no_address(mine: list[IPv6Network], others: list[IPv6Network]) -> None:
    """Two states can be brought to one axis: intervals stay what they are, ends included, and IPv4 is untouched."""
    axis, merged = PeerAxis.of(mine), PeerAxis.of(mine).merged(PeerAxis.of(others))
    bounds = np.array([bound for network in mine for bound in axis.interval(network)] + [0, 42, 1 << 32])

    moved = axis.translate(bounds, merged)

    assert [axis.exact(bound) for bound in bounds] == [merged.exact(bound) for bound in moved]


def test_an_axis_refuses_bounds_that_it_was_not_built_with() -> None:
    """A prefix off the axis would be rounded to another one; that is an error."""
    with pytest.raises(ValueError, match="not built with"):
        PeerAxis.of([ip_network("fd00::/64")]).interval(ip_network("fd00::/65"))


def test_widths_count_addresses() -> None:
    """Widths are exact for IPv4 and for powers of two in IPv6, up to the whole space."""
    networks = [ip_network("10.0.0.0/24"), ip_network("fd00::/64"), ip_network("::/0")]
    axis = PeerAxis.of(networks)
    lo, hi = np.array([axis.interval(network) for network in networks]).T

    assert axis.widths(lo, hi).tolist() == [2.0**8, 2.0**64, 2.0**128]
    assert int(IPv4Address("10.0.0.5")) == axis.locate(IPv4Address("10.0.0.5"))
