"""The words of a live verification: who is there, what is tried, what is expected, what was seen. No I/O, no decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.declaration.model import Address, Network
    from infra.render.expectation import Expected


class Reach(StrEnum):
    """What the sender of a probe learned. A drop is TIMEOUT; REFUSED means that somebody answered "no"."""

    OK = "OK"
    TIMEOUT = "TIMEOUT"
    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"
    ERROR = "ERROR"
    SENT = "SENT"
    """A frame was put on the wire; what became of it only the receivers can tell."""


class Layer(StrEnum):
    """How much stands between sender and receiver."""

    WHOLE = "whole"
    """An ordinary socket: the sender's firewall, the groups, the topology and the receiver's firewall."""
    NETWORK = "network"
    """A frame past the sender's firewall, looked for before the receiver's: the groups and the topology alone."""


class NodeRole(StrEnum):
    """What a node is for."""

    SERVER = "server"
    BASTION = "bastion"
    SERVICES = "services"
    OUTSIDE = "outside"


class Place(StrEnum):
    """What kind of thing has an address."""

    ZONE = "zone address"
    MANAGEMENT = "management address"
    PUBLIC = "public address"
    GATEWAY = "gateway"
    ROUTER = "management router"
    BASTION = "bastion"
    SERVICES = "services server"
    METADATA = "metadata address"
    API = "API address"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class NodeNic:
    """A network card: the zone it is in (or ``management``), its name in the server, and what Neutron gave it."""

    label: str
    device: str
    mac: str
    addresses: tuple[Address, ...]
    networks: tuple[Network, ...]
    gateways: tuple[Address, ...] = ()
    neighbours: tuple[Address, ...] = ()
    """Further routers on its own network, which nothing is sent through: somebody has to ask whether they are there."""

    @property
    def asked(self) -> tuple[Address, ...]:
        """Return the routers that the NIC asks for."""
        return (*self.gateways, *self.neighbours)

    def gateway(self, version: int) -> Address | None:
        """Return the NIC's next hop of a family."""
        return next((address for address in self.gateways if address.version == version), None)

    def address(self, version: int) -> Address | None:
        """Return the NIC's address of a family."""
        return next((address for address in self.addresses if address.version == version), None)

    def is_on_link(self, address: Address) -> bool:
        """Tell whether the address is in one of the NIC's own prefixes."""
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Node:
    """Somebody who takes part with a program of ours: a server, the bastion, or the host outside. Named ``tenant/server``."""

    name: str
    tenant: str
    role: NodeRole
    nics: tuple[NodeNic, ...]
    public: Address | None = None
    id: str = ""
    """The server's id in the cloud, where a stack made it."""

    def nic(self, label: str) -> NodeNic:
        """Return the NIC of a zone, or the one of management. Raises ``StopIteration`` when there is none."""
        return next(nic for nic in self.nics if nic.label == label)


@dataclass(frozen=True, slots=True)
class Target:
    """An address that is tried, and whose it is meant to be; ``node`` is empty when no program of ours is there."""

    name: str
    place: Place
    address: Address
    node: str = ""
    label: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the expected matrix.

    ``accepted`` are the kinds of "no" that pass when it is denied. ``aliases`` are nodes of the source's own tenant that have the same
    address and may be the ones who answer. ``via`` is the nic and the next hop of a frame; empty for sockets.
    """

    source: str
    target: Target
    protocol: str
    port: int
    layer: Layer
    expected: Expected
    why: str
    accepted: frozenset[Reach] = frozenset()
    aliases: frozenset[str] = frozenset()
    via: Via | None = None

    @property
    def name(self) -> str:
        """Name for people and reports, unique in a run."""
        port = f" {self.port}" if self.port else ""
        via = f" via {self.via.note}" if self.via and self.via.note else ""
        return f"{self.source} -> {self.target.name} {self.protocol}{port} IPv{self.target.address.version} ({self.layer}{via})"


@dataclass(frozen=True, slots=True)
class Via:
    """How a frame leaves: by which NIC, from which address, to which MAC. ``next_hop`` is asked for when the MAC is not known."""

    nic: str
    source: Address
    mac: str
    next_mac: str = ""
    next_hop: Address | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """What a captured frame says. ``kind`` is tcp, udp, icmp, arp, nd or other; ``token`` is empty when it carries none.

    For ARP and neighbour discovery ``source`` is the address that is claimed, ``mac`` the NIC that claims it.
    """

    kind: str
    mac: str
    source: Address | None = None
    destination: Address | None = None
    source_port: int = 0
    port: int = 0
    token: str = ""
    operation: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """A probe was seen by a node: on its wire, or by a socket behind its firewall."""

    node: str
    layer: str
    device: str = ""
    seen: SeenFrame | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What is known of one probe after its batch. ``owner`` is the node whose token was served, empty when none was."""

    reach: Reach
    owner: str = ""
    errno: str = ""
    observations: tuple[Observation, ...] = ()

    def by(self, layer: str) -> frozenset[str]:
        """Names of the nodes that saw it at a layer."""
        return frozenset(observation.node for observation in self.observations if observation.layer == layer)


@dataclass(frozen=True, slots=True)
class ProbeProof:
    """Why a "no" may be believed: the twins of a probe, from the same source in the same round.

    ``listener`` says that the target's listener answered its own server before and after; ``None`` where nothing is meant to be there.
    ``lost`` names the source or the target when it took no part to the end, with why: then nothing proves anything.
    """

    sender: str = ""
    listener: bool | None = None
    receiver: bool = True
    seconds: float = 0.0
    missing: tuple[str, ...] = field(default=())
    lost: str = ""
