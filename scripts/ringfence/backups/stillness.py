"""A server held still while its disks are copied: `sync`, and the declared commands before and after.

Without a login the copies are made all the same: a backup as after a power cut is better than none. It is said, and not taken for more.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from infra.declaration import names
from infra.errors import GuestError, RingfenceError
from infra.ssh.access import open_server
from ringfence.logins import Logins, logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from infra.backups.plan import BackedServer
    from infra.ssh.access import Session

PATIENCE = 15.0
"""Seconds that a server which does not answer is tried."""
SECONDS = 60.0
"""How long one command may take."""

SERIAL = 20
MARKER = ".ringfence-backup"
"""The file with the marker, in the uppermost folder of a data disk."""
WRITE = f"""set -eu
place=$(findmnt -rnfo TARGET --source "$(readlink -f "$1")")
cd "$place"
{{ echo "# $2"; find . -xdev -type f -size -1024k -mmin +60 ! -path './{MARKER}*' -print0 |
    shuf -z -n 100 | xargs -0 -r sha256sum -b; }} >{MARKER}.new
mv {MARKER}.new {MARKER}
sync -f {MARKER}
sha256sum <{MARKER} | cut -d' ' -f1
"""
"""Notes a token and the digests of a hundred files that have not changed for an hour: what runs meanwhile does not touch those."""


@dataclass(slots=True)
class Held:
    """What came of holding a server still, or of letting it go: whether the declared commands ended well, and what did not.

    ``markers`` are the digests of what was written to its data disks before, for a drill to compare.
    """

    still: bool = False
    reached: bool = False
    markers: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Holding(Protocol):
    """Holds servers still, and lets go those that a run which was killed has not."""

    def hold(self, server: BackedServer) -> AbstractContextManager[Held]:
        """Return what holds a server still as long as the context is open."""

    def release(self, server: BackedServer) -> Held:
        """Let a server go that somebody else held still."""


class ByLogin:
    """Holds servers still over SSH; where they are is asked once, when the first one is held."""

    def __init__(self) -> None:
        """Ask nobody yet."""
        self._lock, self._known = threading.Lock(), list[Logins]()

    @contextmanager
    def hold(self, server: BackedServer) -> Iterator[Held]:
        """Hold a server still. Without a login its disks are copied all the same."""
        held = Held()
        with ExitStack() as stack:
            session = self._entered(stack, server, held)
            if session is None:
                yield held
                return
            with quiet(server, session, held):
                yield held

    def release(self, server: BackedServer) -> Held:
        """Let a server go that somebody else held still."""
        held = Held()
        with ExitStack() as stack:
            session = self._entered(stack, server, held)
            if session is not None:
                _run(session, server.settings.thaw, held)
                held.reached = True
        return held

    def _entered(self, stack: ExitStack, server: BackedServer, held: Held) -> Session | None:
        """Log in, or say why nobody could."""
        try:
            with self._lock:
                if not self._known:
                    self._known.append(logins())
            found = self._known[0]
            target = next(one.target for one in found.servers if (one.tenant, one.server) == (server.tenant, server.name))
            return stack.enter_context(open_server(found.jump_host, target, patience=PATIENCE))
        except (RingfenceError, StopIteration) as error:
            held.wrong.append(f"nobody could log in: {_of(error)}")
            return None


@contextmanager
def quiet(server: BackedServer, session: Session, held: Held) -> Iterator[Held]:
    """Run the commands before, and those after whatever became of the copies."""
    for disk in server.disks:
        if disk.name != names.ROOT and (digest := marked(session, disk.volume)):
            held.markers[disk.name] = digest
    _run(session, ["sync"], held)
    good = _run(session, server.settings.quiesce, held)
    held.still = bool(server.settings.quiesce) and good
    try:
        yield held
    finally:
        _run(session, server.settings.thaw, held)


def marked(session: Session, volume: str) -> str:
    """Write to a mounted data disk which files there are to be found again, and return the digest of that; nothing where that cannot be."""
    try:
        done = session.run(("sudo", "-n", "sh", "-c", WRITE, "sh", device(volume), secrets.token_hex(16)), timeout=SECONDS)
    except GuestError:
        return ""
    return done.stdout.strip() if done.status == 0 else ""


def device(volume: str) -> str:
    """Return the link to a volume's disk in a server: its serial number is the beginning of the volume's id (Nova's virtio disks)."""
    return f"/dev/disk/by-id/virtio-{volume[:SERIAL]}"


def _run(session: Session, commands: Sequence[str], held: Held) -> bool:
    """Run commands one after the other; after one that fails the others are run all the same, for it may be one that thaws."""
    before = len(held.wrong)
    for command in commands:
        try:
            done = session.run(("sudo", "-n", "sh", "-c", command), timeout=SECONDS)
        except GuestError as error:
            held.wrong.append(f"`{command}` broke off: {_of(error)}")
            continue
        if done.status:
            held.wrong.append(f"`{command}` ended with {done.status}: {done.stderr.strip()[-200:]}")
    return len(held.wrong) == before


def _of(error: Exception) -> str:
    return error.problems[0].what if isinstance(error, RingfenceError) else "the stack has no such server"
