"""Where senders meet receivers: the join of ingress pieces with the addresses that other labels may send from.

Both are intervals on one line, ``component << PEER_BITS | coordinate``, so that components cannot mix and one sort serves all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from infra.packets.arrays import Bools, Ints, chunks, first_of_runs, spread
from infra.packets.axes import IPV4_POINTS, IPV6_BASE
from infra.packets.errors import ComplexityError
from infra.packets.index import PEER_BITS, SLAB_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.packets.classes import PortClasses
    from infra.packets.table import CanonicalTable


@dataclass(frozen=True, slots=True, eq=False)
class IngressIntervals:
    """Ingress pieces, one per row: which class it belongs to, its slab in the canonical table, and its interval on the line."""

    owner: Ints
    label: Ints
    slab: Ints
    lo: Ints
    hi: Ints

    @classmethod
    def of(cls, classes: PortClasses, canonical: CanonicalTable, ingress: Ints) -> Self:
        """List the pieces of each class's ``ingress``, a row of ``canonical`` or negative for none."""
        known = np.flatnonzero(ingress >= 0)
        rows = ingress[known]
        first = canonical.slab_pieces[canonical.key_slabs[rows]]
        count = canonical.slab_pieces[canonical.key_slabs[rows + 1]] - first
        which, piece = spread(first, count)
        owner = known[which]
        line = _line(classes.component[owner])
        slab = np.searchsorted(canonical.slab_pieces, piece, side="right") - 1
        return cls(owner, classes.label[owner], slab, line + canonical.lo[piece], line + canonical.hi[piece])


@dataclass(frozen=True, slots=True, eq=False)
class SourceIntervals:
    """Addresses from which classes may send, sorted by where they begin on the line, with the end of the run of equal labels."""

    owner: Ints
    label: Ints
    lo: Ints
    hi: Ints
    run_end: Ints

    @classmethod
    def of(cls, classes: PortClasses, wanted: Bools) -> Self:
        """List the source addresses of the wanted classes."""
        known = np.flatnonzero(wanted)
        which, at = spread(classes.source_offsets[known], np.diff(classes.source_offsets)[known])
        line = _line(classes.component[known[which]])
        lo, hi = line + classes.source_lo[at], line + classes.source_hi[at]
        order = np.argsort(lo, kind="stable")
        owner = known[which][order]
        label = classes.label[owner]
        start = np.flatnonzero(first_of_runs(label))
        lengths = np.diff(np.append(start, len(label)))
        return cls(owner, label, lo[order], hi[order], np.repeat(start + lengths, lengths))


def suspects(classes: PortClasses, canonical: CanonicalTable, ingress: Ints, senders: SourceIntervals) -> Bools:
    """Mark the classes for which another label may send from somewhere between the first and the last peer that they admit.

    A coarse look, two intervals per class (one per family), that clears nearly every class of a sound cloud; it never clears a class
    that :func:`overlaps` would find something for.
    """
    begin = canonical.slab_pieces[canonical.key_slabs[:-1]]
    marks = np.zeros(len(classes), dtype=np.bool_)
    known = np.flatnonzero(ingress >= 0) if len(canonical) else np.zeros(0, dtype=np.int64)
    line, label = _line(classes.component[known]), classes.label[known]
    for least, most in ((0, IPV4_POINTS), (IPV6_BASE, 1 << (PEER_BITS - 1))):
        inside = (canonical.lo < most) & (canonical.hi > least)
        lo = np.minimum.reduceat(np.where(inside, canonical.lo, most), begin)[ingress[known]]
        hi = np.maximum.reduceat(np.where(inside, np.minimum(canonical.hi, most), least), begin)[ingress[known]]
        outer = IngressIntervals(known, label, known, line + np.maximum(lo, least), line + np.maximum(hi, lo))
        first, end = _senders_inside(outer, senders)
        marks[known] |= (first < end) & (lo < hi)
        order, _, receivers_first, receivers_end = _receivers_inside(outer, senders)
        steps = np.bincount(receivers_first, minlength=len(known) + 1) - np.bincount(receivers_end, minlength=len(known) + 1)
        marks[known[order]] |= (np.cumsum(steps)[:-1] > 0) & (lo < hi)[order]
    return marks


def _line(component: Ints) -> Ints:
    if len(component) and int(component.max()) >= SLAB_LIMIT:
        raise ComplexityError.of("a component's number is too large", expected=f"below {SLAB_LIMIT}", got=str(component.max()))
    return component << PEER_BITS


def overlaps(receivers: IngressIntervals, senders: SourceIntervals, at_once: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield ``(receiver, sender)`` rows that overlap and differ in label, about ``at_once`` of them at a time.

    Two intervals overlap when one begins inside the other. Senders that begin inside a receiver are a range of the sorted senders, less a
    leading run of the receiver's own label, which is nearly all of them in a sound cloud. Receivers that begin strictly inside a sender can
    only be met by senders that are wider than one address.
    """
    yield from _ranges(*_senders_inside(receivers, senders), at_once, receivers, senders)
    order, wide, begin, end = _receivers_inside(receivers, senders)
    sizes = end - begin
    for part in chunks(sizes, at_once):
        which, place = spread(begin[part], sizes[part])
        yield _foreign(order[place], wide[part][which], receivers, senders)


def _senders_inside(receivers: IngressIntervals, senders: SourceIntervals) -> tuple[Ints, Ints]:
    """Return, per receiver, the range of senders that begin inside it, less a leading run of its own label."""
    begin, end = np.searchsorted(senders.lo, receivers.lo), np.searchsorted(senders.lo, receivers.hi)
    if not len(senders.lo):
        return begin, end
    at = np.minimum(begin, len(senders.lo) - 1)
    return np.where((begin < end) & (senders.label[at] == receivers.label), senders.run_end[at], begin), end


def _receivers_inside(receivers: IngressIntervals, senders: SourceIntervals) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the receivers' order by where they begin, the wide senders, and per wide sender the range of that order inside it."""
    wide = np.flatnonzero(senders.hi - senders.lo > 1)
    order = np.argsort(receivers.lo, kind="stable") if len(wide) else np.arange(len(receivers.lo))
    begin = np.searchsorted(receivers.lo[order], senders.lo[wide], side="right")
    return order, wide, begin, np.maximum(np.searchsorted(receivers.lo[order], senders.hi[wide]), begin)


def _ranges(begin: Ints, end: Ints, at_once: int, receivers: IngressIntervals, senders: SourceIntervals) -> Iterator[tuple[Ints, Ints]]:
    """Yield the overlaps of each receiver with its range of senders."""
    some = np.flatnonzero(begin < end)
    sizes = (end - begin)[some]
    for part in chunks(sizes, at_once):
        which, sender = spread(begin[some[part]], sizes[part])
        yield _foreign(some[part][which], sender, receivers, senders)


def _foreign(receiver: Ints, sender: Ints, receivers: IngressIntervals, senders: SourceIntervals) -> tuple[Ints, Ints]:
    keep = receivers.label[receiver] != senders.label[sender]
    return receiver[keep], sender[keep]
