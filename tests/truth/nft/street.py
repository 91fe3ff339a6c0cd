"""A server and everything that it could talk to: two namespaces, one card of the server's for each of its zones and one for management.

The other namespace plays the rest of the world: routers, other servers, externals, the bastion. It has all their addresses.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import TYPE_CHECKING

from infra.declaration import addresses
from infra.render import nftables
from infra.render.expectation import Packet
from tests.truth.nft.barrier import Barrier
from tests.truth.nft.namespaces import Namespace
from tests.truth.nft.wire import PATIENCE, arrived

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Address, Tenant
    from infra.policy.rules import Nic, TenantPolicy

OUTSIDE = (
    "198.51.100.77",
    "198.51.101.1",
    "203.0.113.7",
    "203.0.113.8",
    "8.8.8.8",
    "10.9.9.9",
    "169.254.169.254",
    "2001:db8:5::1",
    "2001:db8:6::1",
    "fd00:9::1",
)
"""Addresses in externals of the random tenants, beside them, in the internet, and in what is never part of it."""
BASTION, STRANGER, ROUTER, NEIGHBOUR, OWN = "172.29.0.10", "172.29.0.11", "172.30.0.1", "172.30.0.6", "172.30.0.5"
"""On the management side: who may open SSH, three who may not, and the server itself."""


@dataclass
class Street:
    """The two namespaces, wired for one server of a tenant."""

    tenant: Tenant
    policy: TenantPolicy
    server: str
    guest: Namespace = field(default_factory=Namespace)
    world: Namespace = field(default_factory=Namespace)
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        """Give every address its place."""
        for namespace in (self.guest, self.world):
            namespace.set(ipv4__conf__all__rp_filter=0, ipv4__conf__default__rp_filter=0, ipv6__conf__default__accept_dad=0)
            namespace.set(ipv6__conf__all__accept_ra=0, ipv4__conf__all__accept_local=0)
            namespace.ip(["link set lo up"])
        for name, nic in self.cards:
            self._zone(name, nic)
        self._management()
        self._barrier = Barrier(self._open, self.guest, self.world)
        self.world.ip(f"addr add {address} dev lo nodad" if ":" in address else f"addr add {address} dev lo" for address in OUTSIDE)
        first = self.policy.server_nics(self.server)[0]
        for hop in addresses.gateway(self.tenant.zones[first.zone]):
            self.guest.ip([f"route add default via {hop}"], hop.version)
        # A zone that the server is not in is reached, and reaches it, over the router.
        far = [(name, zone) for name, zone in self.tenant.zones.items() if name not in {nic.zone for _, nic in self.cards}]
        self.world.ip(f"addr add {address} dev lo" for name, _ in far for address in self._others(name))
        for namespace in (self.guest, self.world):
            namespace.ready()

    @property
    def cards(self) -> tuple[tuple[str, Nic], ...]:
        """The server's cards in zones by the names that the packet filter has for them."""
        return nftables.nic_names(self.policy, self.server)

    def load(self, text: str) -> None:
        """Put a ruleset into force in the server."""
        self.guest.run("nft", "-f", "-", text=text)

    def forget(self) -> None:
        """Let the kernel forget connections and neighbours, so that the next packet is the first."""
        self.guest.forget_connections()
        for namespace in (self.guest, self.world):
            namespace.ip(["neighbour flush all"])

    def let_in(self, packets: Iterable[Packet], expected: set[Packet], *, patience: float = PATIENCE) -> set[Packet]:
        """Send packets to the server and return those that it gets; ``expected`` says for what to wait, ``patience`` how many seconds."""
        return arrived(self._barrier, (self.world, self.guest), packets, expected, patience=patience)

    def let_out(self, packets: Iterable[Packet], expected: set[Packet], *, patience: float = PATIENCE) -> set[Packet]:
        """Send packets from the server and return those that get out."""
        return arrived(self._barrier, (self.guest, self.world), packets, expected, patience=patience)

    def close(self) -> None:
        """Take both namespaces away."""
        self._open.close()
        self.guest.close()
        self.world.close()

    def strangers(self, version: int) -> list[Address]:
        """Return every address that the world answers for and that is no gateway's, in one family."""
        everyone = [*OUTSIDE, *(str(address) for zone in self.tenant.zones for address in self._others(zone))]
        return [address for address in map(ip_address, everyone) if address.version == version]

    def _others(self, zone: str) -> list[Address]:
        """Return the addresses of a zone's other servers, and of a host that nobody declared."""
        servers = [name for name, entry in self.tenant.servers.items() if zone in entry.zones and name != self.server]
        declared = [address for name in servers for address in addresses.server_addresses(self.tenant, name, zone)]
        return [*declared, *(addresses.host(network, 200) for network in self.tenant.zones[zone].networks)]

    def _zone(self, name: str, nic: Nic) -> None:
        zone = self.tenant.zones[nic.zone]
        self.guest.adopt(self.world, name, name)
        length = {network.version: network.prefixlen for network in zone.networks}
        table = 100 + int(name.removeprefix("zone"))
        hops = addresses.gateway(zone)
        up = f"link set {name} up"
        everybody = (*hops, *self._others(nic.zone))
        self.world.ip([*(f"addr add {one}/{length[one.version]} dev {name}{_nodad(one)}" for one in everybody), up])
        self.guest.ip([*(f"addr add {one}/{length[one.version]} dev {name}{_nodad(one)}" for one in nic.addresses), up])
        # Answers leave by the card that was asked, as they do in the image.
        for one, network, hop in zip(nic.addresses, zone.networks, hops, strict=True):
            routes = [f"route add {network} dev {name} table {table}", f"route add default via {hop} dev {name} table {table}"]
            self.guest.ip([*routes, f"rule add from {one} table {table}"], one.version)

    def _management(self) -> None:
        self.guest.adopt(self.world, nftables.MANAGEMENT_NIC, "mgmt")
        segment = ip_interface(f"{OWN}/28").network
        self.world.ip([f"addr add {one}/28 dev mgmt" for one in (ROUTER, NEIGHBOUR)] + ["link set mgmt up"])
        self.world.ip([f"addr add {one}/24 dev lo" for one in (BASTION, STRANGER)])
        self.guest.ip(
            [
                f"addr add {OWN}/28 dev {nftables.MANAGEMENT_NIC}",
                f"link set {nftables.MANAGEMENT_NIC} up",
                f"route add 172.29.0.0/24 via {ROUTER}",
            ]
        )
        assert ip_address(NEIGHBOUR) in segment


def _nodad(address: Address) -> str:
    return " nodad" if address.version == 6 else ""


def packet(source: Address, destination: Address, like: Packet) -> Packet:
    """Return the packet with other ends."""
    return Packet(source, destination, like.protocol, like.first, like.last)
