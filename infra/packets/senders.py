"""Who can reach a service: one target address and one layer 4 point, answered from indexes that are built once per state."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from infra.packets.arrays import Bools, Ints, ints, spread
from infra.packets.axes import IPV4_POINTS, IPV6_BASE
from infra.packets.classes import EVERYTHING, NOTHING
from infra.packets.index import PEER_BITS, Index
from infra.packets.overlaps import SourceIntervals

if TYPE_CHECKING:
    from infra.packets.classes import PortClasses
    from infra.packets.table import CanonicalTable


class Senders(NamedTuple):
    """Who reaches the service: rows of :class:`PortClasses` and the half-open source intervals from which they do."""

    source: Ints
    lo: Ints
    hi: Ints


class Reachability:
    """Answers "who can reach" for one state; a question costs a few binary searches and what it finds."""

    __slots__ = ("_senders", "_wide", "classes", "index")

    def __init__(self, classes: PortClasses, canonical: CanonicalTable) -> None:
        self.classes = classes
        self.index = Index(canonical)
        self._senders = SourceIntervals.of(classes, classes.egress != NOTHING)
        self._wide = np.flatnonzero(self._senders.hi - self._senders.lo > 1)

    def senders(self, target: int, address: int, l4: int) -> Senders:
        """Return who can send a packet with layer 4 point ``l4`` to class ``target`` at ``address`` (a coordinate), its own ports included.

        ``address`` must be one at which the class is reached; only senders of the address's family are meant.
        """
        lo, hi = self._admitted_sources(int(self.classes.ingress[target]), address, l4)
        line = int(self.classes.component[target]) << PEER_BITS
        receiver, sender = self._meet(lo + line, hi + line)
        passes = self._may_leave(sender, address, l4)
        receiver, sender = receiver[passes], sender[passes]
        starts, ends = np.maximum(self._senders.lo[sender] - line, lo[receiver]), np.minimum(self._senders.hi[sender] - line, hi[receiver])
        return Senders(self._senders.owner[sender], starts, ends)

    def _admitted_sources(self, ingress: int, address: int, l4: int) -> tuple[Ints, Ints]:
        """Return the sources that the target's ingress admits, cut to the family of ``address``."""
        least, most = (IPV6_BASE, 1 << (PEER_BITS - 1)) if address >= IPV6_BASE else (0, IPV4_POINTS)
        if ingress == NOTHING:
            return ints([]), ints([])
        lo, hi = (ints([least]), ints([most])) if ingress == EVERYTHING else self.index.peers(ingress, l4)
        lo, hi = np.maximum(lo, least), np.minimum(hi, most)
        return lo[lo < hi], hi[lo < hi]

    def _meet(self, lo: Ints, hi: Ints) -> tuple[Ints, Ints]:
        """Return overlapping (receiver, sender): senders that begin inside a receiver, and wider ones inside which a receiver begins."""
        begin, end = np.searchsorted(self._senders.lo, lo), np.searchsorted(self._senders.lo, hi)
        receiver, sender = spread(begin, end - begin)
        if not len(self._wide) or not len(lo):
            return receiver, sender
        component = slice(*np.searchsorted(self._senders.lo[self._wide], [lo[0] >> PEER_BITS << PEER_BITS, hi[-1]]).tolist())
        wide = self._wide[component]
        begin, end = np.searchsorted(lo, self._senders.lo[wide], side="right"), np.searchsorted(lo, self._senders.hi[wide])
        which, other = spread(begin, end - begin)
        return np.concatenate([receiver, other]), np.concatenate([sender, wide[which]])

    def _may_leave(self, sender: Ints, address: int, l4: int) -> Bools:
        """Tell whose egress allows the packet; each distinct class is asked once."""
        owners, which = np.unique(self._senders.owner[sender], return_inverse=True)
        leaving = self.classes.egress[owners]
        admitted: Bools = self.index.admits(leaving, np.full(len(owners), address), np.full(len(owners), l4)) | (leaving == EVERYTHING)
        return admitted[which]
