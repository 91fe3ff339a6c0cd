"""Listeners and captures: what reached this server, told apart by how far it came.

*wire*: a copy of the frame was taken from the network card, before the server's own firewall saw it. *guest*: a socket received it, so the
firewall let it in as well.
"""

from __future__ import annotations

import array
import errno
import selectors
import socket
import struct
from functools import partial
from typing import TYPE_CHECKING

from ringfence.verify.guest.basics import ECHO, MAGIC, TOKEN, Json, new_socket
from ringfence.verify.guest.sockets import bound

if TYPE_CHECKING:
    from ringfence.verify.guest.probes import Loop

MAX_FRAMES = 50_000
SO_BINDTODEVICE, SO_ATTACH_FILTER, SO_RCVBUFFORCE = 25, 26, 33
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC, PACKET_STATISTICS = 263, 1, 1, 6
PACKET_OUTGOING, ETH_P_ALL = 4, 3
BUFFER = 4 << 20


class Witness:
    """Everything that this server listens with, and what came in."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.identity = ""
        self.listeners: list[socket.socket] = []
        self.captures: list[socket.socket] = []
        self.guest: list[Json] = []
        self.wire: list[tuple[str, str]] = []
        self.lost = 0

    def listen(self, request: Json) -> Json:
        """Open the listeners and captures; what cannot be bound is told, with the error's name, and which ports are taken then."""
        self.identity = request["identity"]
        failed = []
        for want in request["listeners"]:
            number = self.listen_on(want)
            if number:
                failed.append({**want, "errno": errno.errorcode.get(number, "?")})
            elif want.get("bound"):
                failed.append({**want, "errno": "bound"})
        for version, protocol in ((socket.AF_INET, 1), (socket.AF_INET6, 58)):
            sock = socket.socket(version, socket.SOCK_RAW, protocol)
            sock.setblocking(False)
            self.listeners.append(sock)
            self.loop.watch(sock, selectors.EVENT_READ, partial(self.echoed, sock, protocol))
        for nic in request["nics"]:
            self.capture(nic, request["filter"])
        return {"failed": failed, "bound": bound()}

    def listen_on(self, want: Json) -> int:
        """Open one listener and return the error number, 0 when it is up.

        A port that is taken on another NIC only, as by a daemon that is bound to the management NIC, can still be had on this NIC by
        being bound to it as well; then nobody within this server can reach it, which is told as ``bound``.
        """
        for device in ("", want["device"]):
            sock = new_socket(want["address"], socket.SOCK_STREAM if want["protocol"] == "tcp" else socket.SOCK_DGRAM)
            try:
                if device:
                    sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode())
                if want["protocol"] == "tcp":
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((want["address"], want["port"]))
                if want["protocol"] == "tcp":
                    sock.listen(128)
            except OSError as problem:
                sock.close()
                if problem.errno != errno.EADDRINUSE or device:
                    return problem.errno or errno.EIO
                continue
            want["bound"] = bool(device)
            self.listeners.append(sock)
            handler = self.accepted if want["protocol"] == "tcp" else self.received
            self.loop.watch(sock, selectors.EVENT_READ, partial(handler, sock, want["address"], want["port"]))
            return 0
        return errno.EADDRINUSE

    def accepted(self, sock: socket.socket, address: str, port: int) -> None:
        """Serve the identity to whoever connects, and keep the token it says."""
        try:
            peer, source = sock.accept()
            peer.setblocking(False)
            peer.send(self.identity.encode() + b"\n")
        except OSError:
            return
        note = {"protocol": "tcp", "address": address, "port": port, "from": source[0], "token": ""}
        self.guest.append(note)

        def told() -> None:
            try:
                note["token"] = peer.recv(64).strip().decode("ascii", "replace")
            except OSError:
                note["token"] = ""
            self.loop.drop(peer)

        self.loop.watch(peer, selectors.EVENT_READ, told)

    def received(self, sock: socket.socket, address: str, port: int) -> None:
        """Keep the token of a datagram and answer with the identity."""
        try:
            data, source = sock.recvfrom(512)
            if not data.startswith(MAGIC):
                return
            token = data[len(MAGIC) :][:TOKEN].decode("ascii", "replace")
            self.guest.append({"protocol": "udp", "address": address, "port": port, "from": source[0], "token": token})
            sock.sendto(MAGIC + self.identity.encode(), source)
        except OSError:
            return

    def echoed(self, sock: socket.socket, protocol: int) -> None:
        """Keep the token of an echo request that the firewall let in (raw sockets come after the input hook)."""
        data, source = sock.recvfrom(512)
        start, request = (20, ECHO[4][0]) if protocol == 1 else (0, ECHO[6][0])
        if data[start] == request and data[start + 8 :].startswith(MAGIC):
            token = data[start + 8 + len(MAGIC) :][:TOKEN].decode("ascii", "replace")
            self.guest.append({"protocol": "icmp", "address": "", "port": 0, "from": source[0], "token": token})

    def capture(self, nic: str, program: list[list[int]]) -> None:
        """Take copies of the frames that arrive on a NIC, in promiscuous mode, narrowed by a BPF program."""
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setblocking(False)
        code = array.array("B", b"".join(struct.pack("HBBI", *line) for line in program))
        address, _ = code.buffer_info()
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HxxxxxxP", len(program), address))
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        sock.bind((nic, ETH_P_ALL))
        membership = struct.pack("IHH8s", socket.if_nametoindex(nic), PACKET_MR_PROMISC, 0, b"")
        sock.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)
        self.captures.append(sock)
        self.loop.watch(sock, selectors.EVENT_READ, partial(self.captured, sock, nic))

    def captured(self, sock: socket.socket, nic: str) -> None:
        """Keep the head of every frame that is not our own."""
        for _ in range(200):
            try:
                frame, source = sock.recvfrom(160)
            except OSError:
                return
            if source[2] == PACKET_OUTGOING:
                continue
            if len(self.wire) < MAX_FRAMES:
                self.wire.append((nic, frame.hex()))
            else:
                self.lost += 1

    def seen(self, _: Json) -> Json:
        """Hand out what was seen since the last time."""
        dropped = 0
        for sock in self.captures:
            dropped += struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        answer = {"guest": self.guest, "wire": self.wire, "lost": self.lost + dropped}
        self.guest, self.wire, self.lost = [], [], 0
        return answer

    def close(self, _: Json) -> Json:
        """Close listeners and captures."""
        for sock in [*self.listeners, *self.captures]:
            self.loop.drop(sock)
        self.listeners, self.captures = [], []
        return {}
