"""Asks a real ovsdb-server for locks, as Neutron's repair does; run in Neutron's environment: ``lock.py SOCKET``.

The way to the server is slow to return: the answer is always there before the sender goes on. That is the order of events which on the
lab comes by chance. Prints how many of ten locks the library holds, as it comes and with the lab's order.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from ovsdbapp.backend.ovs_idl import connection

from labcloud.inside.neutron_repair import note_before_asking

if TYPE_CHECKING:
    from ovs.db.idl import Idl

TRIALS = 10


def held(idl: Idl, name: str) -> int:
    """How many locks the library holds that the server gives it."""
    count = 0
    for number in range(TRIALS):
        idl.set_lock(f"{name}{number}")
        time.sleep(0.1)
        count += idl.has_lock
    return count


def main() -> None:
    """Connect, ask both ways, print."""
    idl = connection.OvsdbIdl.from_server(f"unix:{sys.argv[1]}", "OVN_Northbound", helper_tables=["NB_Global"])
    connection.Connection(idl, timeout=30).start()
    send = idl._session.send  # noqa: SLF001 - the library has no other place to slow it down

    def slow(message: object) -> None:
        send(message)
        time.sleep(0.2)

    idl._session.send = slow  # noqa: SLF001 - as above
    before = held(idl, "before")
    note_before_asking()
    sys.stdout.write(f"{before} {held(idl, 'after')}\n")
    sys.stdout.flush()
    os._exit(0)  # the library's thread does not end by itself


if __name__ == "__main__":
    main()
