"""Rules that could go: duplicates, rules inside another, and rules that only several others cover together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.neutron.lint.findings import Finding, FindingKind
from infra.neutron.semantics.filters import words_of
from infra.packets import redundancy
from infra.packets.redundancy import classify
from infra.packets.table import RuleTable
from infra.reachability.filtering import axis_of, coordinates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.neutron.lint.written import Written
    from infra.neutron.semantics.filters import Filters

KINDS = {
    redundancy.Kind.DUPLICATE: FindingKind.DUPLICATE,
    redundancy.Kind.CONTAINED: FindingKind.CONTAINED,
    redundancy.Kind.COVERED: FindingKind.COVERED,
}


def redundant(rules: Sequence[Written], filters: Filters) -> Iterator[Finding]:
    """Yield a finding for every rule whose group allows the same without it."""
    keys: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, int, int, int]] = []
    spans = []
    for number, written in enumerate(rules):
        key = keys.setdefault((written.group.id, written.rule.direction), len(keys))
        for allow in filters.rectangles(written.rule, number):
            rows.append((key, number, allow.l4_lo, allow.l4_hi))
            spans.append((allow.family, allow.first, allow.last))
    if not rows:
        return
    key_column, numbers, l4_lo, l4_hi = zip(*rows, strict=True)
    table = RuleTable.of(key_column, numbers, (l4_lo, l4_hi), coordinates(axis_of(spans), spans))
    _, found = classify(table)
    for number, (kind, by, removable) in enumerate(zip(found.kind.tolist(), found.by.tolist(), found.removable.tolist(), strict=True)):
        if redundancy.Kind(kind) in KINDS:
            other = f"; covered by: {words_of(rules[by].rule)}" if by >= 0 else ""
            together = ", can be removed together with all others that say so" if removable else ", the one to keep"
            yield rules[number].finding(KINDS[redundancy.Kind(kind)], f"redundant{together}{other}")
