"""A server held still while its disks are copied: `sync`, and the declared commands before and after.

Without a login the copies are made all the same: a backup as after a power cut is better than none. It is said, and not taken for more.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from infra.errors import GuestError, RingfenceError
from infra.ssh.access import open_server
from ringfence.logins import logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from infra.backups.plan import BackedServer
    from infra.ssh.access import Session
    from ringfence.logins import Logins

PATIENCE = 15.0
"""Seconds that a server which does not answer is tried."""
SECONDS = 60.0
"""How long one command may take."""


@dataclass(slots=True)
class Held:
    """What came of holding a server still: whether the declared commands ended well, and what did not."""

    still: bool = False
    wrong: list[str] = field(default_factory=list)


class Holding(Protocol):
    """Holds one server still as long as the context is open."""

    def __call__(self, server: BackedServer, /) -> AbstractContextManager[Held]:
        """Return what holds it."""


def by_login() -> Holding:
    """Return what holds servers still over SSH; where they are is asked once, when the first one is held."""
    known: list[Logins] = []

    def way() -> Logins:
        if not known:
            known.append(logins())
        return known[0]

    @contextmanager
    def hold(server: BackedServer) -> Iterator[Held]:
        held = Held()
        session: AbstractContextManager[Session] | None = None
        try:
            found = way()
            target = next(one.target for one in found.servers if (one.tenant, one.server) == (server.tenant, server.name))
            session = open_server(found.jump_host, target, patience=PATIENCE)
            entered = session.__enter__()
        except (RingfenceError, StopIteration) as error:
            held.wrong.append(f"nobody could log in: {_of(error)}")
            yield held
            return
        try:
            with quiet(server, entered, held):
                yield held
        finally:
            session.__exit__(None, None, None)

    return hold


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
