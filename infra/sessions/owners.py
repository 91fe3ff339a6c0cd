"""Whose server a recorded session was on, told by the address that the recording came from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from infra.sessions.reviews import unreviewed as not_looked_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.sessions.recorded import Session
    from infra.sessions.reviews import Reviews

NOBODY = ""
"""The owner of a recording from an address that no server has: somebody has to look."""


def of_tenant(sessions: Iterable[Session], tenant: str, owners: Mapping[str, tuple[str, str]]) -> list[tuple[str, Session]]:
    """Return the sessions on a tenant's servers, each with the server's name, and those of nobody's address with none.

    ``owners`` are tenant and server by management address. A session of nobody's address is shown to every tenant's reviewer rather than to
    none: a server that was removed since had the address, or somebody forged it.
    """
    told = ((owners.get(session.address, (NOBODY, NOBODY)), session) for session in sessions)
    return [(server, session) for (owner, server), session in told if owner in {tenant, NOBODY}]


def unreviewed(sessions: Iterable[Session], reviews: Reviews, owners: Mapping[str, tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Count the sessions that nobody has looked at, by tenant and server; those of nobody's address are under two empty names.

    One that still runs counts as well: nobody can have seen its end.
    """
    return Counter(owners.get(session.address, (NOBODY, NOBODY)) for session in not_looked_at(sessions, reviews))
