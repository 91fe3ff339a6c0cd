"""A time server of the host outside: what a platform declares as its upstream, without touching the machine's own clock.

It answers every client's question with the machine's time as a server of stratum 2 does (RFC 5905, section 7.3). A time daemon of Debian
would be installed in the place of the machine's own.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

PORT = 123
EPOCH = 2_208_988_800
"""Seconds from 1900, where NTP begins to count, to 1970."""
PACKET = struct.Struct("!BBbb II4s QQQQ")
CLIENT, SERVER = 3, 4
VERSIONS = (3, 4)
STRATUM, POLL, PRECISION = 2, 6, -20
ROOT_DELAY, ROOT_DISPERSION = 0x10, 0x40
"""In units of 1/65536 second."""
REFERENCE = b"LAB\0"


def stamp(seconds: float) -> int:
    """Return a time of this machine as NTP writes it: 32 bits of seconds since 1900 and 32 bits of their fraction."""
    whole = int(seconds)
    return (whole + EPOCH) % 2**32 << 32 | int((seconds - whole) * 2**32)


def answer(question: bytes, received: float, sent: float) -> bytes | None:
    """Return the answer to a client's question; ``None`` for whatever is no such question."""
    if len(question) < PACKET.size:
        return None
    first, *_, transmitted = PACKET.unpack(question[: PACKET.size])
    version, mode = first >> 3 & 7, first & 7
    if mode != CLIENT or version not in VERSIONS:
        return None
    return PACKET.pack(
        version << 3 | SERVER,
        STRATUM,
        POLL,
        PRECISION,
        ROOT_DELAY,
        ROOT_DISPERSION,
        REFERENCE,
        stamp(received),
        transmitted,
        stamp(received),
        stamp(sent),
    )


def main(address: str) -> None:
    """Answer for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, PORT))
        while True:
            question, client = server.recvfrom(1024)
            text = answer(question, time.time(), time.time())
            if text:
                server.sendto(text, client)


if __name__ == "__main__":
    main(sys.argv[1])
