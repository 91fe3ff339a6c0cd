"""How things are wired: protection taken off ports, and whatever is plugged into a tenant that no declaration has.

Names are compared, because names are an interface here (:mod:`infra.declaration.names`) and ids are not known before a cloud exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.neutron.lint.findings import Finding, Kind
from infra.neutron.owners import is_router_leg, is_trusted
from infra.neutron.snapshot import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.neutron.snapshot import Network, Port, Router, Snapshot

FROM_CLOUDS = frozenset({"cloud", "openstack-json"})
"""Origins of snapshots that show what is, and not what somebody plans."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is so: ``key`` is equal for equal things in two snapshots, ``about`` are the names of those whom it concerns."""

    key: tuple[str, ...]
    about: frozenset[str]
    project: str
    text: str


def wiring(snapshot: Snapshot, declared: Snapshot | None) -> Iterator[Finding]:
    """Yield findings about ports without protection and, with declarations beside a running cloud, about what is undeclared."""
    found = _Names(snapshot)
    yield from _unprotected(snapshot, found)
    if declared is None or snapshot.header.origin not in FROM_CLOUDS:
        return
    known = {statement.key for statement in statements(declared)}
    ours = tenants_own(declared)
    for statement in statements(snapshot):
        if statement.key not in known and statement.about & ours:
            yield Finding(Kind.UNDECLARED, f"no declaration has it: {statement.text}", statement.project)


def tenants_own(declared: Snapshot) -> frozenset[str]:
    """Return the names of the declared tenants, their networks, routers, groups and ports; what the platform shares is no tenant's."""
    platform = {project.id for project in declared.projects if project.role is Role.PLATFORM}
    shared = {names.BACKBONE, names.PLATFORM, names.BASTION, *(network.name for network in declared.networks if network.external)}
    own = {project.name for project in declared.projects if project.id not in platform}
    own |= {network.name for network in declared.networks} | {router.name for router in declared.routers}
    own |= {group.name for group in declared.security_groups} | {group.name for group in declared.address_groups}
    own |= {port.name for port in declared.ports}
    return frozenset(own - shared - {""})


def statements(snapshot: Snapshot) -> Iterator[Statement]:
    """Yield everything in a snapshot that joins, opens or lends something."""
    found = _Names(snapshot)
    for network in snapshot.networks:
        yield from _of_network(found, network)
    for subnet in snapshot.subnets:
        network_name = found.network(subnet.network_id)
        about = frozenset({network_name, found.project(subnet.project_id)})
        prefix = "from a pool" if subnet.subnetpool_id else subnet.cidr
        yield Statement(("subnet", network_name, prefix), about, found.owner(subnet.network_id), f"subnet {subnet.cidr} of {network_name}")
        if subnet.enable_dhcp:
            text = f"subnet {subnet.cidr} of {network_name} has DHCP on"
            yield Statement(("dhcp", network_name, prefix), about, found.owner(subnet.network_id), text)
    for port in snapshot.ports:
        yield from _of_port(found, port)
    for router in snapshot.routers:
        yield from _of_router(found, router)
    for policy in snapshot.rbac_policies:
        name, target = found.object(policy.object_id), found.project(policy.target_project)
        text = f"{policy.object_type} {name} is shared with {'everybody' if target == '*' else target} ({policy.action})"
        key = ("shared", policy.object_type, name, policy.action, target)
        yield Statement(key, frozenset({name}), found.owner(policy.object_id), text)
    for address in snapshot.floating_ips:
        if address.port_id:
            name = found.port(address.port_id)
            about = frozenset({name, found.project(address.project_id)})
            text = f"public address {address.floating_ip_address} on {name}"
            yield Statement(("public", name), about, found.project(address.project_id), text)


def _of_network(found: _Names, network: Network) -> Iterator[Statement]:
    about = frozenset({network.name, found.project(network.project_id)})
    project = found.project(network.project_id)
    yield Statement(("network", network.name), about, project, f"network {network.name or network.id}")
    if network.shared and not network.external:
        yield Statement(("shared", network.name), about, project, f"network {network.name or network.id} is shared with everybody")


def _of_port(found: _Names, port: Port) -> Iterator[Statement]:
    network = found.network(port.network_id)
    if is_router_leg(port.device_owner):
        router = found.router(port.device_id)
        text = f"router {router} has a leg on {network}"
        yield Statement(("leg", router, network), frozenset({router, network}), found.owner(port.network_id), text)
    elif not is_trusted(port.device_owner):
        about = frozenset({network, found.project(port.project_id)})
        yield Statement(("port", network, port.name), about, found.owner(port.network_id), f"port {port.name or port.id} on {network}")


def _of_router(found: _Names, router: Router) -> Iterator[Statement]:
    project, about = found.project(router.project_id), frozenset({router.name})
    for gateway in router.gateways:
        outside = found.network(gateway.network_id)
        yield Statement(("gateway", router.name, outside), about, project, f"router {router.name} has a gateway on {outside}")
    for route in router.routes:
        text = f"router {router.name} has a route to {route.destination} via {route.nexthop}"
        yield Statement(("route", router.name, route.destination, route.nexthop), about, project, text)


def _unprotected(snapshot: Snapshot, found: _Names) -> Iterator[Finding]:
    for port in snapshot.ports:
        if is_trusted(port.device_owner):
            continue
        project, name = found.project(port.project_id), port.name or port.id
        if not port.port_security_enabled:
            yield Finding(Kind.UNPROTECTED, f"port security is off on {name}: no group filters it, it may send from anywhere", project)
        for pair in port.allowed_address_pairs:
            yield Finding(Kind.ADDRESS_PAIR, f"{name} may also send from {pair.ip_address}", project)


class _Names:
    """Names by id; an object without a name, or that is not in the snapshot, goes by its id."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._projects = {project.id: project.name or project.id for project in snapshot.projects}
        self._networks = {network.id: network for network in snapshot.networks}
        self._routers = {router.id: router.name or router.id for router in snapshot.routers}
        self._ports = {port.id: port.name or port.id for port in snapshot.ports}
        self._objects: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        for section in (snapshot.networks, snapshot.security_groups, snapshot.address_groups, snapshot.subnet_pools):
            for lent in section:
                self._objects[lent.id], self._owners[lent.id] = lent.name or lent.id, lent.project_id

    def project(self, identifier: str) -> str:
        return self._projects.get(identifier, identifier)

    def network(self, identifier: str) -> str:
        network = self._networks.get(identifier)
        return (network.name or identifier) if network else identifier

    def owner(self, identifier: str) -> str:
        """Return the name of the project that an object belongs to."""
        return self.project(self._owners.get(identifier, ""))

    def router(self, identifier: str) -> str:
        return self._routers.get(identifier, identifier)

    def port(self, identifier: str) -> str:
        return self._ports.get(identifier, identifier)

    def object(self, identifier: str) -> str:
        return self._objects.get(identifier, identifier)
