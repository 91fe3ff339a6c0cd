"""The list of what is revoked, handed to every host that is up, over the management network by the automation."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.operators.keygen import REVOKE
from infra.declaration import names
from infra.errors import GuestError
from infra.ssh.access import Session, Target, open_bastion, open_server
from ringfence.logins import logins
from ringfence.verify import stacks

if TYPE_CHECKING:
    from ringfence.logins import Logins

PATIENCE = 15.0
"""Seconds that a host which does not answer is tried; a host that is off reads the list when it is told again."""
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Told:
    """A host, and why it does not have the list; nothing when it has."""

    host: str
    problem: str = ""


def push(krl: bytes) -> tuple[Told, ...]:
    """Hand the list to the bastion, the services server and the servers of every tenant that is up; those that are not are told as well.

    The bastion comes first: with it every way in is closed that leads over it.
    """
    text = base64.b64encode(krl).decode()
    way = logins()
    targets = {**way.targets(), **_services(way)}
    with open_bastion(way.jump_host, patience=PATIENCE) as bastion:
        first = _tell(names.BASTION, bastion, text)

        def tell(host: str, target: Target) -> Told:
            try:
                with open_server(way.jump_host, target, via=bastion, patience=PATIENCE) as session:
                    return _tell(host, session, text)
            except GuestError as error:
                return Told(host, f"{error.problems[0].what}: {error.problems[0].got}")

        with ThreadPoolExecutor(AT_ONCE) as pool:
            others = tuple(pool.map(tell, targets, targets.values()))
    return (first, *others, *(Told(tenant, reason) for tenant, reason in way.down.items()))


def _services(way: Logins) -> dict[str, Target]:
    """Return the services server, where the platform has one."""
    found = getattr(stacks.platform(), "services", None)  # a platform of an earlier version exports none
    return {names.SERVICES: Target(found.address, found.host_key, way.jump_host.port)} if found else {}


def _tell(host: str, session: Session, text: str) -> Told:
    done = session.run(REVOKE, stdin=text, timeout=PATIENCE)
    if done.status:
        return Told(host, _said(done.stderr) or f"exit code {done.status}")
    return Told(host)


def _said(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.strip()[-200:]
