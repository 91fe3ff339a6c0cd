"""Which addresses a declaration comes to: gateways, servers and endpoints. The arithmetic of host numbers lives here only."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING
from typing import Protocol as Interface

from infra.declaration.model import GATEWAY, INTERNET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.declaration.model import Address, External, Network, Platform, Server, Zone

EVERYTHING: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))


_BITS4 = 32


class Places(Interface):
    """Whatever has named zones, externals and servers: a tenant, or the draft of one."""

    @property
    def zones(self) -> Mapping[str, Zone]:
        """The zones by name."""

    @property
    def externals(self) -> Mapping[str, External]:
        """The named prefixes outside the tenant."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """The servers by name."""


class EndpointKind(StrEnum):
    """What an endpoint's name stands for."""

    ZONE = "zone"
    SERVER = "server"
    EXTERNAL = "external"
    INTERNET = "internet"

    @property
    def is_inside(self) -> bool:
        """Whether such an endpoint is a part of the tenant."""
        return self in {EndpointKind.ZONE, EndpointKind.SERVER}


def host(network: Network, number: int) -> Address:
    """Return the address with a host number in a network. Raises ``IndexError`` when the network is too small."""
    return network[number]


def gateway(zone: Zone) -> tuple[Address, ...]:
    """Return the addresses of a zone's gateway, one per family, IPv4 first."""
    return tuple(host(network, GATEWAY) for network in zone.networks)


def server_addresses(places: Places, server: str, zone: str) -> tuple[Address, ...]:
    """Return the fixed addresses of a server in one of its zones, IPv4 first."""
    number = places.servers[server].zones[zone]
    return tuple(host(network, number) for network in places.zones[zone].networks)


def bastion_address(platform: Platform) -> Address:
    """Return the bastion's address on the management backbone: where every SSH session to a server comes from."""
    return host(platform.backbone.cidr, platform.backbone.bastion)


def services_address(platform: Platform) -> Address | None:
    """Return the address of the services server on the management backbone; ``None`` where the platform declares no services."""
    return host(platform.backbone.cidr, platform.services.host) if platform.services else None


def _taken(platform: Platform) -> set[int]:
    """Return the host numbers on the backbone that the declaration gives out."""
    declared = {platform.backbone.router, platform.backbone.bastion}
    return declared | ({platform.services.host} if platform.services else set())


def backbone_hosts(platform: Platform) -> Iterator[Address]:
    """Yield the addresses on the backbone that are free for routers, in their order: those that the declaration gives to nobody."""
    taken = _taken(platform)
    last = platform.backbone.cidr.num_addresses - 1
    return (host(platform.backbone.cidr, number) for number in range(GATEWAY, last) if number not in taken)


def segment_hosts(segment: IPv4Network) -> Iterator[IPv4Address]:
    """Yield the addresses in a tenant's management subnet that are free for servers, in their order: the first one is its router's."""
    return (segment[number] for number in range(GATEWAY + 1, segment.num_addresses - 1))


def most_servers(platform: Platform) -> int:
    """Return how many servers a tenant may have: each has a NIC in the tenant's management subnet, beside the router's."""
    size: int = 2 ** (_BITS4 - platform.pool.prefix)
    return size - 3


def most_segments(platform: Platform) -> int:
    """Return how many management subnets the pool holds."""
    return int(2 ** max(0, platform.pool.prefix - platform.pool.cidr.prefixlen))


def most_on_backbone(platform: Platform) -> int:
    """Return for how many tenants' routers the backbone has addresses, beside the platform's routers and servers."""
    backbone = platform.backbone
    return max(0, backbone.cidr.num_addresses - 2 - len(_taken(platform)) - (backbone.routers - 1))


def most_tenants(platform: Platform) -> int:
    """Return how many tenants fit: each has a subnet of the pool, and an address on the backbone."""
    return min(most_segments(platform), most_on_backbone(platform))


def most_routed(platform: Platform) -> int:
    """Return to how many tenants the platform's routers can hold a route. One place of each is the way to the next router."""
    return platform.backbone.routers * (platform.backbone.max_routes - 1)


def single(address: Address) -> Network:
    """Return the prefix that holds one address only; of the number it is had in a fifth of the time that the text takes."""
    return IPv4Network(int(address)) if isinstance(address, IPv4Address) else IPv6Network(int(address))


def kind(places: Places, name: str) -> EndpointKind | None:
    """Tell what a name stands for, ``None`` when nothing has it. Names are unique over all kinds (a check holds this)."""
    if name == INTERNET:
        return EndpointKind.INTERNET
    sections = ((EndpointKind.ZONE, places.zones), (EndpointKind.SERVER, places.servers), (EndpointKind.EXTERNAL, places.externals))
    return next((found for found, names in sections if name in names), None)


def endpoint(places: Places, name: str) -> tuple[Network, ...]:
    """Return the prefixes that an endpoint's name stands for; ``internet`` is everything here, see ``infra.policy.internet``.

    Raises ``KeyError`` for an unknown name.
    """
    match kind(places, name):
        case EndpointKind.INTERNET:
            return EVERYTHING
        case EndpointKind.ZONE:
            return places.zones[name].networks
        case EndpointKind.SERVER:
            zones = places.servers[name].zones
            return tuple(single(address) for zone in zones for address in server_addresses(places, name, zone))
        case EndpointKind.EXTERNAL:
            return places.externals[name].cidrs
        case None:
            raise KeyError(name)
