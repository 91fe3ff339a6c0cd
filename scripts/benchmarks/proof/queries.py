"""B2 on arrays, and B6: all pairs on one flat network, and "who can reach this port" on a million rules."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.measure import Row, Times, fingerprint, peak_mib, repeated
from benchmarks.peers import matrix
from benchmarks.proof.estate import estate, solved
from infra.packets.pairs import connected
from infra.packets.senders import Reachability

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.packets.arrays import Ints
    from infra.packets.classes import PortClasses
    from infra.packets.table import RuleTable

RULES_PER_SERVER = 10
SERVERS_PER_NETWORK = 1000
QUESTIONS = 200


def flat_pairs(engine: str, size: int, repeats: int) -> Row:
    """All pairs of ``size`` servers, from rules, or ("compiled") from canonical rules; the answer is the pairs of tenants."""
    where = estate(size, size * RULES_PER_SERVER, leak=engine.endswith("leak"))

    compiled = solved(where) if engine.endswith("compiled") else None

    def ours() -> Ints:
        canonical, classes = compiled or solved(where)
        found = connected(classes, canonical)
        return np.unique(np.stack([classes.label[found.source], classes.label[found.target]]), axis=1)

    def bits() -> Ints:
        return matrix.tenant_pairs(where.table, where.classes(solved(where)[0]))

    call: Callable[[], Ints] = bits if engine.startswith("bit matrix") else ours
    times, answer = repeated(call, repeats)
    case = "B2 flat, one leak" if engine.endswith("leak") else "B2 flat"
    answers = {"pairs of tenants": f"{answer.shape[1]} {fingerprint(answer)}"}
    return Row(
        case=case, engine=engine.removesuffix(", leak"), size=size, unit="servers", times=times, peak_mib=peak_mib(), answers=answers
    )


def who_can_reach(engine: str, size: int, repeats: int) -> Row:
    """Time of one question, warm: the median over many different targets; the peer scans the rules as a script would."""
    servers = size // RULES_PER_SERVER
    where = estate(servers, size, components=max(1, servers // SERVERS_PER_NETWORK))
    canonical, classes = solved(where)
    reachability = Reachability(classes, canonical)
    targets = np.random.default_rng(3).integers(0, len(classes), QUESTIONS)
    addresses = classes.target_lo[classes.target_offsets[targets]]

    services = _services(where.table, targets)
    dump = _Dump(where.table, classes) if engine != "ringfence" else None

    def ours(number: int) -> int:
        return len(reachability.senders(int(targets[number]), int(addresses[number]), services[number]).source)

    def scan(number: int) -> int:
        return dump.senders(int(targets[number]), services[number]) if dump else 0

    ask = ours if engine == "ringfence" else scan
    count = QUESTIONS if engine == "ringfence" else 5
    ask(0)
    asked = [repeated(partial(ask, number), repeats if engine == "ringfence" else 1) for number in range(count)]
    counts = [answer for _, answer in asked]
    times = Times(*(tuple(float(np.median(column[kind])) for column, _ in asked) for kind in (0, 1)))
    answers = {"senders of the first targets": " ".join(map(str, counts[:5]))}
    return Row(case="B6", engine=engine, size=size, unit="rules", times=times, peak_mib=peak_mib(), answers=answers)


def _services(table: RuleTable, targets: Ints) -> list[int]:
    """Return, for each target, a service that one of its ingress rules names."""
    rows = np.searchsorted(table.key, targets << 1)
    return [int(service) for service in table.l4_lo[rows]]


class _Dump:
    """Rules and senders as lists of plain numbers, gone through one by one: what a script over a dump of the API does."""

    def __init__(self, table: RuleTable, classes: PortClasses) -> None:
        columns = (table.key, table.l4_lo, table.l4_hi, table.lo, table.hi)
        self.rules = list(zip(*(column.tolist() for column in columns), strict=True))
        owner = np.repeat(np.arange(len(classes)), np.diff(classes.source_offsets))
        self.component = classes.component.tolist()
        self.senders_ = list(zip(classes.component[owner].tolist(), classes.source_lo.tolist(), strict=True))

    def senders(self, target: int, service: int) -> int:
        """Return how many senders the target's ingress rules admit to a service; egress is open on this data."""
        peers = [(lo, hi) for key, l4_lo, l4_hi, lo, hi in self.rules if key == target << 1 and l4_lo <= service < l4_hi]
        return sum(
            component == self.component[target] and any(lo <= address < hi for lo, hi in peers) for component, address in self.senders_
        )
