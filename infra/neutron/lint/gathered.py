"""Findings joined for reading: a cloud that nobody declared has a finding for every rule, and they say the same thing group by group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.neutron.lint.findings import Finding


def gathered(findings: Iterable[Finding]) -> list[Finding]:
    """Join findings of one kind about rules of one group that no declaration has: they have no line of their own to point to.

    Findings that point to a file, or are about no rule, stay as they are. The order is that of each first one.
    """
    found: dict[tuple[str, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        alone = finding.file or not finding.rule
        key = (str(number),) if alone else (finding.project, finding.group, finding.kind)
        found.setdefault(key, []).append(finding)
    return [_joined(several) for several in found.values()]


def _joined(several: list[Finding]) -> Finding:
    first = several[0]
    return first if len(several) == 1 else replace(first, rule="", text=f"{len(several):,} rules, among them {first.text}")
