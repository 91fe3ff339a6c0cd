"""A server held still while its disks are copied: `sync`, and the declared commands before and after.

Without a login the copies are made all the same: a backup as after a power cut is better than none. It is said, and not taken for more.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

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


@dataclass(slots=True)
class Held:
    """What came of holding a server still, or of letting it go: whether the declared commands ended well, and what did not."""

    still: bool = False
    reached: bool = False
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
    _run(session, ["sync"], held)
    good = _run(session, server.settings.quiesce, held)
    held.still = bool(server.settings.quiesce) and good
    try:
        yield held
    finally:
        _run(session, server.settings.thaw, held)


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
