"""What the cloud has to have of a tenant and of the platform: the declarations in the words of the APIs. Pure.

Everything is named as `infra.declaration.names` names it; which object has the name, the stack knows. What the declarations leave open
(MACs, the routers' addresses outside, the image) is what the stack was told by the cloud when it made the thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.addresses import bastion_address, gateway, server_addresses
from infra.neutron.quotas.demand import BASTION_ROOT_GIB
from infra.render import security_groups as rendered
from ringfence.verify.made import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from infra.declaration.model import Network, Platform, Tenant
    from ringfence.verify.inventory import TenantWorld, World

Rule = tuple[str, ...]
"""Direction, family, protocol, ports, peer."""
Route = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet of a network, by the network's name."""

    network: str
    cidr: str
    gateway: str | None
    routes: tuple[Route, ...] = ()
    pool_id: str | None = None

    def pools(self) -> list[dict[str, str]]:
        """Return the allocation pools that Neutron makes when nobody asks for others (``generate_pools`` in neutron/ipam/utils.py)."""
        network = ip_network(self.cidr)
        first, last = int(network[0]), int(network[-1])
        if first != last and (network.version == 6 or network.prefixlen <= 30):  # noqa: PLR2004 - IPv6, /30
            first, last = first + 1, last - (network.version == 4)  # noqa: PLR2004 - IPv4's broadcast
        hop = int(ip_address(self.gateway)) if self.gateway else -1
        ranges = [(first, hop - 1), (hop + 1, last)] if first <= hop <= last else [(first, last)]
        make = type(network[0])
        return [{"start": str(make(low)), "end": str(make(high))} for low, high in ranges if low <= high]


@dataclass(frozen=True, slots=True)
class Port:
    """A server's port. Its management address is what the stack exported: Neutron chose it."""

    network: str
    server: str
    groups: frozenset[str]
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Leg:
    """A router's port on a network, by the names of the stack; ``port`` is a port that the stack made for it."""

    router: str
    network: str
    address: str | None = None
    port: str | None = None


@dataclass(frozen=True, slots=True)
class Router:
    """A router; ``outside`` says whether it has a gateway."""

    outside: bool
    routes: frozenset[Route] = frozenset()


@dataclass(frozen=True, slots=True)
class Server:
    """A machine with its ports and its volumes."""

    flavor: str
    key_pair: str
    ports: frozenset[str]
    volumes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a server."""

    server: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that one party has to have, by name. ``fenced`` names what is the platform's although a tenant's stack made it."""

    networks: tuple[str, ...]
    subnets: Mapping[str, Subnet]
    routers: Mapping[str, Router]
    legs: Mapping[str, Leg]
    ports: Mapping[str, Port]
    groups: Mapping[str, frozenset[Rule]]
    address_groups: Mapping[str, frozenset[str]]
    servers: Mapping[str, Server]
    volumes: Mapping[str, Volume]
    public: Mapping[str, str]
    """The port of every public address, by the name of the floating IP in the stack."""
    labels: Mapping[str, str]
    fenced: frozenset[str] = field(default=frozenset())


def of_tenant(world: World, tenant: TenantWorld) -> Wanted:
    """Return what a tenant has to have."""
    declared, name = tenant.declaration, tenant.name
    segment, edge = names.management(name), names.edge_router(name)
    plugged = world.made.get(name, NOTHING).get("ports", segment)
    hop = next(iter(plugged.outputs.get("allFixedIps") or ()), "") if plugged else ""
    back = (str(world.platform.backbone.cidr), str(hop))
    subnets = {segment: Subnet(segment, tenant.facts["management"]["cidr"], None, (back,), world.platform_facts.get("pool_id"))}
    legs = {segment: Leg(segment, segment, port=segment)}
    legs[names.backbone_port(name)] = Leg(segment, names.BACKBONE, port=names.backbone_port(name))
    for zone, entry in declared.zones.items():
        for network, hop in zip(entry.networks, gateway(entry), strict=True):
            subnet = names.subnet(name, zone, network.version)
            subnets[subnet] = Subnet(names.network(name, zone), str(network), str(hop))
            legs[subnet] = Leg(edge, names.network(name, zone), str(hop))
    ports = _tenant_ports(tenant)
    return Wanted(
        networks=(*(names.network(name, zone) for zone in declared.zones), segment),
        subnets=subnets,
        routers={edge: Router(outside=True), segment: Router(outside=False)},
        legs=legs,
        ports=ports,
        groups={group.name: frozenset(map(_rule, group.rules)) for group in rendered.security_groups(tenant.policy)},
        address_groups={group.name: frozenset(group.prefixes) for group in rendered.address_groups(tenant.policy)},
        servers=_servers(declared, ports),
        volumes=_volumes(declared, world.platform.default_volume_type),
        public={names.server(name, key): names.port(name, key, entry.public) for key, entry in declared.servers.items() if entry.public},
        labels=names.tags(declared),
        fenced=frozenset({segment, edge, names.backbone_port(name)}),
    )


def _tenant_ports(tenant: TenantWorld) -> dict[str, Port]:
    name, wanted = tenant.name, {}
    for nic in tenant.policy.nics:
        addresses = frozenset(map(str, server_addresses(tenant.declaration, nic.server, nic.zone)))
        groups = frozenset(names.group(name, key) for key in nic.groups)
        wanted[names.port(name, nic.server, nic.zone)] = Port(
            names.network(name, nic.zone), names.server(name, nic.server), groups, addresses
        )
    for server in tenant.declaration.servers:
        address, group = tenant.facts["servers"][server]["management"], names.group(name, names.MANAGEMENT)
        wanted[names.management_port(name, server)] = Port(
            names.management(name), names.server(name, server), frozenset({group}), frozenset({address})
        )
    return wanted


def _servers(declared: Tenant, ports: Mapping[str, Port]) -> dict[str, Server]:
    found = {}
    for key, entry in declared.servers.items():
        name = names.server(declared.name, key)
        disks = {names.root_volume(declared.name, key), *(names.data_volume(declared.name, key, disk) for disk in entry.data)}
        own = frozenset(port for port, want in ports.items() if want.server == name)
        found[name] = Server(entry.flavor, names.key_pair(declared.name), own, frozenset(disks))
    return found


def _volumes(declared: Tenant, default: str) -> dict[str, Volume]:
    found = {}
    for key, entry in declared.servers.items():
        kind, server = entry.volume_type or default, names.server(declared.name, key)
        found[names.root_volume(declared.name, key)] = Volume(server, kind, entry.root)
        found |= {names.data_volume(declared.name, key, disk): Volume(server, kind, size.size) for disk, size in entry.data.items()}
    return found


def of_platform(world: World, routes: Mapping[str, AbstractSet[Route]]) -> Wanted:
    """Return what the platform has to have; ``routes`` are the ways to the tenants that are up, and to the next router, by router."""
    platform, backbone = world.platform, world.platform.backbone
    hop = str(backbone.cidr[backbone.router])
    further = [names.further_router(number) for number in range(2, backbone.routers + 1)]
    root = names.root_volume(names.PLATFORM, "bastion")
    machine = Server(platform.bastion.flavor, names.key_pair(names.PLATFORM), frozenset({names.BASTION}), frozenset({root}))
    card = Port(names.BACKBONE, names.BASTION, frozenset({names.BASTION}), frozenset({str(bastion_address(platform))}))
    return Wanted(
        networks=(names.BACKBONE,),
        subnets={names.BACKBONE: Subnet(names.BACKBONE, str(backbone.cidr), hop)},
        routers={name: Router(name == names.PLATFORM, frozenset(routes.get(name, ()))) for name in (names.PLATFORM, *further)},
        legs={names.PLATFORM: Leg(names.PLATFORM, names.BACKBONE, hop), **{name: Leg(name, names.BACKBONE, port=name) for name in further}},
        ports={names.BASTION: card},
        groups={names.BASTION: bastion_rules(platform)},
        address_groups={},
        servers={names.BASTION: machine},
        volumes={root: Volume(names.BASTION, platform.default_volume_type, BASTION_ROOT_GIB)},
        public={names.BASTION: names.BASTION},
        labels={"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY},
    )


def bastion_rules(platform: Platform) -> frozenset[Rule]:
    """Return the rules of the bastion's group: SSH in from where the operators are, SSH out to the management pool."""

    def ssh(direction: str, peer: Network) -> Rule:
        return (direction, "IPv4", "tcp", str(platform.ssh_port), str(peer))

    return frozenset({*(ssh("ingress", peer) for peer in platform.bastion.allowed_from), ssh("egress", platform.pool.cidr)})


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
