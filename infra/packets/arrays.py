"""Array idioms that the kernels share: compressed rows, ranges laid end to end, and ranks by sorting.

Everything is int64 unless a name says otherwise. ``offsets`` of compressed rows (CSR) have one element more than there are rows;
row ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Packed = npt.NDArray[np.bytes_]
"""IPv6 addresses, dtype ``S16``: 16 bytes in network order."""


def ints(values: npt.ArrayLike) -> Ints:
    """Return ``values`` as a one-dimensional int64 array, without a copy where it is one."""
    return np.ascontiguousarray(values, dtype=np.int64).reshape(-1)


def offsets_of(counts: Ints) -> Ints:
    """Return the CSR offsets of rows with these lengths."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def spread(starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Lay the ranges ``starts[i] .. starts[i] + counts[i] - 1`` end to end.

    Returns ``(row, value)``, both of length ``counts.sum()``: the range an element comes from, and the element.
    """
    offsets = offsets_of(counts)
    row = np.repeat(np.arange(len(counts)), counts)
    value = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], counts)
    return row, value


def chunks(sizes: Ints, at_once: int) -> list[slice]:
    """Split rows into slices whose sizes add up to about ``at_once``; no slice exceeds it by more than its last row."""
    total = offsets_of(sizes)
    cuts = np.unique(np.append(np.searchsorted(total, np.arange(0, total[-1], at_once)), len(sizes))).tolist()
    return [slice(begin, end) for begin, end in pairwise(cuts)]


def first_of_runs(values: Ints | Bools) -> Bools:
    """Mark the first element of every run of equal neighbours."""
    marks = np.empty(len(values), dtype=np.bool_)
    marks[:1] = True
    np.not_equal(values[1:], values[:-1], out=marks[1:])
    return marks


def ranked(values: Ints) -> tuple[Ints, Ints]:
    """Return ``(distinct, rank)``: the sorted distinct values, and the place of every value among them.

    The position rides in the low bits of the sort key where it fits, because sorting plain int64 is several times faster than
    sorting indexes. ``values`` must not be negative.
    """
    bits = len(values).bit_length()
    if len(values) and int(values.max()).bit_length() + bits > 63:  # noqa: PLR2004 - bits of a non-negative int64
        distinct, rank = np.unique(values, return_inverse=True)
        return distinct, rank.astype(np.int64, copy=False)
    keys = values << bits
    keys |= np.arange(len(values))
    keys.sort()
    position = keys & ((1 << bits) - 1)
    keys >>= bits
    first = first_of_runs(keys)
    rank = np.empty(len(values), dtype=np.int64)
    rank[position] = np.cumsum(first) - 1
    return keys[first], rank
