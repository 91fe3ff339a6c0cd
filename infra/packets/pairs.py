"""All pairs at once: which port classes can send to which, without ever looking at pairs of ports.

A packet from ``s`` to ``d`` passes when ``d``'s ingress admits the source address and ``s``'s egress admits the destination address,
at one and the same layer 4 point and in one family, and the network between them carries it:

    flow(s, d) = path(s, d) ∩ egress[s](address of d) ∩ ingress[d](address of s) ∩ addresses that s may send from

Work follows what is there, not the square of the ports: components with one label are dropped; in the others, ingress pieces meet
sorted source addresses by binary search (:mod:`infra.packets.overlaps`), and what survives is completed by the egress side.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from infra.packets.arrays import Ints, first_of_runs, ints, spread
from infra.packets.axes import IPV6_BASE, L4_POINTS
from infra.packets.classes import EVERYTHING, NOTHING, Flows
from infra.packets.index import PEER_BITS, Index
from infra.packets.overlaps import IngressIntervals, SourceIntervals, overlaps, suspects
from infra.packets.table import CanonicalTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.packets.classes import PortClasses

AT_ONCE: Final = 1 << 18
"""Meetings that are completed at a time, which bounds memory and keeps the work in the cache."""


def flows(classes: PortClasses, canonical: CanonicalTable, *, limit: int | None = None) -> Flows:
    """Return everything that passes between classes of one component with different labels; empty means isolated.

    With ``limit`` the search ends once at least so many boxes are found.
    """
    parts: list[Flows] = []
    found = 0
    for part in _search(classes, canonical, every=True):
        parts.append(part)
        found += len(part)
        if limit is not None and found >= limit:
            break
    return Flows.joined(parts)


def connected(classes: PortClasses, canonical: CanonicalTable) -> Flows:
    """Return one box for every pair of classes between which something passes: the answer for matrices and proofs."""
    return Flows.joined([part.one_per_pair() for part in _search(classes, canonical, every=False)]).one_per_pair()


def _search(classes: PortClasses, canonical: CanonicalTable, *, every: bool) -> Iterator[Flows]:
    table = canonical
    if (EVERYTHING in classes.ingress) or (EVERYTHING in classes.egress):
        table = CanonicalTable.joined([canonical, _unlimited(int(canonical.keys[-1]) + 1 if len(canonical) else 0)])
    ingress, leaving = (np.where(rows == EVERYTHING, len(canonical), rows) for rows in (classes.ingress, classes.egress))
    active = classes.mixed()
    ingress = np.where(active, ingress, NOTHING)
    senders = SourceIntervals.of(classes, active & (leaving != NOTHING))
    suspected = suspects(classes, table, ingress, senders)
    if not suspected.any():
        return
    index = Index(table)
    receivers = IngressIntervals.of(classes, table, np.where(suspected, ingress, NOTHING))
    for receiver, sender in overlaps(receivers, senders, AT_ONCE):
        candidates = _Candidates.of(receivers, receiver, senders, sender)
        yield _let_out(candidates if every else candidates.one_per_service(), classes, index, leaving)


def _unlimited(key: int) -> CanonicalTable:
    """Return the table of one key that allows every packet."""
    span = ints([0, 1])
    return CanonicalTable(ints([key]), span, ints([0]), ints([L4_POINTS]), span, ints([0]), ints([1 << (PEER_BITS - 1)]))


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Source addresses that a target's ingress admits on all of a slab: half of the answer."""

    source: Ints
    target: Ints
    slab: Ints
    lo: Ints
    hi: Ints

    @classmethod
    def of(cls, receivers: IngressIntervals, receiver: Ints, senders: SourceIntervals, sender: Ints) -> Self:
        lo, hi = np.maximum(receivers.lo[receiver], senders.lo[sender]), np.minimum(receivers.hi[receiver], senders.hi[sender])
        lo &= (1 << PEER_BITS) - 1
        return cls(senders.owner[sender], receivers.owner[receiver], receivers.slab[receiver], lo, ((hi - 1) & ((1 << PEER_BITS) - 1)) + 1)

    def one_per_service(self) -> Self:
        """Keep one address per pair of classes, slab and family: enough to know whether anything passes."""
        six = self.lo >= IPV6_BASE
        order = np.lexsort((six, self.slab, self.target, self.source))
        first = np.zeros(len(order), dtype=np.bool_)
        for column in (self.source, self.target, self.slab, six):
            first |= first_of_runs(column[order])
        return type(self)(*(getattr(self, field.name)[order[first]] for field in fields(self)))


def _let_out(candidates: _Candidates, classes: PortClasses, index: Index, leaving: Ints) -> Flows:
    """Complete candidates by what the source's egress allows towards the target's addresses of the same family."""
    table = index.table
    first, count = index.slab_ranges(leaving[candidates.source], table.l4_lo[candidates.slab], table.l4_hi[candidates.slab])
    candidate, exit_slab = spread(first, count)

    target = candidates.target[candidate]
    which, address = spread(classes.target_offsets[target], np.diff(classes.target_offsets)[target])
    candidate, exit_slab = candidate[which], exit_slab[which]
    same_family = (classes.target_lo[address] >= IPV6_BASE) == (candidates.lo[candidate] >= IPV6_BASE)
    candidate, exit_slab, address = candidate[same_family], exit_slab[same_family], address[same_family]

    first, count = index.piece_ranges(exit_slab, classes.target_lo[address], classes.target_hi[address])
    which, piece = spread(first, count)
    candidate, exit_slab, address = candidate[which], exit_slab[which], address[which]
    entry_slab = candidates.slab[candidate]
    return Flows(
        source=candidates.source[candidate],
        target=candidates.target[candidate],
        l4_lo=np.maximum(table.l4_lo[entry_slab], table.l4_lo[exit_slab]),
        l4_hi=np.minimum(table.l4_hi[entry_slab], table.l4_hi[exit_slab]),
        source_lo=candidates.lo[candidate],
        source_hi=candidates.hi[candidate],
        target_lo=np.maximum(table.lo[piece], classes.target_lo[address]),
        target_hi=np.minimum(table.hi[piece], classes.target_hi[address]),
    )
