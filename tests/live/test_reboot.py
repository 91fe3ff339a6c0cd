"""Every server of the cloud is started anew, before anything is verified: what is green afterwards is what a reboot leaves."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from infra.errors import GuestError
from infra.ssh.access import PATIENCE_SECONDS, open_bastion, open_server
from ringfence.verify.probes import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.ssh.access import Session
    from ringfence.verify.inventory import Inventory
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
BOOT_ID = "/proc/sys/kernel/random/boot_id"
REBOOT = ("sudo", "systemctl", "reboot")
STARTING = frozenset({"initializing", "starting"})
STATE_SECONDS = 600.0
"""An emulated server needs its time to boot, and six boot at once."""


def everywhere(inventory: Inventory, act: Callable[[Session], str]) -> dict[str, str]:
    """Log in everywhere, at the bastion last, and return what came of it by the name of the node."""
    way, found = session.jump_host(inventory), {}
    with open_bastion(way, patience=PATIENCE_SECONDS) as bastion:
        for name, target in session.targets(inventory).items():
            with open_server(way, target, via=bastion, patience=PATIENCE_SECONDS) as server:
                found[name] = act(server)
        found[session.BASTION] = act(bastion)
    return found


def boot(server: Session) -> str:
    """Return what the kernel calls this boot."""
    return server.run(("cat", BOOT_ID)).stdout.strip()


def reboot(server: Session) -> str:
    """Tell a server to start anew, as an update does that needs it; it may hang up before it has answered."""
    before = boot(server)
    with suppress(GuestError):
        server.run(REBOOT)
    return before


def rebooted(inventory: Inventory, before: dict[str, str]) -> set[str]:
    """Return who is in another boot; one who is still on the way down is in the old one."""
    try:
        return {name for name, now in everywhere(inventory, boot).items() if now and now != before[name]}
    except GuestError:
        return set()


def state(server: Session) -> str:
    """Return how far systemd is: units may still start when SSH answers already."""
    return server.run(("sudo", "systemctl", "is-system-running")).stdout.strip()


def test_every_server_comes_back_and_lets_its_operator_in(opened: Opened) -> None:
    """All together, the bastion and the services server with them; each is in another boot than before. `test_verify` says how they are."""
    before = everywhere(opened.inventory, reboot)
    end = time.monotonic() + STATE_SECONDS
    while (now := rebooted(opened.inventory, before)) != before.keys():
        assert time.monotonic() < end, f"not rebooted: {sorted(before.keys() - now)}"
        time.sleep(2)
    while STARTING & set(everywhere(opened.inventory, state).values()):
        assert time.monotonic() < end, "units still start"
        time.sleep(2)
