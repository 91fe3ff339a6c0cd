"""Offers the lab's API ports on the machine's loopback: listens there, then steps into the lab's network and connects from it.

Where the lab's profile says so it speaks TLS to whoever calls, and tells the API behind it, as proxies in front of clouds do.

A process of its own (``python -m labcloud.processes.forwarder LAB PORT...``), ended by the end of the lab's supervisor. It holds a lock
on a file for as long as it lives, so whether it runs is asked of the kernel and never of a left-over process id.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import ssl
import sys
from pathlib import Path

from labcloud.layout import LOOPBACK, Layout
from labcloud.processes import enter

BACKLOG = 128
BEHIND_TLS = b"X-Forwarded-Proto: https\r\n"


def listen(ports: list[int]) -> list[socket.socket]:
    """Bind every port on the loopback; ``OSError`` when one is taken."""
    bound = []
    for port in ports:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        bound.append(listener)
    return bound


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join one connection with the same port inside."""
    port = writer.get_extra_info("sockname")[1]
    try:
        far_reader, far_writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        # Nothing listens inside: a reset here, as the caller would see it there.
        writer.transport.abort()
        return
    await asyncio.gather(enter.copy(reader, far_writer), enter.copy(far_reader, writer))
    far_writer.close()
    writer.close()


async def relay_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join one connection that came by TLS with the same port inside. The APIs close after each answer, so it carries one request."""
    port = writer.get_extra_info("sockname")[1]
    try:
        request = await reader.readline()
        far_reader, far_writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        writer.transport.abort()
        return
    far_writer.write(request + BEHIND_TLS)
    upward = asyncio.create_task(enter.copy(reader, far_writer))
    await enter.copy(far_reader, writer)
    # TLS cannot close one direction alone: the end of the answer is the end of the connection.
    upward.cancel()
    far_writer.close()
    writer.close()


def context(layout: Layout) -> ssl.SSLContext | None:
    """The TLS of the lab's profile, or nothing."""
    if not layout.profile.tls:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(layout.certificate_file)
    return made


async def serve(bound: list[socket.socket], supervisor: int, tls: ssl.SSLContext | None = None) -> None:
    """Serve until the supervisor (a pidfd) ends or a signal comes."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(supervisor, ended.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    for listener in bound:
        await asyncio.start_server(relay_request if tls else relay, sock=listener, ssl=tls)
    print("ready", flush=True)
    await ended.wait()


def main(lab: Path, ports: list[int]) -> int:
    """Listen outside, connect inside."""
    pid = enter.supervisor(lab)
    if pid is None:
        print("forwarder: the lab does not run", file=sys.stderr)
        return enter.NOT_RUNNING
    with (lab / "forwarder.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        supervisor = os.pidfd_open(pid)
        bound, tls = listen(ports), context(Layout.load(lab))
        enter.enter_network(pid)
        asyncio.run(serve(bound, supervisor, tls))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
