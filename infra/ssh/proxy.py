"""A program as the way to a host (ssh_config(5), ``ProxyCommand``), that is noticed when it ends and leaves nothing when it is closed."""

from __future__ import annotations

import os
import re
import select

import paramiko

CHUNK = 1 << 16


class Proxy(paramiko.ProxyCommand):
    """paramiko's, but for two things: its own reads on and on when the program is gone, and neither waits for it nor closes its pipes."""

    @classmethod
    def of(cls, command: str, address: str, port: int) -> Proxy:
        """Start the command with ``%h``, ``%p`` and ``%%`` filled in."""
        places = {"%h": address, "%p": str(port), "%%": "%"}
        return cls(re.sub("%[hp%]", lambda found: places[found.group()], command))

    def recv(self, size: int) -> bytes:
        """Return what there is, nothing when the program has closed its output; ``TimeoutError`` when there is nothing yet."""
        assert self.process.stdout  # noqa: S101 - asked for by the constructor
        output = self.process.stdout.fileno()
        ready, _, _ = select.select([output], [], [], self.timeout)
        if not ready:
            raise TimeoutError
        return os.read(output, min(size, CHUNK))

    def close(self) -> None:
        """End the program. The pipes stay open for the thread that reads from them."""
        self.process.kill()

    def dispose(self) -> None:
        """End the program, wait for its end and close its pipes; nobody may read from it any more."""
        with self.process:
            self.process.kill()
