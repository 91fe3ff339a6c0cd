"""Does a server answer SSH over the management network? Asked from the bastion, the only way there is."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import paramiko

from infra.errors import GuestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.ssh.access import Session

PATIENCE_SECONDS = 600.0
TRY_SECONDS = 5.0
PAUSE_SECONDS = 0.5
BANNER = b"SSH-"
HERE = ("127.0.0.1", 0)
"""Where a forwarded connection comes from, as RFC 4254 wants it said."""


def until_all_answer(bastion: Session, addresses: Iterable[str], port: int) -> None:
    """Wait until every server has shown SSH's banner. Raises :class:`GuestError` when one does not in :data:`PATIENCE_SECONDS`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for address in addresses:
        while not answers(bastion, address, port):
            if time.monotonic() > deadline:
                raise GuestError.of("no SSH over management", where=address, expected=f"a banner within {PATIENCE_SECONDS:.0f} s")
            time.sleep(PAUSE_SECONDS)


def answers(bastion: Session, address: str, port: int) -> bool:
    """Tell whether a server shows SSH's banner now."""
    transport = bastion.client.get_transport()
    if transport is None:
        raise GuestError.of("the login at the bastion is closed", where=bastion.name, hint="see that the bastion is up, then run it again")
    try:
        with contextlib.closing(transport.open_channel("direct-tcpip", (address, port), HERE, timeout=TRY_SECONDS)) as channel:
            channel.settimeout(TRY_SECONDS)
            return channel.recv(len(BANNER)) == BANNER
    except (OSError, EOFError, paramiko.SSHException):
        return False
