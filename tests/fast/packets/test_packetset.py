"""Packet sets: the laws of set algebra for both families, and membership decided point by point."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given

from infra.packets.axes import IPV4_POINTS, IPV6_POINTS, L4_POINTS, PeerAxis, peer_address
from infra.packets.canonical import canonicalise
from infra.packets.packetset import Packet, PacketSet
from infra.packets.table import RuleTable
from tests.fast.packets.strategies import CUTS, NETWORKS, packet_sets

NOTHING, EVERYTHING = PacketSet.nothing(), PacketSet.everything()
POINTS = [
    Packet(address, l4)
    for network in NETWORKS
    for address in (network.network_address, network.broadcast_address)
    for l4 in sorted({min(max(cut + step, 0), L4_POINTS - 1) for cut in CUTS for step in (-1, 0)})
]


@given(packet_sets(), packet_sets(), packet_sets())
def test_the_laws_of_sets_hold(a: PacketSet, b: PacketSet, c: PacketSet) -> None:
    """Commutative, associative, distributive, absorbing, De Morgan: equality is equality of the objects."""
    assert a | b == b | a
    assert a & b == b & a
    assert (a | b) | c == a | (b | c)
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (a & b) == a
    assert ~(a | b) == ~a & ~b
    assert a - b == a & ~b
    assert a ^ b == (a - b) | (b - a)


@given(packet_sets())
def test_the_extremes_are_neutral_or_absorbing(a: PacketSet) -> None:
    """Nothing and everything behave as the bottom and the top."""
    assert a | NOTHING == a == a & EVERYTHING
    assert a & NOTHING == NOTHING == a - a
    assert a | EVERYTHING == EVERYTHING == a | ~a
    assert ~~a == a
    assert NOTHING <= a <= EVERYTHING


@given(packet_sets(), packet_sets())
def test_order_size_and_disjointness_agree(a: PacketSet, b: PacketSet) -> None:
    """Subset, overlap and number of packets tell one story, and equal sets have equal hashes."""
    assert (a <= b) == (a | b == b)
    assert (a < b) == (a <= b and a != b)
    assert a.isdisjoint(b) == (not a & b)
    assert a.size() + b.size() == (a | b).size() + (a & b).size()
    assert (a == b) == (hash(a) == hash(b))


@given(packet_sets(), packet_sets())
def test_membership_follows_the_operators(a: PacketSet, b: PacketSet) -> None:
    """Every packet at a corner is in the result exactly when the definition says so."""
    union, common, rest = a | b, a & b, a - b
    for packet in POINTS:
        assert (packet in union) == (packet in a or packet in b)
        assert (packet in common) == (packet in a and packet in b)
        assert (packet in rest) == (packet in a and packet not in b)


@given(packet_sets())
def test_a_witness_is_a_packet_of_the_set(a: PacketSet) -> None:
    """A set has a witness exactly when it is not empty, and the witness is in it."""
    witness = a.witness()
    assert (witness is None) == (not a)
    assert witness is None or witness in a


@given(packet_sets())
def test_the_families_are_separate_parts(a: PacketSet) -> None:
    """A set is the disjoint union of its IPv4 and its IPv6 packets."""
    assert a.only(4) | a.only(6) == a
    assert a.only(4).isdisjoint(a.only(6))


def test_everything_counts_every_packet() -> None:
    """The whole space has 2^24 layer 4 points for each of the 2^32 + 2^128 addresses."""
    assert EVERYTHING.size() == L4_POINTS * (IPV4_POINTS + IPV6_POINTS)


@given(packet_sets(), packet_sets())
def test_peers_cut_as_an_intersection_does(a: PacketSet, b: PacketSet) -> None:
    """Keeping the packets of some peers is the intersection with everything of those peers, to the same canonical form."""
    peers = [peer for version in (4, 6) for slab in b.only(version).slabs[:1] for peer in slab.peers]

    assert a.within(peers) == a & PacketSet.at(peers)
    assert PacketSet.at(peers) == PacketSet.of(((0, L4_POINTS), peer) for peer in peers)
    assert a.within([]) == NOTHING


@given(packet_sets())
def test_a_set_survives_the_way_through_a_table(a: PacketSet) -> None:
    """A key of a table on an axis with ranked IPv6 reads back as the same set."""
    boxes = [(slab.l4, peers) for slab in a.slabs for peers in slab.peers]
    axis = PeerAxis.of(NETWORKS)
    ranked = [axis.interval_of_range(peer_address(lo), peer_address(hi - 1)) for _, (lo, hi) in boxes]
    l4 = [box[0][0] for box in boxes], [box[0][1] for box in boxes]
    table = RuleTable.of([7] * len(boxes), range(len(boxes)), l4, ([lo for lo, _ in ranked], [hi for _, hi in ranked]))

    assert a == PacketSet.of_key(canonicalise(table), 7, axis)
    assert PacketSet.of_key(canonicalise(table), 8, axis) == NOTHING


@pytest.mark.parametrize("rectangle", [((0, L4_POINTS + 1), (0, 1)), ((5, 4), (0, 1)), ((0, 1), (0, IPV4_POINTS + 2)), ((0, 1), (-1, 1))])
def test_a_rectangle_off_the_axes_is_refused(rectangle: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Intervals beyond an axis, reversed, or across both families are errors."""
    with pytest.raises(ValueError, match="not a rectangle"):
        PacketSet.of([rectangle])


def test_a_packet_reads_as_a_person_writes_it() -> None:
    """Ports and ICMP codes are shown where the protocol has them."""
    assert str(Packet(ip_address("10.0.0.1"), (6 << 16) + 443)) == "tcp/443 from 10.0.0.1"
    assert str(Packet(ip_address("fd00::1"), (58 << 16) + (128 << 8))) == "icmpv6/128:0 from fd00::1"
    assert str(Packet(ip_address("fd00::1"), (47 << 16) + 5)) == "gre from fd00::1"
    assert (Packet(ip_address("10.0.0.1"), (6 << 16) + 443).protocol, Packet(ip_address("10.0.0.1"), 443).detail) == (6, 443)
