"""What the cloud has to have of a tenant and of the platform: topology and policy in the words of the APIs. Pure.

Everything is named as `infra.declaration.names` names it; which object has the name, the stack knows. What the declarations leave open
(MACs, the routers' addresses outside, the image) is what the stack was told by the cloud when it made the thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.drift.made import NOTHING
from infra.neutron import pools
from infra.neutron.quotas.demand import BASTION_ROOT_GIB, SERVICES_ROOT_GIB
from infra.policy.bastion import platform_servers
from infra.render import security_groups as rendered
from infra.topology import platform_topology, tenant_topology

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from infra.declaration.model import Platform, Tenant
    from infra.drift.environment import Environment, TenantEnvironment
    from infra.drift.made import Made
    from infra.policy.rules import Rule as DeclaredRule
    from infra.topology import DeclaredInterface, Topology

Rule = tuple[str, ...]
"""Direction, family, protocol, ports, peer."""
Route = tuple[str, str]


@dataclass(frozen=True, slots=True)
class WantedSubnet:
    """A subnet of a network, by the network's name."""

    network: str
    cidr: str
    gateway: str | None
    routes: tuple[Route, ...] = ()
    pool_id: str | None = None

    def pools(self) -> list[dict[str, str]]:
        """Return the allocation pools that Neutron makes when nobody asks for others."""
        return [{"start": str(first), "end": str(last)} for first, last in pools.whole(self.cidr, self.gateway)]


@dataclass(frozen=True, slots=True)
class WantedPort:
    """A server's port. Its management address is what the stack exported: Neutron chose it."""

    network: str
    server: str
    groups: frozenset[str]
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True)
class WantedRouter:
    """A router; ``outside`` says whether it has a gateway."""

    outside: bool
    routes: frozenset[Route] = frozenset()


@dataclass(frozen=True, slots=True)
class WantedServer:
    """A machine with its ports and its volumes."""

    flavor: str
    key_pair: str
    ports: frozenset[str]
    volumes: frozenset[str]


@dataclass(frozen=True, slots=True)
class WantedVolume:
    """A volume of a server."""

    server: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that one party has to have, by name. ``fenced`` names what is the platform's although a tenant's stack made it."""

    networks: tuple[str, ...]
    subnets: Mapping[str, WantedSubnet]
    routers: Mapping[str, WantedRouter]
    interfaces: Mapping[str, DeclaredInterface]
    ports: Mapping[str, WantedPort]
    groups: Mapping[str, frozenset[Rule]]
    address_groups: Mapping[str, frozenset[str]]
    servers: Mapping[str, WantedServer]
    volumes: Mapping[str, WantedVolume]
    public: Mapping[str, str]
    """The port of every public address, by the name of the floating IP in the stack."""
    labels: Mapping[str, str]
    fenced: frozenset[str] = field(default=frozenset())


def of_tenant(environment: Environment, tenant: TenantEnvironment) -> Wanted:
    """Return what a tenant has to have."""
    declared, name = tenant.declaration, tenant.name
    topology = tenant_topology(declared, tenant.policy, environment.platform)
    told = {server: facts.management for server, facts in tenant.facts.servers.items()}
    chosen = {names.management_port(name, server): told[server] for server in declared.servers}
    ports = _ports(topology, chosen)
    return Wanted(
        networks=tuple(topology.networks),
        subnets=_subnets(topology, environment, tenant.facts.management.cidr),
        routers={router.name: WantedRouter(router.outside) for router in topology.routers.values()},
        interfaces=topology.interfaces,
        ports=ports,
        groups={group.name: frozenset(map(_rule, group.rules)) for group in rendered.security_groups(tenant.policy)},
        address_groups={group.name: frozenset(group.prefixes) for group in rendered.address_groups(tenant.policy)},
        servers=_servers(declared, ports),
        volumes=_volumes(declared, environment.platform.default_volume_type),
        public={public.name: public.port for public in topology.public.values()},
        labels=names.tags(declared),
        fenced=frozenset(topology.platforms()),
    )


def _subnets(topology: Topology, environment: Environment, cut: str) -> dict[str, WantedSubnet]:
    """Return the subnets. ``cut`` is the prefix that the stack got from the pool, where it has one from there."""
    made, pool_id, found = environment.made.get(topology.owner, NOTHING), environment.platform_facts.pool_id, {}
    for subnet in topology.subnets.values():
        prefix, pool = (cut, pool_id) if subnet.pool else (str(subnet.prefix), None)
        routes = tuple((str(route.destination), _address(made, route.via)) for route in subnet.routes)
        found[subnet.name] = WantedSubnet(subnet.network, prefix, str(subnet.gateway) if subnet.gateway else None, routes, pool)
    return found


def _address(made: Made, interface: str) -> str:
    """Return the address that a router interface with a port of its own was given when the stack made it."""
    port = made.get("ports", interface)
    return str(next(iter(port.outputs.get("allFixedIps") or ()), "")) if port else ""


def _ports(topology: Topology, chosen: Mapping[str, str]) -> dict[str, WantedPort]:
    """Return the ports; ``chosen`` are the addresses that Neutron chose, by the port's name."""
    return {
        port.name: WantedPort(
            port.network,
            port.server,
            frozenset(port.groups),
            frozenset(str(address or chosen[port.name]) for address in port.addresses.values()),
        )
        for port in topology.ports.values()
    }


def _servers(declared: Tenant, ports: Mapping[str, WantedPort]) -> dict[str, WantedServer]:
    found = {}
    for key, entry in declared.servers.items():
        name = names.server(declared.name, key)
        disks = {names.root_volume(declared.name, key), *(names.data_volume(declared.name, key, disk) for disk in entry.data)}
        own = frozenset(port for port, want in ports.items() if want.server == name)
        found[name] = WantedServer(entry.flavor, names.key_pair(declared.name), own, frozenset(disks))
    return found


def _volumes(declared: Tenant, default: str) -> dict[str, WantedVolume]:
    found = {}
    for key, entry in declared.servers.items():
        kind, server = entry.volume_type or default, names.server(declared.name, key)
        found[names.root_volume(declared.name, key)] = WantedVolume(server, kind, entry.root)
        found |= {names.data_volume(declared.name, key, disk): WantedVolume(server, kind, size.size) for disk, size in entry.data.items()}
    return found


def of_platform(environment: Environment, routes: Mapping[str, AbstractSet[Route]]) -> Wanted:
    """Return what the platform has to have; ``routes`` are the ways to the tenants that are up, and to the next router, by router."""
    platform, topology = environment.platform, platform_topology(environment.platform)
    ports = _ports(topology, {})
    disks = _platform_volumes(platform)
    return Wanted(
        networks=tuple(topology.networks),
        subnets=_subnets(topology, environment, ""),
        routers={router.name: WantedRouter(router.outside, frozenset(routes.get(router.name, ()))) for router in topology.routers.values()},
        interfaces=topology.interfaces,
        ports=ports,
        groups={server: frozenset(map(_of_platforms, rules)) for server, rules in platform_servers(platform).items()},
        address_groups={},
        servers={
            server: WantedServer(
                flavor,
                names.key_pair(names.PLATFORM),
                frozenset(port for port, want in ports.items() if want.server == server),
                frozenset(disk for disk, want in disks.items() if want.server == server),
            )
            for server, flavor in _flavors(platform).items()
        },
        volumes=disks,
        public={public.name: public.port for public in topology.public.values()},
        labels={"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY},
    )


def _flavors(platform: Platform) -> dict[str, str]:
    services = {names.SERVICES: platform.services.flavor} if platform.services else {}
    return {names.BASTION: platform.bastion.flavor, **services}


def _platform_volumes(platform: Platform) -> dict[str, WantedVolume]:
    """Return the volumes of the platform's servers by name."""
    kind = platform.default_volume_type
    found = {names.root_volume(names.PLATFORM, "bastion"): WantedVolume(names.BASTION, kind, BASTION_ROOT_GIB)}
    if platform.services is not None:
        found[names.root_volume(names.PLATFORM, "services")] = WantedVolume(names.SERVICES, kind, SERVICES_ROOT_GIB)
        found[names.data_volume(names.PLATFORM, "services", names.STORE)] = WantedVolume(names.SERVICES, kind, platform.services.store)
    return found


def _of_platforms(rule: DeclaredRule) -> Rule:
    """Return a rule of one of the platform's servers in the words in which a found one is put."""
    match = rule.match
    return (rule.direction.value, rendered.ETHERTYPE[rule.family], match.protocol.value, numbers(match.first, match.last), str(rule.peer))


def _rule(rule: rendered.SecurityRule) -> Rule:
    """Return a declared rule in the words in which a found one is put."""
    arguments = rule.arguments
    first, last = arguments.get("port_range_min"), arguments.get("port_range_max")
    is_icmp = "icmp" in arguments["protocol"]
    # The provider cannot send "every code" but as 0, which Neutron keeps as none.
    span = numbers(first, None if is_icmp and last == rendered.EVERY_CODE else last)
    peer = rule.address_group or arguments["remote_ip_prefix"]
    return (arguments["direction"], arguments["ethertype"], arguments["protocol"], span, peer)


def numbers(first: int | None, last: int | None) -> str:
    """Render ports, or ICMP's type and code."""
    return "all" if first is None else f"{first}" if last in {None, first} else f"{first}-{last}"
