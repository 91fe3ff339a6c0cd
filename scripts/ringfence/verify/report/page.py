"""The result as one HTML page that needs no network: the matrix of who reaches whom, and every check behind it. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.outcome import CheckVerdict
from ringfence import pages
from ringfence.verify.report import hardening
from ringfence.verify.report.headline import grouped, headline, not_looked_at
from ringfence.verify.result import DESCRIPTIONS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.result import Check, Result, State

SYMBOLS = {
    CheckVerdict.PASS: "\N{CHECK MARK}",
    CheckVerdict.FAIL: "\N{BALLOT X}",
    CheckVerdict.ERROR: "!",
    CheckVerdict.SKIPPED: "\N{EN DASH}",
    CheckVerdict.NOT_APPLICABLE: "\N{MIDDLE DOT}",
}
"""A symbol and a word for every verdict: colour alone tells nothing to one in twelve men."""
MANY = 12
"""Sources beyond which the matrix is shown zone by zone first."""
COLUMNS = 12
"""Targets beside one another on a sheet of paper."""
PROBES = 20_000
"""Probes beyond which those that passed are only counted: a browser has to open the page."""
WORST = (CheckVerdict.FAIL, CheckVerdict.ERROR, CheckVerdict.SKIPPED, CheckVerdict.PASS, CheckVerdict.NOT_APPLICABLE)
OTHER_PLACES = {
    "gateway": "gateways",
    "management router": "management routers",
    "bastion": "bastion",
    "services server": "services",
    "metadata address": "metadata",
    "API address": "API",
    "outside": "internet",
}


@dataclass
class Cell:
    """One source and one target: how many checks, the worst of them, and what is open between them."""

    source: str
    target: str
    prefix: str = ""
    checks: list[Check] = field(default_factory=list)

    @property
    def verdict(self) -> CheckVerdict:
        """The worst verdict."""
        found = {check.outcome.verdict for check in self.checks}
        return next((verdict for verdict in WORST if verdict in found), CheckVerdict.NOT_APPLICABLE)

    @property
    def open(self) -> list[str]:
        """What flows allow, as ``tcp 443``."""
        allowed = [c.details for c in self.checks if c.details["expected"] == "allowed"]
        return sorted({f"{d['protocol']} {d['port']}" if d["port"] else d["protocol"] for d in allowed})

    @property
    def anchor(self) -> str:
        """The id of the cell's section."""
        return f"{self.prefix}{self.source}--{self.target}".replace("/", ".").replace(" ", "-")


@dataclass
class Grid:
    """Sources, targets and cells; servers are targets one by one, everything else by its kind."""

    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """Everybody who sends."""
        return list(dict.fromkeys(source for source, _ in self.cells))

    @property
    def targets(self) -> list[str]:
        """Everybody who is sent to, servers and zones first."""
        names = list(dict.fromkeys(target for _, target in self.cells))
        return [name for name in names if "/" in name] + [name for name in names if "/" not in name]

    @property
    def columns(self) -> list[list[str]]:
        """The targets in parts that a sheet of paper holds; a screen scrolls."""
        return [self.targets[start : start + COLUMNS] for start in range(0, len(self.targets), COLUMNS)]

    def add(self, source: str, target: str, check: Check, prefix: str = "") -> None:
        """Put a check into its cell."""
        self.cells.setdefault((source, target), Cell(source, target, prefix)).checks.append(check)


@dataclass(frozen=True)
class Block:
    """The servers behind a cell of the overview."""

    cell: Cell
    table: Grid


def matrix(result: Result) -> Grid:
    """Return who reaches whom, server by server."""
    whole = Grid()
    for check in _probes(result):
        whole.add(check.details["source"], _target(check), check)
    return whole


def _probes(result: Result) -> Iterator[Check]:
    return (check for check in result.checks if check.details and check.kind is Kind.MATRIX)


def _target(check: Check) -> str:
    return str(OTHER_PLACES.get(check.details["place"]) or check.details["target_node"])


def by_zone(result: Result) -> tuple[Grid, list[Block]]:
    """Return who reaches whom, zone by zone, and the servers behind every cell."""
    overview = Grid()
    behind: dict[tuple[str, str], Grid] = defaultdict(Grid)
    for check in _probes(result):
        source, target = check.details["source"], _target(check)
        place = result.zones.get(source, source), result.zones.get(target, target)
        overview.add(*place, check, "zone--")
        behind[place].add(source, target, check)
    return overview, [Block(cell, behind[place]) for place, cell in overview.cells.items()]


def states(state: State) -> tuple[list[str], list[tuple[str, dict[str, Any]]]]:
    """Return what is told of servers, and each server's by its name."""
    servers = [] if state.told is None else state.told["servers"]
    checks = list(dict.fromkeys(check["check"] for server in servers for check in server["checks"]))
    return checks, [(f"{server['tenant']}/{server['server']}", {check["check"]: check for check in server["checks"]}) for server in servers]


def render(result: Result) -> str:
    """Return the page."""
    whole = matrix(result)
    many = len(whole.sources) > MANY
    overview, blocks = by_zone(result) if many else (whole, [])
    probes = sum(len(cell.checks) for cell in whole.cells.values())
    by_kind: dict[Kind, list[Check]] = defaultdict(list)
    for check in result.checks:
        by_kind[check.kind].append(check)
    plain = {kind: [check for check in checks if not check.details] for kind, checks in by_kind.items()}
    return pages.render(
        "ringfence.verify",
        "report.html.j2",
        result=result,
        headline=headline(result),
        gaps=not_looked_at(result),
        about=result.about.lines(),
        whole=whole,
        overview=overview,
        blocks=blocks,
        shortened=probes if probes > PROBES else 0,
        symbols=SYMBOLS,
        kinds=[(kind, DESCRIPTIONS[kind], by_kind[kind], result.counts(kind)) for kind in Kind if by_kind[kind]],
        verdicts=list(WORST),
        bad=grouped(result.bad()),
        state=result.state,
        states=states(result.state),
        clauses=hardening.by_clause(result),
        examined=result.examined,
        other=[(kind, checks) for kind, checks in plain.items() if checks],
    )
