"""A rule as somebody wrote it: in which group, of which project, asked for by which flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.neutron.lint.findings import Finding, FindingKind
from infra.neutron.semantics.filters import words_of

if TYPE_CHECKING:
    from infra.neutron.snapshot import Rule, SecurityGroup


@dataclass(frozen=True, slots=True)
class Written:
    """A rule with its group and what its group's project is called."""

    project: str
    group: SecurityGroup
    rule: Rule

    def finding(self, kind: FindingKind, text: str) -> Finding:
        """Return a finding about this rule."""
        source = self.rule.source
        place = (source.flow, source.owner, source.file, source.line) if source else ("", "", "", 0)
        return Finding(kind, f"{words_of(self.rule)}: {text}", self.project, self.group.name, self.rule.id, *place)
