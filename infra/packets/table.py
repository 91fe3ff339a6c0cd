"""Tables that the kernels read and write: rules as rectangles, and their canonical form. Structures of int64 arrays, no objects per row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

from infra.packets.arrays import Ints, first_of_runs, ints, offsets_of, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from infra.packets.arrays import Bools

    Bounds = tuple[npt.ArrayLike, npt.ArrayLike]


@dataclass(frozen=True, slots=True, eq=False)
class RuleTable:
    """Allow rules as rectangles, one per row, rows of one key together.

    ``key`` names what is swept together: a group in one direction and family, or a port class in one direction. ``rule`` numbers the
    rule a row belongs to, from 0; a rule with several peers has several rows, whose peer intervals must be disjoint.
    ``[l4_lo, l4_hi)`` and ``[lo, hi)`` are intervals on the axes of :mod:`infra.packets.axes`; an empty interval allows nothing.
    """

    key: Ints
    rule: Ints
    l4_lo: Ints
    l4_hi: Ints
    lo: Ints
    hi: Ints

    @classmethod
    def of(cls, key: npt.ArrayLike, rule: npt.ArrayLike, l4: Bounds, peers: Bounds) -> Self:
        """Build a table from columns in any order of keys; rows of a key keep their order. ``l4`` and ``peers`` are (lo, hi).

        Raises ``ValueError`` when the columns differ in length or a key or bound is negative.
        """
        columns = [ints(column) for column in (key, rule, *l4, *peers)]
        if len({len(column) for column in columns}) > 1:
            raise ValueError("the columns of a rule table differ in length")
        if any(column.size and column.min() < 0 for column in columns):
            raise ValueError("a key, rule number or bound is negative")
        if np.any(columns[0][1:] < columns[0][:-1]):
            order = np.argsort(columns[0], kind="stable")
            columns = [column[order] for column in columns]
        return cls(*columns)

    def __len__(self) -> int:
        return len(self.key)

    @property
    def rules(self) -> int:
        """How many rules the table numbers."""
        return int(self.rule.max()) + 1 if len(self) else 0

    def where(self, rows: Bools | slice) -> Self:
        """Return the rows that a mask or slice selects."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def only(self, keys: Ints) -> Self:
        """Return the rows of the given keys."""
        return self.where(np.isin(self.key, keys))

    def of_key(self, key: int) -> Self:
        """Return the rows of one key, as views, in logarithmic time."""
        start, stop = np.searchsorted(self.key, [key, key + 1])
        return self.where(slice(int(start), int(stop)))


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalTable:
    """The one way to write what each key allows: equal arrays are equal meaning.

    Three levels. ``keys``: sorted, distinct, without the keys that allow nothing. ``key_slabs`` (CSR): each key's *slabs*, maximal
    layer 4 intervals ``[l4_lo, l4_hi)`` with one and the same set of peers, in order. ``slab_pieces`` (CSR): each slab's peers as
    *pieces*, maximal intervals ``[lo, hi)``, in order.
    """

    keys: Ints
    key_slabs: Ints
    l4_lo: Ints
    l4_hi: Ints
    slab_pieces: Ints
    lo: Ints
    hi: Ints

    @classmethod
    def empty(cls) -> Self:
        """Return the table that allows nothing."""
        none, origin = ints([]), ints([0])
        return cls(none, origin, none, none, origin, none, none)

    @classmethod
    def of_slabs(cls, slab_key: Ints, l4_lo: Ints, l4_hi: Ints, counts: Ints, pieces: tuple[Ints, Ints]) -> Self:
        """Build the table from its slabs, sorted by key and layer 4, and the number of pieces of each."""
        first = np.flatnonzero(first_of_runs(slab_key))
        return cls(slab_key[first], np.append(first, len(slab_key)), l4_lo, l4_hi, offsets_of(counts), *pieces)

    @classmethod
    def joined(cls, parts: Sequence[CanonicalTable]) -> Self:
        """Join tables whose keys are disjoint and ascend from one to the next."""
        if not parts:
            return cls.empty()
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("keys", "l4_lo", "l4_hi", "lo", "hi")}
        key_slabs = offsets_of(np.concatenate([np.diff(part.key_slabs) for part in parts]))
        slab_pieces = offsets_of(np.concatenate([np.diff(part.slab_pieces) for part in parts]))
        return cls(key_slabs=key_slabs, slab_pieces=slab_pieces, **columns)

    def __eq__(self, other: object) -> bool:
        """Tell whether two tables on one axis allow the same packets."""
        if not isinstance(other, CanonicalTable):
            return NotImplemented
        return all(np.array_equal(getattr(self, field.name), getattr(other, field.name)) for field in fields(self))

    __hash__ = None  # type: ignore[assignment]  # arrays: compare, do not hash

    def __len__(self) -> int:
        """Return the number of keys that allow something."""
        return len(self.keys)

    def row(self, key: int) -> int:
        """Return the row of ``key`` in ``keys``, or -1 when it allows nothing."""
        row = int(np.searchsorted(self.keys, key))
        return row if row < len(self.keys) and self.keys[row] == key else -1

    def rows_of(self, keys: Ints) -> Ints:
        """Return the rows of many keys, -1 for those that allow nothing."""
        if not len(self.keys):
            return np.full(len(keys), -1, dtype=np.int64)
        row = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[row] == keys, row, -1)

    def take(self, rows: Ints) -> Self:
        """Return the table of the given rows, which must ascend."""
        _, slab = spread(self.key_slabs[rows], np.diff(self.key_slabs)[rows])
        counts = np.diff(self.slab_pieces)[slab]
        _, piece = spread(self.slab_pieces[slab], counts)
        return type(self)(
            keys=self.keys[rows],
            key_slabs=offsets_of(np.diff(self.key_slabs)[rows]),
            l4_lo=self.l4_lo[slab],
            l4_hi=self.l4_hi[slab],
            slab_pieces=offsets_of(counts),
            lo=self.lo[piece],
            hi=self.hi[piece],
        )

    def between(self, begin: int, end: int) -> Self:
        """Return the rows ``begin`` to ``end - 1``; bounds and peers are views."""
        slabs = slice(int(self.key_slabs[begin]), int(self.key_slabs[end]))
        pieces = slice(int(self.slab_pieces[slabs.start]), int(self.slab_pieces[slabs.stop]))
        return type(self)(
            keys=self.keys[begin:end],
            key_slabs=self.key_slabs[begin : end + 1] - slabs.start,
            l4_lo=self.l4_lo[slabs],
            l4_hi=self.l4_hi[slabs],
            slab_pieces=self.slab_pieces[slabs.start : slabs.stop + 1] - pieces.start,
            lo=self.lo[pieces],
            hi=self.hi[pieces],
        )

    def slab_key(self) -> Ints:
        """Return the key of every slab."""
        return np.repeat(self.keys, np.diff(self.key_slabs))

    def piece_slab(self) -> Ints:
        """Return the slab of every piece."""
        return np.repeat(np.arange(len(self.l4_lo)), np.diff(self.slab_pieces))

    def rectangles(self) -> RuleTable:
        """Return the pieces as rules, numbered in order: the canonical form is itself a way to write the rules."""
        slab = self.piece_slab()
        return RuleTable(self.slab_key()[slab], np.arange(len(slab)), self.l4_lo[slab], self.l4_hi[slab], self.lo, self.hi)

    def slabs_of(self, row: int) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
        """Yield ``(layer 4 interval, peer intervals)`` of one row, for readers rather than for kernels."""
        for slab in range(int(self.key_slabs[row]), int(self.key_slabs[row + 1])):
            pieces = slice(int(self.slab_pieces[slab]), int(self.slab_pieces[slab + 1]))
            yield (int(self.l4_lo[slab]), int(self.l4_hi[slab])), list(zip(self.lo[pieces].tolist(), self.hi[pieces].tolist(), strict=True))
