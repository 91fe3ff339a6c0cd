"""Who controls the server behind a port: the question that decides which side of a ring fence it is on.

Neither the port's project nor its ``device_id`` can be trusted alone: a port may be lent to somebody else's server, and a project user may
write any text into ``device_id``. So everybody who is named counts: the port's project, the project of the server it says it belongs to,
and for a subport the same of the port that carries it (row 17). The platform is dropped when a tenant is among them. A port that two
tenants are named for is an endpoint of both, which no proof of isolation survives, as it should be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infra.neutron.owners import INFRASTRUCTURE, is_routers
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

    A port whose owner says that it is Neutron's is an endpoint all the same where it names a known server, or belongs to a project that
    Neutron would not have made it for: project users can write that field.
    """
    projects = {server.id: server.project_id for server in snapshot.servers}
    platform = {project.id for project in snapshot.projects if project.role is Role.PLATFORM}
    carriers = _carriers(snapshot)
    genuine = _Genuine(snapshot, platform)
    found: list[Controlled] = []
    for port in snapshot.ports:
        if port.device_owner in INFRASTRUCTURE and port.device_id not in projects and genuine.has(port):
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


class _Genuine:
    """Which ports Neutron itself may have made, by whose they are.

    It makes a port in the name of the network's project or of nobody (gateways, floating IPs, ports between replicas), and a router's
    interface in the name of the router's. The platform's own are believed. Anybody else's port with such an owner is forged: groups are not
    enforced on it, and it may sit on a network that others share with its project (CVE-2026-50266).
    """

    def __init__(self, snapshot: Snapshot, platform: set[str]) -> None:
        self._platform = platform
        self._networks = {network.id: network.project_id for network in snapshot.networks}
        self._routers = {router.id: router.project_id for router in snapshot.routers}

    def has(self, port: Port) -> bool:
        """Tell whether a port that says to be Neutron's can be."""
        project = port.project_id
        if not project or project in self._platform or project == self._networks.get(port.network_id):
            return True
        return is_routers(port.device_owner) and self._routers.get(port.device_id) == project


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
