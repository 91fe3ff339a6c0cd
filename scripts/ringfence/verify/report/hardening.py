"""The controls of the servers by clause of ISO/IEC 27002 and 27017. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict
from ringfence.verify.result import Kind

if TYPE_CHECKING:
    from ringfence.verify.result import Check, Result

OF_THE_CLOUD = "CLD"
"""Clauses of ISO/IEC 27017 that 27002 has not begin with it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One control on all servers, below one clause."""

    control: str
    title: str
    cis: str
    anssi: str
    checks: tuple[Check, ...]

    @property
    def counts(self) -> Counter[CheckVerdict]:
        """How many servers came to which verdict."""
        return Counter(check.outcome.verdict for check in self.checks)

    @property
    def bad(self) -> list[Check]:
        """The servers on which it is not in force, or cannot be told."""
        return [check for check in self.checks if check.outcome.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}]


def by_clause(result: Result) -> list[tuple[str, list[Row]]]:
    """Return each clause with its controls, in the order of the clauses; a control stands below every clause that asks for it."""
    checks: dict[str, list[Check]] = defaultdict(list)
    for check in result.checks:
        if check.kind is Kind.HARDENING and check.details:
            checks[check.details["control"]].append(check)
    clauses: dict[str, list[Row]] = defaultdict(list)
    for name, own in checks.items():
        told = own[0].details
        for clause in told["iso"] or ("none",):
            clauses[clause].append(Row(name, told["title"], ", ".join(told["cis"]), ", ".join(told["anssi"]), tuple(own)))
    return [(_written(clause), clauses[clause]) for clause in sorted(clauses, key=_order)]


def _written(clause: str) -> str:
    return "no clause" if clause == "none" else f"ISO/IEC {'27017' if clause.startswith(OF_THE_CLOUD) else '27002'} {clause}"


def _order(clause: str) -> list[int]:
    return [int(word) if word.isdigit() else -1 for word in clause.split(".")]
