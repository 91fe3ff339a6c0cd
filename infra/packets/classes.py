"""Port classes, the unit in which reachability is decided, and flows, the answer."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from infra.packets.arrays import Ints, first_of_runs, ints

if TYPE_CHECKING:
    from infra.packets.arrays import Bools

NOTHING: Final = -1
"""In place of a canonical row: no packet is allowed."""
EVERYTHING: Final = -2
"""In place of a canonical row: every packet is allowed (port security off, trusted ports)."""


@dataclass(frozen=True, slots=True, eq=False)
class PortClasses:
    """Ports that no rule tells apart, one row per class.

    ``component``: ports of one component can exchange packets if rules allow; across components nothing passes. The path must be the
    same for all classes of a component: otherwise split the component or the class. ``label``: pairs of classes with equal labels are
    not asked for (tenants, for isolation; the class's own number, for everything). ``ingress`` and ``egress``: rows of a
    :class:`CanonicalTable`, or ``NOTHING`` or ``EVERYTHING``. Two compressed lists of peer intervals, none of which spans both
    families: the addresses the ports may *send from* as the receiver sees them, and the addresses at which they are *reached* as the
    sender writes them. Address translation is a further class, in the component where the translated address lives.
    """

    component: Ints
    label: Ints
    ingress: Ints
    egress: Ints
    source_offsets: Ints
    source_lo: Ints
    source_hi: Ints
    target_offsets: Ints
    target_lo: Ints
    target_hi: Ints

    def __len__(self) -> int:
        return len(self.component)

    def mixed(self) -> Bools:
        """Mark the classes whose component has more than one label: only there can anything be found."""
        order = np.lexsort((self.label, self.component))
        component, label = self.component[order], self.label[order]
        start = first_of_runs(component)
        begin = np.flatnonzero(start)
        end = np.append(begin[1:], len(order))[: len(begin)]
        changes = np.cumsum(first_of_runs(label) & ~start)
        mixed = np.zeros(len(order), dtype=np.bool_)
        mixed[order] = np.repeat(changes[end - 1] > changes[begin], end - begin)
        return mixed


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Boxes of packets that pass, one per row: any source address, target address and layer 4 point inside passes.

    ``source`` and ``target`` are rows of :class:`PortClasses`; the other columns are half-open intervals on the axes.
    """

    source: Ints
    target: Ints
    l4_lo: Ints
    l4_hi: Ints
    source_lo: Ints
    source_hi: Ints
    target_lo: Ints
    target_hi: Ints

    @classmethod
    def joined(cls, parts: list[Flows]) -> Self:
        """Concatenate; without parts, no flows."""
        none = ints([])
        return cls(*(np.concatenate([none, *(getattr(part, field.name) for part in parts)]) for field in fields(cls)))

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: Ints) -> Self:
        """Return the given rows."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def one_per_pair(self) -> Self:
        """Return the first box of every pair of classes, sorted by source and target: enough to refute isolation."""
        order = np.lexsort((self.target_lo, self.source_lo, self.l4_lo, self.target, self.source))
        ordered = self.take(order)
        return ordered.take(np.flatnonzero(first_of_runs(ordered.source) | first_of_runs(ordered.target)))
