"""Bridges as the hybrid plug makes them, in namespaces of the test's own, and frames that are really sent over them.

Every card has a bridge with two ports: ``tap`` towards its server and ``qvb`` towards the network. Their far ends are in another namespace,
where the test sends and listens. The kernel's iptables look at everything that crosses a bridge.
"""

from __future__ import annotations

import contextlib
import select
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tests.truth.nft.barrier import Barrier
from tests.truth.nft.namespaces import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

EVERYTHING = 0x0003
"""``ETH_P_ALL``."""
OUTGOING = 4
"""``PACKET_OUTGOING``: a listener also sees what is sent."""
SO_RCVBUFFORCE = 33
"""Not in Python's module (asm-generic/socket.h)."""
BUFFER = 1 << 26
BATCH = 64
"""Frames sent before the listener is emptied: far fewer than its buffer holds."""
CALLS = ("bridge__bridge-nf-call-iptables", "bridge__bridge-nf-call-ip6tables")
"""Settings by which bridges call iptables."""


@dataclass(frozen=True)
class Frame:
    """A frame from one end of a card's bridge to the other; ``token`` is how the listener knows it, and must be inside."""

    card: str
    inwards: bool
    token: bytes
    data: bytes


class Bridges:
    """The bridges of some cards, with the ends of their ports."""

    def __init__(self, cards: Iterable[str]) -> None:
        """Name the cards; names are those of the agent's devices, and at most 11 characters long."""
        self._cards = tuple(cards)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Make everything and wait for nothing: bridges without a spanning tree forward at once."""
        self.host, self._ends = Namespace(), Namespace()
        self._stack.callback(self.host.close)
        self._stack.callback(self._ends.close)
        names = [
            (f"{near}{card}", f"{far}{number}") for number, card in enumerate(self._cards) for near, far in (("tap", "s"), ("qvb", "n"))
        ]
        for near, far in names:
            self.host.adopt(self._ends, near, far)
        self._ends.ip(f"link set {far} up" for _, far in names)
        self.host.ip(self._wiring())
        # Checksums are left to the sender's network card, which does not exist here.
        self.host.set(**dict.fromkeys(CALLS, 1), netfilter__nf_conntrack_checksum=0)
        with self._ends.inside():
            self._sender, self._listener = self._socket(), self._socket(EVERYTHING)
        self._barrier = Barrier(self._stack, self._ends, self.host)
        self._ear = select.poll()
        self._ear.register(self._listener, select.POLLIN)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take everything away."""
        self._stack.close()

    def _wiring(self) -> Iterator[str]:
        for card in self._cards:
            yield f"link add qbr{card} type bridge ageing_time 0 mcast_snooping 0"
            for port in ("tap", "qvb"):
                yield f"link set {port}{card} master qbr{card} up"
            yield f"link set qbr{card} up"

    def _socket(self, protocol: int = 0) -> socket.socket:
        one = self._stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol)))
        one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        one.setblocking(False)
        return one

    def ends(self, frame: Frame) -> tuple[str, str]:
        """Return where a frame is sent and where it has to arrive."""
        number = self._cards.index(frame.card)
        return (f"n{number}", f"s{number}") if frame.inwards else (f"s{number}", f"n{number}")

    def arrived(self, frames: Iterable[Frame]) -> set[Frame]:
        """Send frames and return those that arrived at the other end of their bridge."""
        wanted: dict[tuple[str, bytes], Frame] = {}
        found: set[Frame] = set()
        with self._barrier.in_order():
            for number, frame in enumerate(frames):
                start, end = self.ends(frame)
                wanted[end, frame.token] = frame
                self._sender.sendto(frame.data, (start, 0))
                if number % BATCH == 0:
                    found.update(self._heard(wanted))
            self._barrier.wait()
        found.update(self._heard(wanted))
        return found

    def _heard(self, wanted: dict[tuple[str, bytes], Frame]) -> Iterator[Frame]:
        while self._ear.poll(0):
            data, (place, _, kind, _, _) = self._listener.recvfrom(2048)
            if kind != OUTGOING:
                frame = wanted.get((place, token_of(data)))
                if frame is not None:
                    yield frame

    def forget(self) -> None:
        """Let the kernel forget all connections, so that a packet is nobody's answer."""
        self.host.forget_connections()


def token_of(data: bytes) -> bytes:
    """Return the last four bytes of a frame, which tests number."""
    return data[-4:]
