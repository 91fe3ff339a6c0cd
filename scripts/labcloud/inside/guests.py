"""Switching off the servers before the lab stops, as a person at the power button would."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from labcloud.inside.shell import output, succeeds

if TYPE_CHECKING:
    from labcloud.layout import Layout

SECONDS: Final = 20.0


def guests_off(_layout: Layout) -> None:
    """Ask every running server to shut down and wait a little; who does not go loses power with the lab."""
    for name in _running():
        succeeds("virsh", "-c", "qemu:///system", "shutdown", name)
    deadline = time.monotonic() + SECONDS
    while _running() and time.monotonic() < deadline:
        time.sleep(0.5)


def _running() -> list[str]:
    """The running servers' names in libvirt."""
    return output("timeout", "10", "virsh", "-c", "qemu:///system", "list", "--name").split()
