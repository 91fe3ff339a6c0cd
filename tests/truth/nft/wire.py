"""Packets that are really sent: which of many get from one namespace to the other, told by the receiver."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from infra.declaration.model import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.declaration.model import Address
    from infra.render.expectation import Packet
    from tests.truth.nft.barrier import Barrier
    from tests.truth.nft.namespaces import Namespace

Look = Callable[[], set["Packet"]]
"""Returns the packets that have arrived since the last look."""
Ends = tuple["Namespace", "Namespace"]
"""Who sends and who receives."""

FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
PATIENCE = 300.0
"""Seconds to wait for what ought to arrive."""
BUFFER, SO_RCVBUFFORCE = 1 << 24, 33
"""A listener's, which is emptied when everything has been sent; the option is not in Python's module (asm-generic/socket.h)."""
ECHO = struct.Struct("!BBHHH")
ANSWERS = {(4, 8): 0, (4, 13): 14, (6, 128): 129}
"""Type of the answer that a kernel gives to an ICMP request, by family and type of the request."""
PAUSE = 0.02
"""Seconds between two looks."""
HEADERS = {
    Protocol.ESP: struct.pack("!II", 256, 1),  # security parameters index, sequence number (RFC 4303)
    Protocol.AH: struct.pack("!BBHII", 253, 2, 0, 256, 1),  # an experiment follows (RFC 3692); 16 bytes (RFC 4302)
    Protocol.GRE: struct.pack("!HH", 0, 0x0800),  # no options, IPv4 inside (RFC 2784)
}
"""What stands before the token in a packet of a protocol without ports."""
REFUSED_BY_OWN_FILTER = {errno.EPERM, errno.EACCES, errno.ENETUNREACH, errno.EHOSTUNREACH}


def arrived(barrier: Barrier, ends: Ends, packets: Iterable[Packet], expected: set[Packet], *, patience: float = PATIENCE) -> set[Packet]:
    """Send every packet and return those that reached the receiver; ``expected`` says for what to wait, ``patience`` how many seconds."""
    kinds: dict[tuple[Protocol, int], list[Packet]] = {}
    for packet in packets:
        kinds.setdefault((packet.protocol, packet.source.version), []).append(packet)
    found: set[Packet] = set()
    with contextlib.ExitStack() as stack:
        stack.enter_context(barrier.in_order())
        looks = [MEANS.get(protocol, _raw)(stack, *ends, some) for (protocol, _), some in kinds.items()]
        end = time.monotonic() + patience
        while True:
            barrier.wait()
            found.update(*(look() for look in looks))
            if expected <= found or time.monotonic() >= end:
                return found
            time.sleep(PAUSE)


def _socket(stack: contextlib.ExitStack, version: int, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
    one = stack.enter_context(socket.socket(FAMILY[version], kind, protocol))
    one.setblocking(False)
    if version == 6 and kind is not socket.SOCK_RAW:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return one


def _ear(stack: contextlib.ExitStack, version: int, protocol: int) -> socket.socket:
    one = _socket(stack, version, socket.SOCK_RAW, protocol)
    one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    return one


def _bound(stack: contextlib.ExitStack, address: Address, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
    one = _socket(stack, address.version, kind, protocol)
    one.bind((str(address), 0))
    return one


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    """Let the sender's own filter refuse a packet at once."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSED_BY_OWN_FILTER:
            raise


def _doors(packets: Iterable[Packet]) -> set[tuple[int, int]]:
    """Return family and port of every door that has to be open."""
    return {(packet.destination.version, packet.first) for packet in packets if packet.first is not None}


def _tcp(stack: contextlib.ExitStack, sender: Namespace, receiver: Namespace, packets: list[Packet]) -> Look:
    with receiver.inside():
        for version, port in _doors(packets):
            door = _socket(stack, version, socket.SOCK_STREAM)
            door.bind(("", port))
            door.listen(1024)
    callers: dict[int, tuple[socket.socket, Packet]] = {}
    poll = select.epoll()
    stack.callback(poll.close)
    with sender.inside():
        for packet in packets:
            caller = _bound(stack, packet.source, socket.SOCK_STREAM)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if caller.connect_ex((str(packet.destination), packet.first)) in {0, errno.EINPROGRESS}:
                callers[caller.fileno()] = (caller, packet)
                poll.register(caller, select.EPOLLOUT | select.EPOLLONESHOT)

    def look() -> set[Packet]:
        ready = [callers[descriptor] for descriptor, _ in poll.poll(0)]
        return {packet for caller, packet in ready if not caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)}

    return look


def _udp(stack: contextlib.ExitStack, sender: Namespace, receiver: Namespace, packets: list[Packet]) -> Look:
    with receiver.inside():
        doors = [_socket(stack, version, socket.SOCK_DGRAM) for version, _ in sorted(_doors(packets))]
        for door, (_, port) in zip(doors, sorted(_doors(packets)), strict=True):
            door.bind(("", port))
    with sender.inside():
        for token, packet in enumerate(packets):
            with _ours():
                _bound(stack, packet.source, socket.SOCK_DGRAM).sendto(token.to_bytes(4), (str(packet.destination), packet.first or 0))
    return lambda: {packets[int.from_bytes(data)] for data in _received(doors)}


def _received(sockets: list[socket.socket]) -> Iterator[bytes]:
    for one in sockets:
        with contextlib.suppress(BlockingIOError):
            while True:
                yield one.recv(2048)


def _icmp(stack: contextlib.ExitStack, sender: Namespace, receiver: Namespace, packets: list[Packet]) -> Look:
    """Ask, and take the answer as the proof: the kernels' own ones answer."""
    del receiver
    version, protocol = packets[0].source.version, packets[0].protocol.number
    with sender.inside():
        ear = _ear(stack, version, protocol)
        for token, packet in enumerate(packets):
            body = bytes(12)  # a timestamp request has three times in it
            head = ECHO.pack(packet.first or 0, packet.last or 0, 0, token, 1)
            total = ECHO.pack(packet.first or 0, packet.last or 0, _checksum(head + body), token, 1) + body
            with _ours():
                _bound(stack, packet.source, socket.SOCK_RAW, protocol).sendto(total, (str(packet.destination), 0))

    def look() -> set[Packet]:
        answers = {ANSWERS[version, packet.first or 0] for packet in packets}
        heads = [ECHO.unpack_from(data, (data[0] & 15) * 4 if version == 4 else 0) for data in _received([ear])]
        return {packets[head[3]] for head in heads if head[0] in answers}

    return look


def _checksum(data: bytes) -> int:
    """Internet checksum (RFC 1071); the kernel fills in ICMPv6's by itself."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - ((total & 0xFFFF) + (total >> 16)) % 0x10000


def _raw(stack: contextlib.ExitStack, sender: Namespace, receiver: Namespace, packets: list[Packet]) -> Look:
    """Send bare packets of a protocol, each with a token in its last four bytes."""
    protocol = packets[0].protocol
    with receiver.inside():
        ears = [_ear(stack, packets[0].source.version, protocol.number)]
    with sender.inside():
        for token, packet in enumerate(packets):
            with _ours():
                load = _sctp_init(packet.first or 0, token) if protocol is Protocol.SCTP else HEADERS[protocol] + token.to_bytes(4)
                _bound(stack, packet.source, socket.SOCK_RAW, protocol.number).sendto(load, (str(packet.destination), 0))
    return lambda: {packets[int.from_bytes(data[-4:])] for data in _received(ears)}


def _sctp_init(port: int, token: int) -> bytes:
    """Return the packet that opens an SCTP association (RFC 9260, 3.3.2), with the token as its first TSN."""
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 1, 65535, 1, 1, token)
    head = struct.pack("!HHI", 40000, port, 0)
    return head + struct.pack("<I", _crc32c(head + bytes(4) + chunk)) + chunk


def _crc32c(data: bytes) -> int:
    """SCTP's checksum (RFC 9260, appendix A); conntrack drops packets in which it is wrong."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = (rest >> 1) ^ (0x82F63B78 if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF


MEANS = {Protocol.TCP: _tcp, Protocol.UDP: _udp, Protocol.ICMP: _icmp, Protocol.ICMPV6: _icmp}
"""How a protocol's packets are sent and recognised; the others are sent raw."""
