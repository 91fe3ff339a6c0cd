"""Everything a verification knows beforehand: the declarations, and the facts that the stacks exported. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING

from infra.declaration.addresses import bastion_address, gateway, services_address
from infra.declaration.model import GATEWAY
from infra.drift.environment import Environment, TenantEnvironment
from ringfence.verify.model import Node, NodeNic, NodeRole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.declaration.model import Address
    from infra.policy.rules import TenantPolicy

MANAGEMENT = "management"
SERVICES = "platform/services"


@dataclass(frozen=True, slots=True)
class TenantInventory(TenantEnvironment):
    """One tenant, with what only the cloud knows.

    What the stack does not export, the survey of the cloud tells: ``router`` is the address that Neutron chose for the management router
    in its segment, and ``macs`` are those of the management ports by server.
    """

    router: str = ""
    macs: Mapping[str, str] = field(default_factory=dict)

    def management_router(self) -> Address:
        """The address of the tenant's management router in its segment."""
        return ip_address(self.router) if self.router else ip_network(self.facts.management.cidr)[GATEWAY]

    def nodes(self) -> tuple[Node, ...]:
        """Return the tenant's servers as nodes, in the order of the declaration."""
        return tuple(self._node(name) for name in self.declaration.servers)

    def _node(self, server: str) -> Node:
        facts = self.facts.servers[server]
        nics = []
        for number, zone in enumerate(self.declaration.servers[server].zones):
            nic, declared = facts.nics[zone], self.declaration.zones[zone]
            # Only the first zone's NIC has a default route, so only it has a way off its own prefixes.
            nics.append(
                NodeNic(
                    zone,
                    f"zone{number}",
                    nic.mac.lower(),
                    tuple(sorted(map(ip_address, nic.addresses), key=lambda address: address.version)),
                    declared.networks,
                    gateway(declared),
                )
            )
        segment = ip_network(self.facts.management.cidr)
        address = ip_address(facts.management)
        mac = self.macs.get(server, "").lower()
        nics.append(NodeNic(MANAGEMENT, "mgmt0", mac, (address,), (segment,), (self.management_router(),)))
        public = IPv4Address(facts.public) if facts.public else None
        return Node(f"{self.name}/{server}", self.name, NodeRole.SERVER, tuple(nics), public, facts.id)


@dataclass(frozen=True, slots=True)
class Inventory(Environment):
    """The tenants under verification and the platform.

    ``outer`` is each tenant's address outside, told by its edge router. ``nameless`` are hosts of the cloud's catalogue whose names mean
    nothing on this machine, so that they are not in ``api``.
    """

    tenants: tuple[TenantInventory, ...]
    outer: dict[str, Address] = field(default_factory=dict)
    api: tuple[tuple[Address, int], ...] = ()
    outside: Node | None = None
    nameless: tuple[str, ...] = ()

    def bastion(self) -> Node:
        """Return the bastion as a node; its one NIC is on the backbone."""
        address = bastion_address(self.platform)
        network, routers = (self.platform.backbone.cidr,), ((self.backbone_router(),), self.further_routers())
        nic = NodeNic(MANAGEMENT, "mgmt0", "", (address,), network, *routers)
        return Node("platform/bastion", "platform", NodeRole.BASTION, (nic,), id=self.platform_facts.bastion.id)

    def services(self) -> Node | None:
        """Return the services server as a node, where the platform declares one and its stack has made it."""
        address, made = services_address(self.platform), self.platform_facts.services
        if address is None or made is None:
            return None
        nic = NodeNic(MANAGEMENT, "mgmt0", "", (address,), (self.platform.backbone.cidr,), (self.backbone_router(),))
        return Node(SERVICES, "platform", NodeRole.SERVICES, (nic,), id=made.id)

    def backbone_router(self) -> Address:
        """The address of the platform's router on the backbone."""
        return self.platform.backbone.cidr[self.platform.backbone.router]

    def further_routers(self) -> tuple[Address, ...]:
        """The addresses of the platform's second router and those after it on the backbone; Neutron chose them."""
        return tuple(ip_address(router.address) for router in self.platform_facts.further_routers)

    def nodes(self) -> dict[str, Node]:
        """Return everybody who takes part, by name."""
        everybody = [node for tenant in self.tenants for node in tenant.nodes()]
        services = self.services()
        everybody += [self.bastion(), *([services] if services else []), *([self.outside] if self.outside else [])]
        return {node.name: node for node in everybody}

    def policies(self) -> dict[str, TenantPolicy]:
        """Return the policies by tenant."""
        return {tenant.name: tenant.policy for tenant in self.tenants}
