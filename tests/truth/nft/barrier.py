"""When everything that was sent has been handled: told by the kernel's own order, not by a clock.

Cards of a pair hand frames over in the order in which they were sent, each processor those that were sent on it. So while everything is
sent on one processor, the frame that is sent last arrives last.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from typing import TYPE_CHECKING

from tests.truth.nft.namespaces import LIBC, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.truth.nft.namespaces import Namespace

CARD = "last"
KIND = 0x88B5
"""For experiments (IEEE 802): no protocol of the kernel's takes such a frame."""
HEAD = bytes.fromhex("ffffffffffff020000000001") + KIND.to_bytes(2)
ROUNDS = 8
"""Each lets arrive what the one before was answered with: a question for a neighbour, its answer, a SYN, its answer, and some to spare."""


class Barrier:
    """A pair of cards between two namespaces, beside whatever else is between them."""

    def __init__(self, stack: contextlib.ExitStack, one: Namespace, other: Namespace) -> None:
        """Make the pair; its sockets close with the stack, and it goes with the namespaces."""
        one.adopt(other, CARD, CARD)
        for each in (one, other):
            each.set(**{f"ipv6__conf__{CARD}__disable_ipv6": 1})
            each.ip([f"link set {CARD} up"])
        self._sender, self._listener = (_socket(stack, each) for each in (one, other))
        self._ear = select.poll()
        self._ear.register(self._listener, select.POLLIN)
        self._number = 0
        while not self._sent(0.05):  # a card that has just come up drops what is sent
            pass

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """Stay on this processor: what is sent meanwhile is what :meth:`wait` waits for."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {LIBC.sched_getcpu()})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def wait(self) -> None:
        """Return when everything has been handled that was sent, and what came of it as well."""
        assert len(os.sched_getaffinity(0)) == 1
        for _ in range(ROUNDS):
            assert self._sent(PATIENCE), f"a frame did not arrive within {PATIENCE} s"

    def _sent(self, seconds: float) -> bool:
        """Send a frame and tell whether it arrives within the time."""
        self._number += 1
        with contextlib.suppress(OSError):
            self._sender.send(HEAD + self._number.to_bytes(46))
        while self._ear.poll(seconds * 1000):
            if int.from_bytes(self._listener.recv(60)[len(HEAD) :]) == self._number:
                return True
        return False


def _socket(stack: contextlib.ExitStack, namespace: Namespace) -> socket.socket:
    with namespace.inside():
        one = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(KIND)))
    one.bind((CARD, KIND))
    return one
