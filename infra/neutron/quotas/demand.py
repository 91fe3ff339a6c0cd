"""How many things a declaration comes to, project by project, in the words of the services' quota APIs. Pure.

Neutron counts a port for the project that owns it: the router interfaces of the tenants' edge routers belong to the platform, as the
routers do. A router's gateway has a port that belongs to nobody. Each network may have one port that Neutron makes by itself, for metadata
or DHCP.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.declaration import addresses
from infra.policy.bastion import platform_servers
from infra.render.security_groups import security_groups

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Platform, Tenant
    from infra.policy.rules import TenantPolicy

BASTION_ROOT_GIB = 2
"""Size of the bastion's root volume."""
SERVICES_ROOT_GIB = 2
"""Size of the services server's root volume; what it keeps is on its store."""
ROOM = 2
"""A busy Neutron counts a request twice that it repeats inside itself, and replacements may overlap with what they replace."""
MOST_TENANTS = 4096
"""For how many tenants a platform makes room at most, however large its pool is."""
SUBNETS_OF_A_TENANT = 8
"""How many subnets of zones room is made for, as long as nobody has declared the tenant."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What there is to be in one project; ``flavors`` counts the servers by flavor, because only the cloud knows its size."""

    network: Counter[str] = field(default_factory=Counter)
    compute: Counter[str] = field(default_factory=Counter)
    volume: Counter[str] = field(default_factory=Counter)
    flavors: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Demand) -> Demand:
        """Return both together."""
        return Demand(*(getattr(self, part) + getattr(other, part) for part in Demand.__slots__))

    def __sub__(self, other: Demand) -> Demand:
        """Return what of it the other does not have."""
        return Demand(*(getattr(self, part) - getattr(other, part) for part in Demand.__slots__))

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return any(getattr(self, part) for part in Demand.__slots__)


def total(demands: Iterable[Demand]) -> Demand:
    """Return all of them together."""
    return sum(demands, Demand())


def of_tenant(tenant: Tenant, policy: TenantPolicy) -> Demand:
    """Return what a tenant's own project holds. No router at all: the edge and the management router are the platform's."""
    servers = tenant.servers.values()
    disks = [size for server in servers for size in (server.root, *(disk.size for disk in server.data.values()))]
    groups = security_groups(policy)
    network = {
        "network": len(tenant.zones),
        "subnet": sum(len(zone.networks) for zone in tenant.zones.values()),
        "port": sum(len(server.zones) + 1 for server in servers) + len(tenant.zones),
        "floatingip": sum(1 for server in servers if server.public),
        "security_group": len(groups) + 1,
        "security_group_rule": sum(len(group.rules) for group in groups),
    }
    return Demand(
        Counter(network),
        Counter(instances=len(servers)),
        Counter(volumes=len(disks), gigabytes=sum(disks)),
        Counter(server.flavor for server in servers),
    )


def of_ring_fence(subnets: int) -> Demand:
    """Return what the platform's project holds for one tenant with so many subnets in its zones.

    The edge router with a router interface for each subnet; the management network with its subnet, its share and its router, which has two
    router interfaces.
    """
    return Demand(Counter(router=2, network=1, subnet=1, rbac_policy=1, port=subnets + 2 + 1))


def ring_fence(tenant: Tenant) -> Demand:
    """Return what the platform's project holds for a tenant that is declared."""
    return of_ring_fence(sum(len(zone.networks) for zone in tenant.zones.values()))


def of_platform(platform: Platform) -> Demand:
    """Return what the platform's project holds without any tenant: the backbone with its routers, the bastion and the services server."""
    routers, servers, services = platform.backbone.routers, platform_servers(platform), platform.services
    network = Counter(
        router=routers,
        network=1,
        subnet=1,
        port=routers + 1 + len(servers),
        floatingip=1,
        security_group=len(servers),
        security_group_rule=sum(map(len, servers.values())),
    )
    volume = Counter(volumes=1, gigabytes=BASTION_ROOT_GIB)
    flavors = Counter({platform.bastion.flavor: 1})
    if services is not None:
        volume += Counter(volumes=2, gigabytes=SERVICES_ROOT_GIB + services.store)
        flavors += Counter({services.flavor: 1})
    return Demand(network, Counter(instances=len(servers)), volume, flavors)


def of_pool(platform: Platform) -> Demand:
    """Return what the platform's project holds when there is no management segment left."""
    many = addresses.most_tenants(platform)
    each = of_ring_fence(SUBNETS_OF_A_TENANT)
    full = Demand(Counter({resource: min(many, MOST_TENANTS) * number for resource, number in each.network.items()}))
    return of_platform(platform) + full
