"""What a topology consists of. Everything is known by the name that :mod:`infra.declaration.names` gives it.

An address or a prefix that is ``None`` is the cloud's to choose, when it makes the thing. Where others need it, they name the thing: a
route leads *via* a router interface.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.declaration.names import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.declaration.model import Address, Network


@dataclass(frozen=True, slots=True)
class DeclaredNetwork:
    """A network; ``owner`` is a tenant or the platform, ``lent_to`` another tenant whose servers may be on it."""

    name: str
    owner: str
    lent_to: str = ""


@dataclass(frozen=True, slots=True)
class AddressPool:
    """A subnet pool of the platform: its prefix, and the prefix length of the subnets that are cut from it."""

    name: str
    prefix: Network
    length: int


@dataclass(frozen=True, slots=True)
class HostRoute:
    """A route that a subnet gives to its servers: to ``destination`` via a router interface, by its name."""

    destination: Network
    via: str


@dataclass(frozen=True, slots=True)
class DeclaredSubnet:
    """A subnet of a network. It has a prefix and a gateway of its own, or a prefix from a ``pool`` and no gateway; never DHCP."""

    name: str
    network: str
    owner: str
    family: int
    prefix: Network | None = None
    pool: str = ""
    gateway: Address | None = None
    routes: tuple[HostRoute, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredRouter:
    """A router of the platform; ``outside`` says whether it has a gateway on the external network."""

    name: str
    outside: bool


@dataclass(frozen=True, slots=True)
class DeclaredInterface:
    """A router interface on a subnet, at the subnet's gateway address, or with ``has_port`` by a port of the same name."""

    name: str
    router: str
    network: str
    subnet: str
    address: Address | None = None

    @property
    def has_port(self) -> bool:
        """Whether it is made with a port of its own, because there is no gateway address that Neutron could give it."""
        return self.address is None


@dataclass(frozen=True, slots=True)
class RouterRoute:
    """A route of the first of some routers that has a place for it.

    ``destination`` is a prefix, or the name of the subnet whose prefix it is; ``via`` is the router interface that is its next hop.
    """

    name: str
    routers: tuple[str, ...]
    destination: Network | str
    via: str


@dataclass(frozen=True, slots=True)
class DeclaredPort:
    """A server's port: its address in each of some subnets, and the security groups that it carries."""

    name: str
    owner: str
    network: str
    server: str
    addresses: Mapping[str, Address | None]
    """By the name of the subnet."""
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """A floating IP of the external network on a port."""

    name: str
    owner: str
    port: str


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that one stack makes, by name, in the order of the declaration; ``owner`` is the stack's tenant, or the platform."""

    owner: str
    networks: Mapping[str, DeclaredNetwork]
    subnets: Mapping[str, DeclaredSubnet]
    routers: Mapping[str, DeclaredRouter]
    interfaces: Mapping[str, DeclaredInterface]
    ports: Mapping[str, DeclaredPort]
    public: Mapping[str, PublicAddress]
    routes: Mapping[str, RouterRoute] = field(default_factory=dict)
    pools: Mapping[str, AddressPool] = field(default_factory=dict)

    def subnets_of(self, network: str) -> Iterator[DeclaredSubnet]:
        """Yield the subnets of a network."""
        return (subnet for subnet in self.subnets.values() if subnet.network == network)

    def interfaces_of(self, router: str) -> Iterator[DeclaredInterface]:
        """Yield the interfaces of a router."""
        return (interface for interface in self.interfaces.values() if interface.router == router)

    def ports_of(self, server: str) -> Iterator[DeclaredPort]:
        """Yield the ports of a server, in the order of its NICs."""
        return (port for port in self.ports.values() if port.server == server)

    def public_of(self, server: str) -> PublicAddress | None:
        """Return a server's public address, if it has one."""
        return next((public for public in self.public.values() if self.ports[public.port].server == server), None)

    def platforms(self) -> tuple[str, ...]:
        """Return the names of what is the platform's, whoever's stack makes it: networks, routers, and the ports of router interfaces.

        They are in the order from the outside inwards.
        """
        routers = [router.name for router in sorted(self.routers.values(), key=lambda router: not router.outside)]
        networks = [network.name for network in self.networks.values() if network.owner == PLATFORM]
        ports = [interface.name for interface in self.interfaces.values() if interface.has_port]
        return tuple(dict.fromkeys((*routers, *networks, *ports)))
