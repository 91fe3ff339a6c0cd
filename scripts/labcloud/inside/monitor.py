"""Commands to Ceph's monitor that do not fail when the client is faster than the monitor's map.

A client may be connected before it holds the monitor's map. A command it sends in that moment carries an empty cluster id and is refused
(EPERM, "wrong fsid" in the monitor's log). The ``ceph`` program did just that, one time in a hundred, in a lab whose storage asked nobody
who they are; nobody knows that it cannot happen with cephx. So the lab speaks through librados and waits for the map first.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = "/etc/ceph/ceph.conf"
NO_CLUSTER = "00000000-0000-0000-0000-000000000000"
MAP_SECONDS = 60
PAUSE_SECONDS = 0.01


class Client(Protocol):
    """What this module needs of librados' ``Rados`` object."""

    def get_fsid(self) -> str:
        """Return the cluster id of the map the client holds, all zeros before it holds one."""
        ...

    def mon_command(self, command: str, data: bytes) -> tuple[int, bytes, str]:
        """Send a command; returns the error number (0 or negative), the answer and what the monitor said about it."""
        ...


class Monitor:
    """The monitor, asked by a client that holds its map."""

    def __init__(self, client: Client) -> None:
        """Wrap a connected client; ``TimeoutError`` when no map comes."""
        self._client = client
        end = time.monotonic() + MAP_SECONDS
        while client.get_fsid() == NO_CLUSTER:
            if time.monotonic() > end:
                raise TimeoutError(f"Ceph's monitor took the connection and sent no map in {MAP_SECONDS} s")
            time.sleep(PAUSE_SECONDS)

    def ask(self, prefix: str, **arguments: object) -> object:
        """Run one command of the monitor, for instance ``osd new``; returns its decoded answer, None when it is empty."""
        number, answer, said = self._client.mon_command(json.dumps({"prefix": prefix, "format": "json", **arguments}), b"")
        if number != 0:
            raise RuntimeError(f"Ceph's monitor refused `{prefix}` {arguments}: {said or 'no reason given'} (error {number})")
        return json.loads(answer) if answer.strip() else None


@contextmanager
def monitor() -> Iterator[Monitor]:
    """Connect to the lab's monitor; Debian's ``python3-rados`` is on the path inside the lab only."""
    import rados  # noqa: PLC0415 - exists inside the lab only, and tests import this module outside

    with rados.Rados(conffile=CONFIGURATION) as client:
        yield Monitor(client)
