"""A bit matrix of all pairs of servers, after the idea of Kano (Li et al.): the quadratic baseline.

One row per server and direction, one bit per peer; a pair passes when the sender's egress bit and the receiver's ingress bit are set.
It knows no ports: a pair counts as passing when any service is allowed each way, which on the test data is the same answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from infra.packets.arrays import Ints
    from infra.packets.classes import PortClasses
    from infra.packets.table import RuleTable

ROWS_AT_ONCE = 512


def tenant_pairs(table: RuleTable, classes: PortClasses) -> Ints:
    """Return the pairs of different labels between which some server can send to another, shape (2, n), sorted."""
    owner = np.repeat(np.arange(len(classes)), np.diff(classes.source_offsets))
    address, label = classes.source_lo, classes.label[owner]
    ingress, egress = (_class_bits(table, address, len(classes), direction) for direction in (0, 1))
    egress_of = np.packbits(np.unpackbits(egress, axis=1, count=len(owner))[owner].T, axis=1)
    pairs = np.zeros((int(label.max()) + 1,) * 2, dtype=np.bool_)
    for begin in range(0, len(owner), ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        passing = np.unpackbits(ingress[owner[rows]] & egress_of[rows], axis=1, count=len(owner))
        target, source = np.nonzero(passing & (label[None, :] != label[rows, None]))
        pairs[label[source], label[rows][target]] = True
    return np.stack(np.nonzero(pairs))


def _class_bits(table: RuleTable, address: Ints, classes: int, direction: int) -> npt.NDArray[np.uint8]:
    """Return, per class, one bit for every server whose address some rule of the direction allows."""
    bits = np.zeros((classes, (len(address) + 7) // 8), dtype=np.uint8)
    for row in np.flatnonzero(table.key & 1 == direction):
        bits[table.key[row] >> 1] |= np.packbits((address >= table.lo[row]) & (address < table.hi[row]))
    return bits
