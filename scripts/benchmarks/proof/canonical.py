"""B1 and B4: the canonical form of every group, and which rules are redundant. Peers answer the same, as the fingerprint shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from benchmarks import rules
from benchmarks.measure import Row, Times, fingerprint, in_turn, peak_mib, repeated
from benchmarks.peers import nca
from benchmarks.peers.bdd import cudd, oxidd
from benchmarks.peers.boxes import Box, groups_of
from benchmarks.peers.ipset import points, prefixes
from benchmarks.peers.smt import SolverEngine
from benchmarks.proof.plan import GROWTH
from infra.packets.canonical import analyse
from infra.packets.redundancy import Kind, classify
from infra.packets.table import RuleTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.peers.boxes import Engine
    from infra.packets.table import CanonicalTable

ENGINES: dict[str, Callable[[int], Engine]] = {"oxidd": oxidd, "dd.cudd": cudd, "z3": SolverEngine}


def run(engine: str, size: int, repeats: int) -> Row:
    """Measure one engine on ``size`` rules. Data in the engine's own input form is prepared outside the measured time."""
    if engine == "ringfence":
        return _ours(size, repeats)
    if engine == "ringfence, classified":
        table = rules.table(size)
        times, (_, redundancy) = repeated(lambda: classify(table), repeats)
        found = _redundant(redundancy.kind[table.rule] != Kind.NEEDED)
        return _row(engine, size, times, found, note=f"{int(redundancy.removable.sum())} can go together")
    groups = groups_of(rules.table(size))
    if engine == "netaddr":
        return _ipset(groups, size, repeats)
    if engine == "NCA":
        reply = nca.ask("redundant", groups, repeats)
        return _row(engine, size, reply.times, _redundant(reply.answer), peak=reply.peak_mib)
    times, answer = repeated(lambda: _by_group(ENGINES[engine](32), groups), repeats)
    return _row(engine, size, times, _redundant(answer))


def hostile(engine: str, size: int, repeats: int) -> Row:
    """Measure one group whose port ranges all nest: about size² / 2 cells arise, which is what a hostile group can cost."""
    number = np.arange(size)
    table = RuleTable.of(number * 0, number, (number, 4 * size - number), (number * 2, number * 2 + 1))
    times, (_, needed) = repeated(lambda: analyse(table), repeats)
    return _row(engine, size, times, _redundant(~needed), case="B1 hostile")


def growth(engine: str, size: int, repeats: int) -> Row:
    """Measure B1 on ``size`` rules and on a quarter of them, in turn."""
    quarter, table = rules.table(size // GROWTH), rules.table(size)
    smaller, times, (_, needed) = in_turn(lambda: analyse(quarter), lambda: analyse(table), repeats)
    row = _row(engine, size, times, _redundant(~needed[table.rule]), case="B4")
    return msgspec.structs.replace(row, smaller=smaller)


def run6(engine: str, size: int, repeats: int) -> Row:
    """Measure one engine on ``size`` IPv6 rules."""
    table, axis = rules.table6(size)
    if engine == "ringfence":
        times, (_, needed) = repeated(lambda: analyse(table), repeats)
        return _row(engine, size, times, _redundant(~needed[table.rule]), case="B1 IPv6")
    exact = {bound: axis.exact(bound) - axis.exact(axis.end - len(axis.points)) for bound in np.unique([table.lo, table.hi]).tolist()}
    groups = [[Box(box.l4_lo, box.l4_hi, exact[box.lo], exact[box.hi]) for box in group] for group in groups_of(table)]
    times, answer = repeated(lambda: _by_group(ENGINES[engine](128), groups), repeats)
    return _row(engine, size, times, _redundant(answer), case="B1 IPv6")


def _ours(size: int, repeats: int) -> Row:
    table = rules.table(size)
    times, (canonical, needed) = repeated(lambda: analyse(table), repeats)
    return _row("ringfence", size, times, _redundant(~needed[table.rule]) | {"points": str(_points(canonical))})


def _points(canonical: CanonicalTable) -> int:
    slab = canonical.piece_slab()
    return sum(((canonical.l4_hi - canonical.l4_lo)[slab] * (canonical.hi - canonical.lo)).tolist())


def _by_group(engine: Engine, groups: list[list[Box]]) -> list[bool]:
    """Build the engine anew each time, so that no repetition finds another's results in its caches."""
    return [verdict for group in groups for verdict in engine.redundant(group)]


def _ipset(groups: list[list[Box]], size: int, repeats: int) -> Row:
    networks = [prefixes(group) for group in groups]

    def answer() -> int:
        return sum(points(group, peers) for group, peers in zip(groups, networks, strict=True))

    times, total = repeated(answer, repeats)
    return _row("netaddr", size, times, {"points": str(total)}, note="unions only, no redundancy")


def _redundant(flags: object) -> dict[str, str]:
    found = np.asarray(flags, dtype=np.bool_)
    return {"redundant": f"{int(found.sum())} {fingerprint(found)}"}


def _row(engine: str, size: int, times: Times, answers: dict[str, str], *, peak: float = 0.0, case: str = "B1", note: str = "") -> Row:
    return Row(case=case, engine=engine, size=size, unit="rules", times=times, peak_mib=peak or peak_mib(), answers=answers, note=note)
