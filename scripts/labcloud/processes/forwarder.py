"""Offers the lab's API ports on the machine's loopback: listens there, then steps into the lab's network and connects from it.

A process of its own (``python -m labcloud.processes.forwarder LAB PORT...``), ended by the end of the lab's supervisor. It holds a lock
on a file for as long as it lives, so whether it runs is asked of the kernel and never of a left-over process id.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sys
from pathlib import Path

from labcloud.layout import LOOPBACK
from labcloud.processes import door

BACKLOG = 128


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
    await asyncio.gather(door.copy(reader, far_writer), door.copy(far_reader, writer))
    far_writer.close()
    writer.close()


async def serve(bound: list[socket.socket], supervisor: int) -> None:
    """Serve until the supervisor (a pidfd) ends or a signal comes."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(supervisor, ended.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    for listener in bound:
        await asyncio.start_server(relay, sock=listener)
    print("ready", flush=True)
    await ended.wait()


def main(lab: Path, ports: list[int]) -> int:
    """Listen outside, connect inside."""
    pid = door.supervisor(lab)
    if pid is None:
        print("forwarder: the lab does not run", file=sys.stderr)
        return door.NOT_RUNNING
    with (lab / "forwarder.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        supervisor = os.pidfd_open(pid)
        bound = listen(ports)
        door.enter_network(pid)
        asyncio.run(serve(bound, supervisor))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
