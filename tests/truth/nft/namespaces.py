"""Network namespaces without names: made by the test process, entered by its threads, and gone with it.

Needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN). Nothing of the machine's own network is touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLONE_NEWNET = 0x40000000
FORGET_CONNECTIONS = struct.pack("=LHHLLBBH", 20, 1 << 8 | 2, 1 | 4, 1, 0, 0, 0, 0)
"""Netlink: ``IPCTNL_MSG_CT_DELETE`` without a filter, acknowledged (linux/netfilter/nfnetlink_conntrack.h)."""
LIBC = ctypes.CDLL(None, use_errno=True)
UP = {"UP", "UNKNOWN"}
"""The loopback device does not know."""
PATIENCE = 120
"""Seconds after which the machine is taken to hang."""
OWN = "/proc/thread-self/ns/net"


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Namespace:
    """A network namespace, kept alive by a descriptor. Sockets made inside stay inside, wherever they are used later."""

    def __init__(self) -> None:
        """Make the namespace in a thread of its own, so that the caller stays where it is."""
        self._descriptor = -1
        made: list[int] = []

        def make() -> None:
            _checked(LIBC.unshare(CLONE_NEWNET))
            made.append(os.open(OWN, os.O_RDONLY))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        (self._descriptor,) = made

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Do something in the namespace: open sockets, run commands, read and write ``/proc/sys/net``."""
        home = os.open(OWN, os.O_RDONLY)
        _checked(LIBC.setns(self._descriptor, CLONE_NEWNET))
        try:
            yield
        finally:
            _checked(LIBC.setns(home, CLONE_NEWNET))
            os.close(home)

    def run(self, *command: str, text: str = "") -> str:
        """Run a command inside and return what it prints; an error shows what it said."""
        with self.inside():
            done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}\n{text}"
        return done.stdout

    def ip(self, lines: Iterable[str], version: int = 0) -> None:
        """Run iproute2 commands, all in one process; addresses speak for themselves, routes and rules are of the given family."""
        family = (f"-{version}",) if version else ()
        self.run("ip", *family, "-batch", "-", text="\n".join(lines) + "\n")

    def set(self, **settings: int) -> None:
        """Write ``net`` settings; ``__`` stands for a slash in the name."""
        with self.inside():
            for name, value in settings.items():
                Path("/proc/sys/net", *name.split("__")).write_text(str(value), encoding="ascii")

    def adopt(self, peer: Namespace, near: str, far: str) -> None:
        """Make a pair of cards, ``near`` inside and ``far`` in another namespace."""
        descriptor = f"/proc/{os.getpid()}/fd/{peer._descriptor}"
        self.run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", descriptor)

    def ready(self) -> None:
        """Wait until every card is up: the kernel switches a card on some time after it was told to, and drops what is sent before."""
        end = time.monotonic() + PATIENCE
        while waiting := [
            each["ifname"] for each in json.loads(self.run("ip", "-json", "link", "show", "up")) if each["operstate"] not in UP
        ]:
            assert time.monotonic() < end, waiting
            time.sleep(0.02)

    def forget_connections(self) -> None:
        """Let the kernel forget all connections, so that a packet is nobody's answer."""
        with self.inside(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netfilter:
            netfilter.bind((0, 0))
            netfilter.send(FORGET_CONNECTIONS)
            error = struct.unpack_from("=l", netfilter.recv(4096), 16)[0]
            assert error == 0, error

    def close(self) -> None:
        """Let go of the namespace; the kernel takes it away when its last socket is closed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
