"""Answers: what connection tracking lets through a filter although no rule of that direction allows it.

A packet that a port's rules let out is remembered at that port, whether it is ever delivered or not; what looks like an answer to it is
then let in, and the same the other way round. Two servers whose rules only let packets out can so talk to each other, when both begin
("hole punching"). An answer has the protocol of what it answers and any port; errors of ICMP answer every protocol.

Every filtered port is taken to remember. Stateless groups do not, where a driver knows them, which makes this the wider reading.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.packets.axes import ICMP, ICMPV6, PROTOCOL_BITS
from infra.ranges import intersection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.ranges import Ranges
    from infra.reachability.fabric import Allow


def answers(asked: Iterable[Allow], askers: Ranges | None = None) -> Iterator[Allow]:
    """Yield what may pass as an answer to what ``asked`` lets pass in the other direction; only with ``askers``, when given."""
    for allow in asked:
        span = (allow.family, allow.first, allow.last)
        for _, first, last in (span,) if askers is None else intersection((span,), askers):
            for low, high in _blocks(allow):
                yield replace(allow, first=first, last=last, l4_lo=low, l4_hi=high)


def _blocks(allow: Allow) -> Iterator[tuple[int, int]]:
    """Yield the layer-4 intervals of answers: all of the protocols that the packets may have, and ICMP."""
    low, high = allow.l4_lo >> PROTOCOL_BITS, (allow.l4_hi - 1) >> PROTOCOL_BITS
    yield low << PROTOCOL_BITS, (high + 1) << PROTOCOL_BITS
    for icmp in (ICMP, ICMPV6):
        if not low <= icmp <= high:
            yield icmp << PROTOCOL_BITS, (icmp + 1) << PROTOCOL_BITS
