"""Asks a real ovsdb-server for locks, as Neutron's repair does; run in Neutron's environment: ``lock.py SOCKET``.

The way to the server is slow to return: the answer is always there before the sender goes on. That is the order of events which on the
lab comes by chance. Prints how many of ten locks the library holds, as it comes and with the lab's order.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from ovs.jsonrpc import Message
from ovsdbapp.backend.ovs_idl import connection

from labcloud.inside.neutron_repair import note_before_asking

if TYPE_CHECKING:
    from ovs.db.idl import Idl
    from ovs.jsonrpc import Session

TRIALS = 10
PATIENCE_SECONDS = 300.0


class SlowWay:
    """A session whose way to the server returns when the answer has been dealt with."""

    def __init__(self, session: Session) -> None:
        """Stand in front of a session's two directions."""
        self._send, self._receive = session.send, session.recv
        self._arrived: set[object] = set()
        self._dealt_with: set[object] = set()
        session.send, session.recv = self.send, self.receive

    def send(self, message: Message) -> object:
        """Send, and wait for the answer to a request."""
        told: object = self._send(message)
        end = time.monotonic() + PATIENCE_SECONDS
        while message.type == Message.T_REQUEST and message.id not in self._dealt_with:
            assert time.monotonic() < end, "no answer"
            time.sleep(0.01)
        return told

    def receive(self) -> Message | None:
        """Give the next message: whoever asks for it is done with those before."""
        self._dealt_with |= self._arrived
        message: Message | None = self._receive()
        if message is not None and message.type in {Message.T_REPLY, Message.T_ERROR}:
            self._arrived.add(message.id)
        return message


def held(idl: Idl, name: str) -> int:
    """How many locks the library holds that the server gives it."""
    count = 0
    for number in range(TRIALS):
        idl.set_lock(f"{name}{number}")
        count += idl.has_lock
    return count


def main() -> None:
    """Connect, ask both ways, print."""
    idl = connection.OvsdbIdl.from_server(f"unix:{sys.argv[1]}", "OVN_Northbound", helper_tables=["NB_Global"])
    connection.Connection(idl, timeout=30).start()
    SlowWay(idl._session)  # noqa: SLF001 - the library has no other place to slow it down
    before = held(idl, "before")
    note_before_asking()
    sys.stdout.write(f"{before} {held(idl, 'after')}\n")
    sys.stdout.flush()
    os._exit(0)  # the library's thread does not end by itself


if __name__ == "__main__":
    main()
