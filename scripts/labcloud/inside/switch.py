"""Runs the virtual switch, and starts it again when one of its own assertions ended it.

Open vSwitch 3.1's user-space connection tracker can abort (``conntrack.c``: ``conn->conn_type == CT_CONN_TYPE_DEFAULT``, a packet that
meets the reverse entry of a translated connection). No packet of a tenant may take the whole cloud down with it, so an abort is followed
by a new start, told in the log. Every other end stays an end: a fault that a test injects stays injected.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from labcloud.inside.network import bridges
from labcloud.inside.shell import succeeds

if TYPE_CHECKING:
    from types import FrameType

    from labcloud.layout import Layout

CONTROL = "/run/openvswitch/ovs-vswitchd.ctl"
COMMAND = (
    "ovs-vswitchd",
    "unix:/run/openvswitch/db.sock",
    "-vconsole:info",
    f"--unixctl={CONTROL}",
    "--pidfile=/run/openvswitch/ovs-vswitchd.pid",
)
ANSWERS = ("ovs-appctl", "-T", "5", "-t", CONTROL, "version")
PAUSE = 0.2


def keep_switch(layout: Layout) -> None:
    """Run the switch until it ends in any way but by an assertion of its own; end as it did."""
    restarts = 0
    while True:
        child = subprocess.Popen(COMMAND)
        _pass_on_termination(child)
        if restarts:
            _furnish(layout, child)
        code = child.wait()
        if code != -signal.SIGABRT:
            sys.exit(code if code >= 0 else 128 - code)
        restarts += 1
        print(f"lab: the switch was ended by an assertion of its own; start number {restarts + 1}", flush=True)


def _pass_on_termination(child: subprocess.Popen[bytes]) -> None:
    """Let an order to end reach the switch, and not only this process."""

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, pass_on)


def _furnish(layout: Layout, child: subprocess.Popen[bytes]) -> None:
    """Give the lab its address on the new external bridge; OVN's controller and the servers' cards come back by themselves."""
    while child.poll() is None:
        if succeeds(*ANSWERS):
            bridges(layout)
            return
        time.sleep(PAUSE)
