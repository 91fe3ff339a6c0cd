"""The result as one HTML page that needs no network: the matrix of who reaches whom, and every check behind it. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.outcome import Verdict
from ringfence import pages
from ringfence.verify.result import DESCRIPTIONS, Kind

if TYPE_CHECKING:
    from ringfence.verify.result import Check, Result

SYMBOLS = {
    Verdict.PASS: "\N{CHECK MARK}",
    Verdict.FAIL: "\N{BALLOT X}",
    Verdict.ERROR: "!",
    Verdict.SKIPPED: "\N{EN DASH}",
    Verdict.NOT_APPLICABLE: "\N{MIDDLE DOT}",
}
"""A symbol and a word for every verdict: colour alone tells nothing to one in twelve men."""
WORST = (Verdict.FAIL, Verdict.ERROR, Verdict.SKIPPED, Verdict.PASS, Verdict.NOT_APPLICABLE)
OTHER_PLACES = {
    "gateway": "gateways",
    "management router": "management routers",
    "bastion": "bastion",
    "metadata address": "metadata",
    "API address": "API",
    "outside": "internet",
}


@dataclass
class Cell:
    """One source and one target: how many checks, the worst of them, and what is open between them."""

    source: str
    target: str
    checks: list[Check] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict."""
        found = {check.outcome.verdict for check in self.checks}
        return next((verdict for verdict in WORST if verdict in found), Verdict.NOT_APPLICABLE)

    @property
    def open(self) -> list[str]:
        """What flows allow, as ``tcp 443``."""
        allowed = [c.details for c in self.checks if c.details["expected"] == "allowed"]
        return sorted({f"{d['protocol']} {d['port']}" if d["port"] else d["protocol"] for d in allowed})

    @property
    def anchor(self) -> str:
        """The id of the cell's section."""
        return f"{self.source}--{self.target}".replace("/", "-").replace(" ", "-")


def matrix(result: Result) -> tuple[list[str], list[str], dict[tuple[str, str], Cell]]:
    """Return sources, targets and cells; servers are targets one by one, everything else by its kind."""
    cells: dict[tuple[str, str], Cell] = {}
    sources: dict[str, None] = {}
    targets: dict[str, None] = {}
    for check in result.checks:
        if not check.details or check.kind is not Kind.MATRIX:
            continue
        source = check.details["source"]
        target = OTHER_PLACES.get(check.details["place"]) or check.details["target_node"]
        sources.setdefault(source)
        targets.setdefault(target)
        cells.setdefault((source, target), Cell(source, target)).checks.append(check)
    servers = [name for name in targets if "/" in name]
    return list(sources), servers + [name for name in targets if "/" not in name], cells


def render(result: Result) -> str:
    """Return the page."""
    sources, targets, cells = matrix(result)
    by_kind: dict[Kind, list[Check]] = defaultdict(list)
    for check in result.checks:
        by_kind[check.kind].append(check)
    return pages.render(
        "ringfence.verify",
        "report.html.j2",
        result=result,
        sources=sources,
        targets=targets,
        cells=cells,
        symbols=SYMBOLS,
        kinds=[(kind, DESCRIPTIONS[kind], by_kind[kind], result.counts(kind)) for kind in Kind if by_kind[kind]],
        verdicts=list(WORST),
        bad=result.bad(),
        other=[(kind, checks) for kind, checks in by_kind.items() if kind is not Kind.MATRIX],
    )
