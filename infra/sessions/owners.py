"""Whose server a recorded session was on, told by the address that the recording came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.sessions.recorded import Session

NOBODY = ""
"""The owner of a recording from an address that no server has: somebody has to look."""


def of_tenant(sessions: Iterable[Session], tenant: str, owners: Mapping[str, tuple[str, str]]) -> list[tuple[str, Session]]:
    """Return the sessions on a tenant's servers, each with the server's name, and those of nobody's address with none.

    ``owners`` are tenant and server by management address. A session of nobody's address is shown to every tenant's reviewer rather than to
    none: a server that was removed since had the address, or somebody forged it.
    """
    told = ((owners.get(session.address, (NOBODY, NOBODY)), session) for session in sessions)
    return [(server, session) for (owner, server), session in told if owner in {tenant, NOBODY}]
