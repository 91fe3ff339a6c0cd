"""Random rules and packet sets, small enough that every overlap, touch and gap occurs often."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from hypothesis import strategies as st

from infra.packets.axes import L4_POINTS, Network, network_interval
from infra.packets.packetset import PacketSet
from infra.packets.table import RuleTable
from tests.fast.packets.naive import KEYS, SIDE


@st.composite
def intervals(draw: st.DrawFn, points: int = SIDE) -> tuple[int, int]:
    """Half-open intervals of a small axis, seldom empty."""
    lo = draw(st.integers(0, points - 1))
    return lo, draw(st.integers(lo, points))


@st.composite
def rule_tables(draw: st.DrawFn, most: int = 12) -> RuleTable:
    """Tables of rules with one row each, on the naive evaluator's universe."""
    rows = draw(st.lists(st.tuples(st.integers(0, KEYS - 1), intervals(), intervals()), max_size=most))
    return RuleTable.of(
        [key for key, _, _ in rows],
        range(len(rows)),
        ([l4[0] for _, l4, _ in rows], [l4[1] for _, l4, _ in rows]),
        ([peers[0] for _, _, peers in rows], [peers[1] for _, _, peers in rows]),
    )


NETWORKS: list[Network] = [
    *(IPv4Network(text) for text in ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.128/25", "10.0.0.7", "255.255.255.255")),
    *(IPv6Network(text) for text in ("::/0", "fd00::/8", "fd00::/64", "fd00::7", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
]
CUTS = sorted({0, 1, 6 << 16, (6 << 16) + 22, (6 << 16) + 443, 7 << 16, 17 << 16, (1 << 16) + (8 << 8), (1 << 16) + (9 << 8), L4_POINTS})


@st.composite
def packet_sets(draw: st.DrawFn) -> PacketSet:
    """Sets of both families with bounds that coincide often."""
    spans = st.tuples(st.sampled_from(CUTS), st.sampled_from(CUTS)).map(lambda pair: (min(pair), max(pair)))
    peers = st.sampled_from(NETWORKS).map(network_interval)
    return PacketSet.of(draw(st.lists(st.tuples(spans, peers), max_size=6)))
