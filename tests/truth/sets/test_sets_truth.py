"""z3 and two packages of decision diagrams judge the algebra on random groups: equality, emptiness, size, redundancy, witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import z3

from benchmarks.peers import bdd
from benchmarks.peers.boxes import Box
from benchmarks.peers.smt import SolverEngine
from infra.packets.axes import IPV6_BASE, peer_point
from infra.packets.packetset import Packet, PacketSet
from infra.packets.redundancy import Kind, classify
from infra.packets.table import RuleTable
from tests.truth.counts import SCALE
from tests.truth.sets.cases import BITS, groups, packet_set, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.peers.boxes import Engine

pytestmark = pytest.mark.truth

JUDGES: dict[str, tuple[Callable[[int], Engine], int]] = {
    "oxidd": (bdd.oxidd, 4000),
    "cudd": (bdd.cudd, 1000),
    "z3": (SolverEngine, 150),
}


def test_sets_are_equal_or_empty_exactly_when_the_diagrams_are() -> None:
    """Thousands of pairs, every third in IPv6: union, intersection, subtraction, symmetric difference, subset, equality, emptiness."""
    engines = [(version, make(bits)) for version, bits in BITS.items() for make in (bdd.oxidd, bdd.cudd)]
    verdicts = {True: 0, False: 0}
    for version, one, two in pairs(seed=1, count=2500 * SCALE):
        a, b = packet_set(version, one), packet_set(version, two)
        results = a | b, a & b, a - b, a ^ b
        relations = a == b, a <= b, a.isdisjoint(b)
        for engine in (engine for judged, engine in engines if judged == version):
            f, g = engine.union(one), engine.union(two)
            assert relations == (f == g, (f & ~g) == engine.false, (f & g) == engine.false)
            for ours, theirs in zip(results, (f | g, f & g, f & ~g, (f & ~g) | (g & ~f)), strict=True):
                assert engine.union(boxes(ours)) == theirs
        for verdict in relations:
            verdicts[verdict] += 1
    assert min(verdicts.values()) > 1000 * SCALE, "cases without both verdicts prove nothing"


def boxes(packets: PacketSet) -> list[Box]:
    """Return the pieces of a set as the judges read them."""
    return [
        Box(*slab.l4, lo - base, hi - base)
        for slab in packets.slabs
        for base in (IPV6_BASE if slab.version == 6 else 0,)
        for lo, hi in slab.peers
    ]


def test_sizes_are_the_numbers_of_models() -> None:
    """The number of packets is the diagrams' number of satisfying assignments."""
    for version, bits in BITS.items():
        engine = bdd.cudd(bits)
        for _, group in (case for case in groups(seed=2, count=1500 * SCALE) if case[0] == version):
            assert packet_set(version, group).size() == pytest.approx(engine.union(group).count(bits + 24), rel=1e-12)


@pytest.mark.parametrize("name", JUDGES)
def test_redundant_rules_are_those_that_the_judge_finds(name: str) -> None:
    """Rule by rule, in random groups, and both verdicts occur."""
    make, count = JUDGES[name]
    engines = {version: make(bits) for version, bits in BITS.items()}
    seen = {True: 0, False: 0}
    for version, group in groups(seed=3, count=count * SCALE):
        kinds = classify(table(group))[1].kind
        expected = engines[version].redundant(group)
        assert [kind != Kind.NEEDED for kind in kinds.tolist()] == expected
        for verdict in expected:
            seen[verdict] += 1
    assert min(seen.values()) > 50, "cases without both verdicts prove nothing"


def table(group: Sequence[Box]) -> RuleTable:
    """Return a group as a table of one key; addresses beyond 63 bits become ranks, as the product does it."""
    ranks = {bound: rank for rank, bound in enumerate(sorted({bound for box in group for bound in (box.lo, box.hi)}))}
    lo, hi = [ranks[box.lo] for box in group], [ranks[box.hi] for box in group]
    l4 = [box.l4_lo for box in group], [box.l4_hi for box in group]
    return RuleTable.of(np.zeros(len(group)), range(len(group)), l4, (lo, hi))


def test_witnesses_convince_the_solver_and_the_other_way_round() -> None:
    """Our witness of a difference satisfies z3's formula; z3's model is a packet of our set; both or neither exist."""
    found = {True: 0, False: 0}
    solvers = {version: SolverEngine(bits) for version, bits in BITS.items()}
    for version, one, two in pairs(seed=4, count=600 * SCALE):
        solver, base = solvers[version], IPV6_BASE if version == 6 else 0
        rest = packet_set(version, one) - packet_set(version, two)
        formula = z3.And(solver.union(one), z3.Not(solver.union(two)))
        theirs, ours = solver.witness(formula), rest.witness()
        found[ours is not None] += 1
        assert (theirs is None) == (ours is None)
        if ours is not None and theirs is not None:
            point = z3.substitute(
                formula,
                (solver.peer, z3.BitVecVal(peer_point(ours.peer) - base, BITS[version] + 1)),
                (solver.l4, z3.BitVecVal(ours.l4, 25)),
            )
            assert z3.is_true(z3.simplify(point))
            assert Packet(type(ours.peer)(theirs[0]), theirs[1]) in rest
    assert min(found.values()) > 30, "cases without both verdicts prove nothing"
