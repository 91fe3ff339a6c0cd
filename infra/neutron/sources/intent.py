"""What the declarations allow on every network card, in the words of the fabric: the other side of the claim ``declared``.

It is made from the flows by themselves, not from the groups that they are rendered to.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.neutron.semantics.control import controlled_ports
from infra.neutron.semantics.parties import Trust, labels, place
from infra.neutron.snapshot import Role
from infra.neutron.sources.declared import declared_snapshot
from infra.packets.axes import l4_interval
from infra.policy.bastion import platform_servers
from infra.policy.flows import expand
from infra.reachability.fabric import Direction, Origin
from infra.reachability.intent import DeclaredPort, DeclaredTraffic, Intent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.declaration.held import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.neutron.semantics.parties import Placed
    from infra.neutron.snapshot import Snapshot
    from infra.policy.rules import Rule


def declared_intent(
    platform: Platform, tenants: Sequence[TenantDeclaration], snapshot: Snapshot | None = None, placed: Placed | None = None
) -> Intent:
    """Return everything that the declarations allow, NIC by NIC, for the ports of a snapshot (without one, that of the declarations).

    ``placed`` says which project is which tenant's. Compared are all NICs of the declared tenants. Of the platform, which may have more
    than is declared, those of its servers and whatever else of it is on a network that the declarations have.
    """
    shown = snapshot or declared_snapshot(platform, tenants)
    found = placed or place(shown, (declaration.tenant.name for declaration in tenants), Trust(domain=platform.domain))
    wanted = [nic for declaration in tenants for nic in _nics(platform, declaration)]
    ports = _Ports(shown, found)
    nics = tuple(ports.nic(tenant, name, allows) for tenant, name, allows in [*wanted, *_platform(platform)])
    return Intent(frozenset(ports.compared(tenants, {nic.port for nic in nics})), nics)


_Wanted = tuple[str, str, tuple[DeclaredTraffic, ...]]
"""(tenant, name of the port, what is allowed)."""


def _platform(platform: Platform) -> Iterator[_Wanted]:
    for server, rules in platform_servers(platform).items():
        yield names.PLATFORM, server, tuple(map(_declared, rules))


def _nics(platform: Platform, declaration: TenantDeclaration) -> Iterator[_Wanted]:
    tenant = declaration.tenant.name
    policy = expand(declaration, platform)
    for nic in policy.nics:
        yield tenant, names.port(tenant, nic.server, nic.zone), tuple(map(_declared, policy.nic_rules(nic)))
    management = tuple(map(_declared, policy.groups[names.MANAGEMENT].rules))
    for server in declaration.tenant.servers:
        yield tenant, names.management_port(tenant, server), management


class _Ports:
    """The ports of a snapshot with a server behind them, by what the declarations call them."""

    def __init__(self, snapshot: Snapshot, placed: Placed) -> None:
        self._snapshot = snapshot
        self._placed = placed
        self._platform = {project.id for project in snapshot.projects if project.role is Role.PLATFORM}
        self._labels = labels(snapshot.projects)
        self._found: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._tenant = placed.parties(snapshot)
        self._controlled = controlled_ports(snapshot)
        for port, _ in self._controlled:
            if port.name:
                self._found[self._tenant.get(port.project_id, ""), port.name].append(port.id)

    def nic(self, tenant: str, name: str, allows: tuple[DeclaredTraffic, ...]) -> DeclaredPort:
        """Return a declared NIC with the port that it is: the first of its name, as a second one is nobody's."""
        project = self._placed.ids.get(tenant, "")
        party = self._labels.get(project, tenant)
        return DeclaredPort(party, name, allows, next(iter(self._found.get((tenant, name), ())), ""))

    def compared(self, tenants: Iterable[TenantDeclaration], declared: set[str]) -> Iterator[str]:
        """Yield the ids of the ports that are compared with what is declared."""
        wanted = {names.BACKBONE}
        for declaration in tenants:
            tenant = declaration.tenant.name
            wanted |= {names.management(tenant), *(names.network(tenant, zone) for zone in declaration.tenant.zones)}
        ours = {*self._platform, *self._placed.ids.values()}
        networks = {network.id for network in self._snapshot.networks if network.name in wanted and network.project_id in ours}
        servers = {port.device_id for port, _ in self._controlled if port.id in declared and port.device_id}
        for port, project in self._controlled:
            tenant = self._tenant.get(project, "")
            near = port.network_id in networks or port.device_id in servers or port.id in declared
            if near or tenant not in {"", names.PLATFORM}:
                yield port.id


def _declared(rule: Rule) -> DeclaredTraffic:
    origin = rule.origin
    lo, hi = l4_interval(rule.match.protocol.number, rule.match.first, rule.match.last)
    peer = (rule.peer.version, int(rule.peer.network_address), int(rule.peer.broadcast_address))
    where = Origin("", "", str(rule.match), origin.flow, origin.owner, origin.reason, origin.file, origin.line)
    return DeclaredTraffic(Direction(rule.direction.value), peer, lo, hi, where)
