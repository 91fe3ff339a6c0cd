"""The way into a running lab from outside: run a command inside, or pipe a TCP connection into its network.

Used as a program by others (a proxy command of SSH among them), so it is one file, standard library only, and starts in
some 30 ms: ``python3 -I enter.py LAB exec COMMAND...``, ``... internet COMMAND...``, ``... connect HOST PORT``.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

CLONE_NEWNET = 0x40000000
NOT_RUNNING = 111
CHUNK = 1 << 16
# What the lab covers by its own: a working directory below these may not exist inside.
PRIVATE = ("/etc", "/var", "/run")


def call(lab: Path) -> socket.socket:
    """Connect to the lab's supervisor; ``OSError`` when there is none."""
    line = socket.socket(socket.AF_UNIX)
    directory = os.open(lab, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # By way of /proc: the name of a socket must fit into 108 bytes, the path of a state directory need not.
        line.connect(f"/proc/self/fd/{directory}/control.sock")
    except OSError:
        line.close()
        raise
    finally:
        os.close(directory)
    return line


def supervisor(lab: Path) -> int | None:
    """The process id of the running supervisor as seen from here, or nothing.

    The kernel tells it (SO_PEERCRED), so there is no file with a process id that could be stale.
    """
    try:
        with call(lab) as line:
            credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    except OSError:
        return None
    pid: int = struct.unpack("3i", credentials)[0]
    return pid or None


def inside(pid: int, *command: str, internet: bool = False) -> list[str]:
    """The command line that runs a command in the namespaces of a supervisor, at the caller's working directory."""
    here = Path.cwd()
    there = "/" if any(map(here.is_relative_to, PRIVATE)) else here
    enter = ["nsenter", "-t", str(pid), "-m", "-n", "-p", "-u", "-i", f"--wdns={there}"]
    return [*enter, *(("ip", "netns", "exec", "internet") if internet else ()), *command]


def enter_network(pid: int) -> None:
    """Move this thread into the network namespace of a process."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(descriptor, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, f"setns: {os.strerror(number)}")
    finally:
        os.close(descriptor)


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy until the end of one direction, then close that direction only."""
    with suppress(ConnectionError, OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
    with suppress(ConnectionError, OSError, NotImplementedError):
        if target.can_write_eof():
            target.write_eof()


async def pipe(host: str, port: int) -> None:
    """Join standard input and output with a TCP connection, until the far side closes."""
    reader, writer = await asyncio.open_connection(host, port)
    loop = asyncio.get_running_loop()
    source = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    target = asyncio.StreamWriter(transport, protocol, None, loop)
    upward = asyncio.create_task(copy(source, writer))
    await copy(reader, target)
    upward.cancel()
    writer.close()


def main(arguments: list[str]) -> int:
    """Do what the command line says."""
    lab, verb, rest = Path(arguments[0]), arguments[1], arguments[2:]
    pid = supervisor(lab)
    if pid is None:
        print(f"enter: no lab runs in {lab}; start it: ./scripts/lab up", file=sys.stderr)
        return NOT_RUNNING
    if verb != "connect":
        become(inside(pid, *rest, internet=verb == "internet"))
    enter_network(pid)
    try:
        asyncio.run(pipe(rest[0], int(rest[1])))
    except OSError as problem:
        print(f"enter: {rest[0]} port {rest[1]}: {problem}", file=sys.stderr)
        return 1
    return 0


def become(command: list[str]) -> NoReturn:
    """Turn this process into another program, as `exec` of a shell does."""
    os.execvp(command[0], command)  # noqa: S606 - there is no shell on purpose


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
