"""Probes: one attempt each to reach something, all running at once in the loop of the guest's program."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import struct
import time
from typing import TYPE_CHECKING, Protocol

from ringfence.verify.guest.basics import ECHO, MAGIC, Json, checksum, family, new_socket, word

if TYPE_CHECKING:
    from collections.abc import Callable

IP_RECVERR, IPV6_RECVERR = 11, 25
ANSWER_SECONDS = 1.5
"""What an answer gets at least, from the moment that the last copy of a datagram left a server that was too busy to send it in time."""
GREETING_SECONDS = 2.0
"""What a listener gets to say who it is, from the moment that the connection was seen to be up."""


class Loop(Protocol):
    """What a probe needs of the loop that it runs in."""

    def watch(self, sock: socket.socket, events: int, handler: Callable[[], None]) -> None:
        """Call the handler when the socket is ready."""

    def drop(self, sock: socket.socket, *, close: bool = True) -> None:
        """Stop watching a socket."""

    def waits_to_read(self, sock: socket.socket) -> bool:
        """Tell whether the socket is watched for input."""

    def done(self, probe: Probe, result: Json) -> None:
        """Keep a probe's result."""


class Probe:
    """One attempt to reach something; lives in the agent's loop until it has an outcome or its time is over."""

    def __init__(self, loop: Loop, order: Json, deadline: float) -> None:
        self.loop, self.order, self.deadline = loop, order, deadline
        self.sock: socket.socket | None = None
        self.errors = ""
        self.left = int(order.get("times", 3))
        self.due = 0.0

    def finish(self, outcome: str, *, token: str = "", number: int = 0) -> None:
        """Report the outcome and free the socket."""
        port = 0
        if self.sock is not None:
            if self.order["kind"] in {"tcp", "udp"}:
                port = self.sock.getsockname()[1]
            self.loop.drop(self.sock)
        name = errno.errorcode.get(number, "") if number else self.errors
        self.loop.done(self, {"id": self.order["id"], "outcome": outcome, "token": token, "port": port, "errno": name})

    def start(self) -> None:
        """Open the socket and begin."""
        try:
            self.open()
        except OSError as problem:
            self.finish(word(problem.errno or 0), number=problem.errno or 0)

    def open(self) -> None:
        """Do what the kind of probe begins with."""
        raise NotImplementedError

    def tick(self, now: float) -> None:
        """Give up when the time is over; ``now`` is the last time that the sockets were looked at."""
        if now >= self.deadline:
            self.finish("TIMEOUT")


class TcpProbe(Probe):
    """Connect, say who is asking, and read who answers."""

    def open(self) -> None:
        """Start to connect."""
        self.sock = new_socket(self.order["address"], socket.SOCK_STREAM)
        if self.order.get("source_port"):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind(("", self.order["source_port"]))
        number = self.sock.connect_ex((self.order["address"], self.order["port"]))
        if number not in {0, errno.EINPROGRESS}:
            self.finish(word(number), number=number)
            return
        self.loop.watch(self.sock, selectors.EVENT_WRITE, self.connected)

    def connected(self) -> None:
        """Send the token of the probe and wait for the one of the listener."""
        assert self.sock is not None  # noqa: S101 - set by open
        number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self.finish(word(number), number=number)
            return
        self.loop.drop(self.sock, close=False)
        self.loop.watch(self.sock, selectors.EVENT_READ, self.readable)
        self.deadline = max(self.deadline, time.monotonic()) + GREETING_SECONDS
        try:
            self.sock.send(self.order["token"].encode() + b"\n")
        except OSError as problem:
            self.finish("OK", number=problem.errno or 0)

    def readable(self) -> None:
        """Read the listener's token: whoever it is, the packets went both ways."""
        assert self.sock is not None  # noqa: S101 - set by open
        try:
            data = self.sock.recv(64)
        except OSError as problem:
            self.finish("OK", number=problem.errno or 0)
            return
        self.finish("OK", token=data.strip().decode("ascii", "replace"))

    def tick(self, now: float) -> None:
        """A connection on which nothing is said is a connection all the same."""
        if now >= self.deadline and self.sock is not None and self.loop.waits_to_read(self.sock):
            self.finish("OK")
        else:
            super().tick(now)


class DatagramProbe(Probe):
    """Send a UDP datagram or an echo request a few times and wait for an answer that carries a token."""

    def open(self) -> None:
        """Open a connected socket, so that ICMP errors come back as error numbers."""
        address, version = self.order["address"], family(self.order["address"])
        if self.order["kind"] == "udp":
            self.sock = new_socket(address, socket.SOCK_DGRAM)
        else:
            self.sock = new_socket(address, socket.SOCK_RAW, 1 if version == 4 else 58)  # noqa: PLR2004 - ICMP of that version
            level, option = (socket.IPPROTO_IP, IP_RECVERR) if version == 4 else (socket.IPPROTO_IPV6, IPV6_RECVERR)  # noqa: PLR2004 - as above
            self.sock.setsockopt(level, option, 1)
        self.sock.connect((address, self.order.get("port", 0)))
        self.loop.watch(self.sock, selectors.EVENT_READ, self.readable)

    def payload(self) -> bytes:
        """Return the datagram: MAGIC and token, behind an echo header when it is ICMP."""
        body = MAGIC + str(self.order["token"]).encode()
        if self.order["kind"] == "udp":
            return body
        version = family(self.order["address"])
        head = struct.pack("!BBHHH", ECHO[version][0], 0, 0, os.getpid() & 0xFFFF, self.left)
        # The kernel fills in the checksum of ICMPv6 (RFC 3542 section 3.1), not the one of ICMP.
        check = checksum(head + body) if version == 4 else 0  # noqa: PLR2004 - the version of an address
        return head[:2] + struct.pack("!H", check) + head[4:] + body

    def readable(self) -> None:
        """Take an answer that is meant for this probe; anything else on the socket is somebody else's."""
        assert self.sock is not None  # noqa: S101 - set by open
        try:
            data = self.sock.recv(512)
        except OSError as problem:
            if problem.errno not in {errno.EAGAIN, errno.EPERM}:
                self.finish(word(problem.errno or 0), number=problem.errno or 0)
            return
        if self.order["kind"] == "udp":
            self.finish("OK", token=data[len(MAGIC) :].decode("ascii", "replace") if data.startswith(MAGIC) else "")
            return
        version = family(self.order["address"])
        start = 20 if version == 4 else 0  # noqa: PLR2004 - the version of an address - raw IPv4 sockets deliver the IP header
        if data[start] == ECHO[version][1] and data[start + 8 :].startswith(MAGIC + str(self.order["token"]).encode()):
            self.finish("OK")

    def tick(self, now: float) -> None:
        """Send again when it is time."""
        if self.left and now >= self.due and self.sock is not None:
            self.left, self.due = self.left - 1, now + 0.8
            self.deadline = max(self.deadline, time.monotonic() + ANSWER_SECONDS)
            try:
                self.sock.send(self.payload())
            except OSError as problem:
                self.errors = errno.errorcode.get(problem.errno or 0, "")
                if problem.errno != errno.EPERM:
                    self.finish(word(problem.errno or 0), number=problem.errno or 0)
                    return
        super().tick(now)


class FrameProbe(Probe):
    """Put a ready-made frame on a network card, past the server's own firewall; whoever receives it tells."""

    def open(self) -> None:
        """Bind to the NIC; protocol 0 receives nothing."""
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setblocking(False)
        self.sock.bind((self.order["nic"], 0))

    def tick(self, now: float) -> None:
        """Send again when it is time; done after the last copy."""
        if now < self.due or self.sock is None:
            return
        try:
            self.sock.send(bytes.fromhex(self.order["hex"]))
        except BlockingIOError:
            # The NIC's queue is full. It is tried again until the probe's time is over; a NIC that never takes it is an error.
            if now >= self.deadline:
                self.finish("ERROR", number=errno.EAGAIN)
            return
        except OSError as problem:
            self.finish("ERROR", number=problem.errno or 0)
            return
        self.left, self.due = self.left - 1, now + 0.5
        if not self.left:
            self.finish("SENT")


KINDS = {"tcp": TcpProbe, "udp": DatagramProbe, "icmp": DatagramProbe, "frame": FrameProbe}
