"""What all parts of the guest's program share: tokens, outcomes of system calls, sockets."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any

MAGIC = b"RFv1"
TOKEN = 16
"""Length of a token in bytes; a payload is MAGIC followed by a token."""
NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETDOWN}
ECHO = {4: (8, 0), 6: (128, 129)}
"""Types of echo request and echo reply (RFC 792, RFC 4443)."""

Json = dict[str, Any]
ALIVE: Json = {"alive": True}
"""Said every ``ALIVE_SECONDS`` while an answer is due: a long wait for a busy server is told from one for a dead server."""
ALIVE_SECONDS = 3.0


def word(number: int) -> str:
    """Return the outcome that an error number of ``connect`` or ``send`` stands for.

    EPERM is what the kernel returns when the server's own firewall dropped the packet on its way out: a drop, hence TIMEOUT.
    """
    if number in NO_WAY:
        return "UNREACHABLE"
    return {errno.ECONNREFUSED: "REFUSED", errno.ETIMEDOUT: "TIMEOUT", errno.EPERM: "TIMEOUT"}.get(number, "ERROR")


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def family(address: str) -> int:
    """Return 4 or 6."""
    return 6 if ":" in address else 4


def new_socket(address: str, kind: int, protocol: int = 0) -> socket.socket:
    """Open a socket of the address's family that never blocks."""
    sock = socket.socket(socket.AF_INET6 if family(address) == 6 else socket.AF_INET, kind, protocol)  # noqa: PLR2004 - as above
    sock.setblocking(False)
    return sock
