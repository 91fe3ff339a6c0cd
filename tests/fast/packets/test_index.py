"""Point and range questions by binary search, and the way back to the rules, against the cells of a small universe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given

from infra.packets.canonical import canonicalise
from infra.packets.index import Index, contributors, provenance
from tests.fast.packets.naive import KEYS, SIDE, allowed, coverage
from tests.fast.packets.strategies import rule_tables

if TYPE_CHECKING:
    from infra.packets.arrays import Bools, Ints
    from infra.packets.table import RuleTable


@given(rule_tables())
def test_every_packet_is_decided_as_by_the_rules(rules: RuleTable) -> None:
    """All packets of the universe at once, keys that allow nothing included."""
    canonical = canonicalise(rules)
    key, l4, peer = (axis.ravel() for axis in np.indices((KEYS, SIDE, SIDE)))

    answer = Index(canonical).admits(canonical.rows_of(key), peer, l4)

    assert np.array_equal(allowed(rules).ravel(), answer)


@given(rule_tables())
def test_peers_and_services_are_the_two_cuts_through_a_key(rules: RuleTable) -> None:
    """Who may use a service, and which services an address may use, in maximal intervals."""
    canonical, cells = canonicalise(rules), allowed(rules)
    index = Index(canonical)
    for row, key in enumerate(canonical.keys):
        for point in range(SIDE):
            assert _runs(cells[key, point, :]) == _pairs(index.peers(row, point))
            assert _runs(cells[key, :, point]) == _pairs(index.services(row, point))


def _runs(line: Bools) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _pairs(intervals: tuple[Ints, Ints]) -> list[tuple[int, int]]:
    return list(zip(intervals[0].tolist(), intervals[1].tolist(), strict=True))


@given(rule_tables())
def test_provenance_names_exactly_the_rules_inside_each_piece(rules: RuleTable) -> None:
    """A piece lists the rules that allow some of its cells, and no others."""
    canonical = canonicalise(rules)
    pieces = canonical.rectangles()
    offsets, rule = provenance(rules, Index(canonical))
    for piece in range(len(pieces)):
        inside = coverage(pieces.where(slice(piece, piece + 1))) > 0
        expected = [number for number in range(rules.rules) if (coverage(rules.where(rules.rule == number))[inside] > 0).any()]
        span = int(pieces.l4_lo[piece]), int(pieces.l4_hi[piece])

        assert expected == rule[offsets[piece] : offsets[piece + 1]].tolist()
        assert expected == contributors(rules, int(pieces.key[piece]), (int(pieces.lo[piece]), int(pieces.hi[piece])), span).tolist()
