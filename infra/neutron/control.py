"""Who controls the server behind a port: the question that decides which side of a ring fence it is on.

Neither the port's project nor its ``device_id`` can be trusted alone: a port may be lent to somebody else's server, and a project user may
write any text into ``device_id``. So everybody who is named counts: the port's project, the project of the server it says it belongs to,
and for a subport the same of the port that carries it (row 17). The platform is dropped when a tenant is among them. A port that two
tenants are named for is an endpoint of both, which no proof of isolation survives, as it should be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infra.neutron.owners import INFRASTRUCTURE
from infra.neutron.snapshot import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.neutron.snapshot import Port, Snapshot


class Controlled(NamedTuple):
    """A port with a server behind it, and a project that controls it."""

    port: Port
    project: str


def controlled_ports(snapshot: Snapshot) -> list[Controlled]:
    """Return all endpoints: ports that are not Neutron's own, once per project that controls them.

    A port whose owner says that it is Neutron's but that names a known server is an endpoint too: project users can write that field.
    """
    projects = {server.id: server.project_id for server in snapshot.servers}
    platform = {project.id for project in snapshot.projects if project.role is Role.PLATFORM}
    carriers = _carriers(snapshot)
    found: list[Controlled] = []
    for port in snapshot.ports:
        if port.device_owner in INFRASTRUCTURE and port.device_id not in projects:
            continue
        servers = projects.get(port.device_id, port.project_id)
        carrier = carriers.get(port.id)
        if carrier is None and servers == port.project_id:
            found.append(Controlled(port, port.project_id))
            continue
        named = {port.project_id, servers}
        if carrier is not None:
            named |= {carrier.project_id, projects.get(carrier.device_id, carrier.project_id)}
        found.extend(Controlled(port, project) for project in _tenants_first(named, platform))
    return found


def _tenants_first(named: set[str], platform: set[str]) -> Iterator[str]:
    """Yield the tenants among the projects; the platform, or nobody, only when there is no tenant."""
    tenants = sorted(project for project in named - platform if project)
    yield from tenants or sorted(named & platform)[:1] or [""]


def _carriers(snapshot: Snapshot) -> dict[str, Port]:
    """Return the parent port of every subport."""
    if not snapshot.trunks:
        return {}
    ports = {port.id: port for port in snapshot.ports}
    return {sub.port_id: ports[trunk.port_id] for trunk in snapshot.trunks for sub in trunk.sub_ports}
