"""Keeps the servers' network devices switched on.

libvirt switches a server's tap on, and Open vSwitch in user space makes it promiscuous, each by reading all flags of the device and
writing all of them back (netdevice(7), SIOCGIFFLAGS and SIOCSIFFLAGS). When one writes between the other's two steps, the device is off
again and stays so: the server runs, its port is active in every API, and no packet reaches it. A switch in the kernel sets no flags
from outside, so other clouds do not know the problem.
"""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from labcloud.inside.shell import output, succeeds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labcloud.layout import Layout

SECONDS: Final = 0.5
"""From a change to the look at it: a device that is just being made is off for a moment, and libvirt switches it on itself."""

RTMGRP_LINK: Final = 1
"""The group of rtnetlink(7) that hears of every change of a device; ``socket`` has no name for it."""

DEVICE: Final = re.compile(r"\d+: (?P<name>tap[^:@]+)[:@][^<]*<(?P<flags>[^>]*)>")
"""One line of ``ip -o link show`` about a tap that Nova named."""


def keep_on(_layout: Layout) -> None:
    """Watch all devices and switch on what is off, without end; every device that needed it is a line of the log."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as changes:
        changes.bind((0, RTMGRP_LINK))
        while True:
            for name in devices_off(output("ip", "-o", "link", "show").splitlines()):
                if succeeds("ip", "link", "set", "dev", name, "up"):  # it may be gone by now
                    print(f"{name} was off and is on again", flush=True)
            _wait(changes)


def devices_off(lines: Iterable[str]) -> list[str]:
    """The servers' taps that are off, by the lines of ``ip -o link show``."""
    found = (DEVICE.match(line) for line in lines)
    return [each["name"] for each in found if each and "UP" not in each["flags"].split(",")]


def _wait(changes: socket.socket) -> None:
    """Return a little after a change, with every word about it heard: what comes later is a change of its own."""
    with suppress(OSError):  # ENOBUFS: more changes than the socket holds, and the next look sees them all
        changes.recv(1 << 16)
    time.sleep(SECONDS)
    changes.setblocking(False)
    with suppress(OSError):
        while changes.recv(1 << 16):
            pass
    changes.setblocking(True)
