"""Findings about rules: what is written twice, reaches nobody, is wider than needed, has run out or has no owner."""

from infra.neutron.lint.findings import Finding, FindingKind, Level
from infra.neutron.lint.linter import lint

__all__ = ["Finding", "FindingKind", "Level", "lint"]
