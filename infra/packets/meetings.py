"""Where senders meet entrances: the join of ingress pieces with the addresses that other labels may send from.

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
class Doors:
    """Ingress pieces, one per row: which class it belongs to, its slab in the canonical table, and its interval on the line."""

    owner: Ints
    label: Ints
    slab: Ints
    lo: Ints
    hi: Ints

    @classmethod
    def of(cls, classes: PortClasses, canonical: CanonicalTable, entrance: Ints) -> Self:
        """List the pieces of each class's ``entrance``, a row of ``canonical`` or negative for none."""
        known = np.flatnonzero(entrance >= 0)
        rows = entrance[known]
        first = canonical.slab_pieces[canonical.key_slabs[rows]]
        count = canonical.slab_pieces[canonical.key_slabs[rows + 1]] - first
        which, piece = spread(first, count)
        owner = known[which]
        line = _line(classes.component[owner])
        slab = np.searchsorted(canonical.slab_pieces, piece, side="right") - 1
        return cls(owner, classes.label[owner], slab, line + canonical.lo[piece], line + canonical.hi[piece])


@dataclass(frozen=True, slots=True, eq=False)
class Callers:
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


def suspects(classes: PortClasses, canonical: CanonicalTable, entrance: Ints, callers: Callers) -> Bools:
    """Mark the classes for which another label may send from somewhere between the first and the last peer that they admit.

    A coarse look, two intervals per class (one per family), that clears nearly every class of a sound cloud; it never clears a class
    that :func:`meetings` would find something for.
    """
    begin = canonical.slab_pieces[canonical.key_slabs[:-1]]
    marks = np.zeros(len(classes), dtype=np.bool_)
    known = np.flatnonzero(entrance >= 0) if len(canonical) else np.zeros(0, dtype=np.int64)
    line, label = _line(classes.component[known]), classes.label[known]
    for least, most in ((0, IPV4_POINTS), (IPV6_BASE, 1 << (PEER_BITS - 1))):
        inside = (canonical.lo < most) & (canonical.hi > least)
        lo = np.minimum.reduceat(np.where(inside, canonical.lo, most), begin)[entrance[known]]
        hi = np.maximum.reduceat(np.where(inside, np.minimum(canonical.hi, most), least), begin)[entrance[known]]
        outer = Doors(known, label, known, line + np.maximum(lo, least), line + np.maximum(hi, lo))
        first, end = _callers_inside(outer, callers)
        marks[known] |= (first < end) & (lo < hi)
        order, _, doors_first, doors_end = _doors_inside(outer, callers)
        steps = np.bincount(doors_first, minlength=len(known) + 1) - np.bincount(doors_end, minlength=len(known) + 1)
        marks[known[order]] |= (np.cumsum(steps)[:-1] > 0) & (lo < hi)[order]
    return marks


def _line(component: Ints) -> Ints:
    if len(component) and int(component.max()) >= SLAB_LIMIT:
        raise ComplexityError.of("a component's number is too large", expected=f"below {SLAB_LIMIT}", got=str(component.max()))
    return component << PEER_BITS


def meetings(doors: Doors, callers: Callers, at_once: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield ``(door, caller)`` rows that overlap and differ in label, about ``at_once`` of them at a time.

    Two intervals overlap when one begins inside the other. Callers that begin inside a door are a range of the sorted callers, less a
    leading run of the door's own label, which is nearly all of them in a sound cloud. Doors that begin strictly inside a caller can
    only be met by callers that are wider than one address.
    """
    yield from _ranges(*_callers_inside(doors, callers), at_once, doors, callers)
    order, wide, begin, end = _doors_inside(doors, callers)
    sizes = end - begin
    for part in chunks(sizes, at_once):
        which, place = spread(begin[part], sizes[part])
        yield _foreign(order[place], wide[part][which], doors, callers)


def _callers_inside(doors: Doors, callers: Callers) -> tuple[Ints, Ints]:
    """Return, per door, the range of callers that begin inside it, less a leading run of its own label."""
    begin, end = np.searchsorted(callers.lo, doors.lo), np.searchsorted(callers.lo, doors.hi)
    if not len(callers.lo):
        return begin, end
    at = np.minimum(begin, len(callers.lo) - 1)
    return np.where((begin < end) & (callers.label[at] == doors.label), callers.run_end[at], begin), end


def _doors_inside(doors: Doors, callers: Callers) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the doors' order by where they begin, the wide callers, and per wide caller the range of that order inside it."""
    wide = np.flatnonzero(callers.hi - callers.lo > 1)
    order = np.argsort(doors.lo, kind="stable") if len(wide) else np.arange(len(doors.lo))
    begin = np.searchsorted(doors.lo[order], callers.lo[wide], side="right")
    return order, wide, begin, np.maximum(np.searchsorted(doors.lo[order], callers.hi[wide]), begin)


def _ranges(begin: Ints, end: Ints, at_once: int, doors: Doors, callers: Callers) -> Iterator[tuple[Ints, Ints]]:
    """Yield the meetings of each door with its range of callers."""
    some = np.flatnonzero(begin < end)
    sizes = (end - begin)[some]
    for part in chunks(sizes, at_once):
        which, caller = spread(begin[some[part]], sizes[part])
        yield _foreign(some[part][which], caller, doors, callers)


def _foreign(door: Ints, caller: Ints, doors: Doors, callers: Callers) -> tuple[Ints, Ints]:
    keep = doors.label[door] != callers.label[caller]
    return door[keep], caller[keep]
