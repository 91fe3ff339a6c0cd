"""The store of recordings, read over SSH through the bastion by the automation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.operators.recording import EVENTS, STORE_FOLDER
from infra.declaration import names
from infra.errors import GuestError, QuestionError
from infra.sessions.owners import of_tenant
from infra.sessions.owners import unreviewed as counted
from infra.sessions.recorded import Session, folder, sessions
from infra.ssh.access import Target, open_server
from ringfence.logins import logins
from ringfence.operators import reviews
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections import Counter

    from ringfence.logins import Logins

STREAMS = ("ttyout", "stdout", "stderr")
"""What was shown, in the order in which it is printed: a session has a terminal, or the other two."""
ALL_EVENTS = f'cd "$1" && set -- events-*.json && {{ [ -e "$1" ] || shift; }} && exec cat -- "$@" {EVENTS.rpartition("/")[2]}'
"""Prints the log of sessions, the files of earlier days first. It fails when there is none: then nobody can tell what was recorded."""
ALL_NAMES = '[ ! -d "$1" ] || exec ls "$1"'


@dataclass(frozen=True, slots=True)
class Store:
    """The way to the store, and whose each management address is."""

    way: Logins
    target: Target
    owners: dict[str, tuple[str, str]]

    def read(self, *command: str) -> str:
        """Run a program at the store as root. Raises :class:`GuestError` when it cannot."""
        with open_server(self.way.jump_host, self.target) as session:
            done = session.run(["sudo", "-n", *command])
        if done.status:
            raise GuestError.of(
                "the store of recordings cannot be read", where=names.SERVICES, expected="exit code 0", got=done.stderr.strip()[-300:]
            )
        return done.stdout

    def sessions(self) -> list[Session]:
        """Return all sessions that the store has."""
        return list(sessions(self.read("sh", "-c", ALL_EVENTS, "sh", STORE_FOLDER)))

    def of(self, tenant: str) -> list[tuple[str, Session]]:
        """Return a tenant's sessions, with the names of their servers."""
        return of_tenant(self.sessions(), tenant, self.owners)

    def shown(self, identity: str) -> dict[str, str]:
        """Return what a session showed, by the name of the stream. Raises :class:`QuestionError` when it is not kept any more."""
        place = f"{STORE_FOLDER}/{folder(identity)}"
        names_ = self.read("sh", "-c", ALL_NAMES, "sh", place).split()
        if not names_:
            expected = "a session of the last services.sessions.keep_days days; the store may have been full before"
            raise QuestionError.of("this recording is not kept any more", where=identity, expected=expected)
        return {name: self.read("cat", f"{place}/{name}") for name in STREAMS if name in names_}


def store() -> Store:
    """Find the store. Raises :class:`QuestionError` when the platform has none."""
    services = getattr(stacks.platform(), "services", None)  # a platform of an earlier version exports none
    if services is None:
        hint = "declare services.sessions in Pulumi.platform.yaml, then pulumi up -s platform"
        raise QuestionError.of("there is no store of recordings", where=names.PLATFORM, expected="a services server", hint=hint)
    way = logins()
    owners = {login.target.address: (login.tenant, login.server) for login in way.servers}
    owners[services.address] = (names.PLATFORM, "services")
    return Store(way, Target(services.address, services.host_key, way.jump_host.port), owners)


def unreviewed() -> Counter[tuple[str, str]]:
    """Ask the store how many sessions nobody has looked at, by tenant and server (two empty names: of an address that no server has).

    Raises:
        RingfenceError: the platform records none, the store cannot be read, or its log or the file of reviews cannot be understood. Then
            nobody can tell, and none is not the answer.
    """
    found, looked = store(), reviews.read()
    return counted(found.sessions(), looked, found.owners)


def the_session(found: list[Session], identity: str) -> Session:
    """Return a session by its id. Raises :class:`QuestionError`."""
    for one in found:
        if one.id == identity:
            return one
    raise QuestionError.of("no such session", where=identity, expected="an id that `ringfence sessions TENANT` shows")
