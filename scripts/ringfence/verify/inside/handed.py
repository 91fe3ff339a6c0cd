"""What a server was handed beside its packet filter, where the platform declares services: files that nobody changed, units that run.

A store of logs that does not run, or one that believes another authority, lets no packet through that it should not; it is broken still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hardening.operators import declared as sessions
from hardening.services import clock, logs, packages
from infra.errors import GuestError
from infra.policy.services import Service, declared_services
from ringfence.verify.model import NodeRole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.declaration.model import Platform
    from ringfence.verify.model import Node

RUNS = {"active", "reloading", "refreshing"}
"""States in which systemd has a unit that does its work."""
ON_CLIENTS = {Service.TIME: (clock.UNIT,), Service.LOGS: (logs.UNIT,), Service.SESSIONS: (sessions.RELAY,)}
ON_THE_SERVER = {
    Service.TIME: (clock.UNIT,),
    Service.PACKAGES: (packages.UNIT,),
    Service.LOGS: (logs.UNIT, logs.STORE_UNIT),
    Service.SESSIONS: (sessions.RELAY, sessions.STORE),
}
LOOPBACK = ("127.", "[::1]")


def units(platform: Platform, role: NodeRole) -> frozenset[str]:
    """Return the units that run on a server of such a platform. Nobody has a session on the bastion, so it relays none."""
    table = ON_THE_SERVER if role is NodeRole.SERVICES else ON_CLIENTS
    found = {unit for service in declared_services(platform) for unit in table.get(service, ())}
    return frozenset(found - {sessions.RELAY} if role is NodeRole.BASTION else found)


def changed(wanted: frozenset[str], shown: Mapping[str, Any]) -> list[str]:
    """Compare files and units with what was handed over.

    Raises:
        GuestError: the server does not say it; one of an older image does not.
    """
    files, states = shown.get("changed"), shown.get("units")
    if not isinstance(files, list) or not isinstance(states, dict):
        raise GuestError.of("the server does not say how its files and units are", expected="what the agent of this version shows")
    problems = [f"{path} is not as it was handed over" for path in files]
    problems += [f"{unit} was not handed over" for unit in sorted(wanted - states.keys())]
    return problems + [f"{unit} is {state or 'unknown'}" for unit, state in sorted(states.items()) if state not in RUNS]


def listening(platform: Platform, node: Node, lines: Sequence[str]) -> list[str]:
    """Return the sockets of a platform's server on ports that nobody declared; ``lines`` are those of ``ss -Hlntup``."""
    declared = {("tcp", platform.ssh_port)}
    if node.role is NodeRole.SERVICES:
        matches = [match for service in declared_services(platform) for match in service.matches]
        declared |= {(str(match.protocol), match.first) for match in matches if match.first is not None}
    problems = []
    for line in lines:
        protocol, *_, local = line.split()[:5]
        host, _, port = local.rpartition(":")
        if not host.startswith(LOOPBACK) and (protocol, int(port)) not in declared:
            problems.append(f"a program listens on {protocol} {local}, which nobody declared")
    return problems
