"""Sets of addresses as ranges: the quick question about one range has the answer of the slow one about sets."""

from __future__ import annotations

from itertools import combinations

from infra.ranges import covers, covers_one, normal

_SPANS = [(family, first, last) for family in (4, 6) for first in range(4) for last in range(first, 4)]


def test_one_range_is_covered_by_a_normal_set_exactly_where_it_is_as_a_set() -> None:
    """All ranges of four addresses in both families, against all sets of up to two of them."""
    sets = {normal(chosen) for count in range(3) for chosen in combinations(_SPANS, count)}
    for outer in sets:
        for span in _SPANS:
            assert covers_one(outer, span) == covers(outer, (span,)), (outer, span)
