"""All pairs of port classes, decided packet by packet on tiny clouds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.packets import pairs
from infra.packets.arrays import Ints, ints, offsets_of
from infra.packets.axes import IPV6_BASE
from infra.packets.canonical import canonicalise
from infra.packets.classes import EVERYTHING, NOTHING, Flows, PortClasses
from infra.packets.senders import Reachability
from infra.packets.table import CanonicalTable, RuleTable

ADDRESSES = [*range(4), *range(IPV6_BASE, IPV6_BASE + 4)]
SERVICES = range(5)


@st.composite
def peers(draw: st.DrawFn) -> tuple[int, int]:
    """Intervals of one family; most are a single address."""
    family, lo = draw(st.sampled_from([0, IPV6_BASE])), draw(st.integers(0, 3))
    return family + lo, family + draw(st.one_of(st.just(lo + 1), st.integers(lo + 1, 4)))


@st.composite
def clouds(draw: st.DrawFn) -> tuple[PortClasses, CanonicalTable]:
    """Up to six classes in two components and three labels, with rules, open ports, closed ports and wide senders."""
    rules = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(1, 3), peers()), max_size=14))
    keys, starts, lengths, boxes = zip(*rules, strict=True) if rules else ((), (), (), ())
    l4 = (list(starts), [start + length for start, length in zip(starts, lengths, strict=True)])
    canonical = canonicalise(RuleTable.of(keys, range(len(rules)), l4, ([lo for lo, _ in boxes], [hi for _, hi in boxes])))
    rows = st.integers(EVERYTHING, len(canonical) - 1)
    members = st.lists(peers(), max_size=3)
    classes: list[Any] = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), rows, rows, members, members), max_size=6))
    component, label, ingress, egress = (ints([row[place] for row in classes]) for place in range(4))
    sources, targets = (_compressed([row[place] for row in classes]) for place in (4, 5))
    return PortClasses(component, label, ingress, egress, *sources, *targets), canonical


def _compressed(lists: list[list[tuple[int, int]]]) -> tuple[Ints, Ints, Ints]:
    flat = [interval for intervals in lists for interval in intervals]
    return offsets_of(ints([len(part) for part in lists])), ints([lo for lo, _ in flat]), ints([hi for _, hi in flat])


def passing(classes: PortClasses, canonical: CanonicalTable) -> set[tuple[int, int, int, int, int]]:
    """Decide every packet (source class, target class, source address, target address, service) by the definition."""

    def admits(row: int, peer: int, l4: int) -> bool:
        slabs = canonical.slabs_of(row) if row >= 0 else ()
        return row == EVERYTHING or any(a <= l4 < b and any(lo <= peer < hi for lo, hi in pieces) for (a, b), pieces in slabs)

    def member(offsets: Ints, lo: Ints, hi: Ints, row: int) -> set[int]:
        spans = range(offsets[row], offsets[row + 1])
        return {address for address in ADDRESSES for span in spans if lo[span] <= address < hi[span]}

    found = set()
    for s, d in product(range(len(classes)), repeat=2):
        if classes.component[s] != classes.component[d] or classes.label[s] == classes.label[d]:
            continue
        sources = member(classes.source_offsets, classes.source_lo, classes.source_hi, s)
        targets = member(classes.target_offsets, classes.target_lo, classes.target_hi, d)
        for a, b, l4 in product(sources, targets, SERVICES):
            same_family = (a < IPV6_BASE) == (b < IPV6_BASE)
            if same_family and admits(int(classes.ingress[d]), a, l4) and admits(int(classes.egress[s]), b, l4):
                found.add((s, d, a, b, l4))
    return found


def expanded(found: Flows) -> set[tuple[int, int, int, int, int]]:
    """Spell out boxes as packets of the tiny universe."""
    packets = set()
    for row in range(len(found)):
        box = found.take(np.array([row]))
        sources = [address for address in ADDRESSES if box.source_lo[0] <= address < box.source_hi[0]]
        targets = [address for address in ADDRESSES if box.target_lo[0] <= address < box.target_hi[0]]
        services = [l4 for l4 in SERVICES if box.l4_lo[0] <= l4 < box.l4_hi[0]]
        assert sources
        assert targets
        packets |= set(product([int(box.source[0])], [int(box.target[0])], sources, targets, services))
    return packets


@given(clouds(), st.sampled_from([1, 3, 1 << 18]))
def test_flows_are_exactly_the_packets_that_pass(cloud: tuple[PortClasses, CanonicalTable], at_once: int) -> None:
    """Both families, wide senders and open ports: no packet too many and none missing, however the work is cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "AT_ONCE", at_once)
        found = pairs.flows(*cloud)

    assert passing(*cloud) == expanded(found)


@given(clouds())
def test_connected_classes_have_one_box_for_each_pair_that_can_talk(cloud: tuple[PortClasses, CanonicalTable]) -> None:
    """Pairs are complete and single, and each box is a true counterexample to isolation."""
    truth, found = passing(*cloud), pairs.connected(*cloud)
    couples = list(zip(found.source.tolist(), found.target.tolist(), strict=True))

    assert couples == sorted({packet[:2] for packet in truth} | {couple for couple in couples if _beyond(found, couples, couple)})
    assert expanded(found) <= truth


def _beyond(found: Flows, couples: list[tuple[int, int]], couple: tuple[int, int]) -> bool:
    """Open ports let pass services beyond the tiny universe: such a pair has a box that starts outside it."""
    return bool(found.l4_lo[couples.index(couple)] >= len(SERVICES))


def test_a_limit_ends_the_search_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """One leak is enough to refute isolation; the search need not list them all."""
    monkeypatch.setattr(pairs, "AT_ONCE", 1)
    number = np.arange(4)
    one_each = (np.arange(5), number, number + 1)
    open_cloud = PortClasses(np.zeros(4, dtype=np.int64), number, np.full(4, EVERYTHING), np.full(4, EVERYTHING), *one_each, *one_each)

    assert len(pairs.flows(open_cloud, CanonicalTable.empty())) == 12
    assert len(pairs.flows(open_cloud, CanonicalTable.empty(), limit=1)) < 12


def test_closed_ports_are_isolated() -> None:
    """Without an allowed packet on one side there is no flow, whatever the other side allows."""
    number, nothing, everything = np.arange(2), np.full(2, NOTHING), np.full(2, EVERYTHING)
    one_each = (np.arange(3), number, number + 1)
    component = np.zeros(2, dtype=np.int64)
    for ingress, egress in ((nothing, everything), (everything, nothing)):
        assert not len(pairs.flows(PortClasses(component, number, ingress, egress, *one_each, *one_each), CanonicalTable.empty()))


@given(clouds(), st.sampled_from(ADDRESSES), st.sampled_from(SERVICES))
def test_senders_are_those_from_whom_a_packet_passes(cloud: tuple[PortClasses, CanonicalTable], address: int, l4: int) -> None:
    """Who can reach one service at one address of a class, source address by source address, with labels taken away."""
    classes, canonical = cloud
    alone = replace(classes, label=np.arange(len(classes)))
    truth = passing(alone, canonical)
    reachability = Reachability(classes, canonical)
    for target in range(len(classes)):
        answer = reachability.senders(target, address, l4)
        rows = zip(answer.source.tolist(), answer.lo.tolist(), answer.hi.tolist(), strict=True)
        found = {(source, point) for source, lo, hi in rows for point in ADDRESSES if lo <= point < hi and source != target}
        spans = range(classes.target_offsets[target], classes.target_offsets[target + 1])
        if any(classes.target_lo[span] <= address < classes.target_hi[span] for span in spans):
            assert found == {(s, a) for s, d, a, b, service in truth if (d, b, service) == (target, address, l4)}


@pytest.mark.parametrize("family", [0, IPV6_BASE])
def test_a_wide_sender_reaches_from_the_admitted_part_of_the_asked_family(family: int) -> None:
    """A port that may send from everywhere is found by the one address that the rule admits, in the family of the target only."""
    rules = RuleTable.of([0, 0], [0, 0], ([0, 0], [1, 1]), ([1, IPV6_BASE + 1], [2, IPV6_BASE + 2]))
    everywhere = (ints([0, 2, 4]), ints([0, IPV6_BASE] * 2), ints([4, IPV6_BASE + 4] * 2))
    classes = PortClasses(ints([0, 0]), ints([0, 1]), ints([0, NOTHING]), ints([NOTHING, EVERYTHING]), *everywhere, *everywhere)

    answer = Reachability(classes, canonicalise(rules)).senders(0, family + 3, 0)

    assert (answer.source.tolist(), answer.lo.tolist(), answer.hi.tolist()) == ([1], [family + 1], [family + 2])
