"""The words of a declaration as types: a platform, a tenant, its zones, servers and flows.

The shapes are checked here, field by field; what depends on more than one field is checked in ``checks``. Past this module
an address is an :mod:`ipaddress` object and a closed set is an enum.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

INTERNET = "internet"
"""The endpoint that stands for every address outside the tenant's own."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)]
HostNumber = Annotated[int, Field(ge=2, le=2**16)]
"""A server's place in a zone: network address + number, the same number in IPv4 and IPv6; 1 is the zone's gateway."""


class Protocol(StrEnum):
    """Protocols that a flow may name; ``icmp`` is IPv4's, ``icmpv6`` IPv6's."""

    TCP = "tcp"
    UDP = "udp"
    SCTP = "sctp"
    ICMP = "icmp"
    ICMPV6 = "icmpv6"
    ESP = "esp"
    AH = "ah"
    GRE = "gre"

    @property
    def number(self) -> int:
        """The protocol's number in the IP header (IANA protocol numbers)."""
        return {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58, "esp": 50, "ah": 51, "gre": 47}[self.value]

    @property
    def has_ports(self) -> bool:
        """Whether the protocol's packets carry port numbers."""
        return self in {Protocol.TCP, Protocol.UDP, Protocol.SCTP}

    @property
    def has_types(self) -> bool:
        """Whether the protocol's packets carry an ICMP type and code."""
        return self in {Protocol.ICMP, Protocol.ICMPV6}


class Classification(StrEnum):
    """How sensitive a tenant's data is (ISO/IEC 27002 A.8.2)."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    SECRET = "secret"  # noqa: S105 - a classification, not a password


def _port_range(value: object) -> object:
    """Read ``443`` and ``"8000-8010"``; anything else is left for pydantic to refuse."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {"first": value, "last": value}
    if isinstance(value, str):
        first, _, last = value.partition("-")
        if first.strip().isdigit() and (not last or last.strip().isdigit()):
            return {"first": int(first), "last": int(last or first)}
    return value


class Declared(BaseModel):
    """Base of everything declared: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PortRange(Declared):
    """A closed range of ports, 1 to 65535."""

    first: Annotated[int, Field(ge=1, le=65535)]
    last: Annotated[int, Field(ge=1, le=65535)]

    def __str__(self) -> str:
        """Render as a person writes it: ``443`` or ``8000-8010``."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


class IcmpMatch(Declared):
    """An ICMP type, optionally narrowed to one code (RFC 792, RFC 4443)."""

    type: Annotated[int, Field(ge=0, le=255)]
    code: Annotated[int, Field(ge=0, le=255)] | None = None


class Labels(Declared):
    """Labels that every resource of the tenant carries."""

    classification: Classification
    service: Name


class Zone(Declared):
    """A network of the tenant: an IPv4 prefix and, when the zone is dual-stack, an IPv6 prefix."""

    cidr: IPv4Network
    cidr6: IPv6Network | None = None

    @property
    def networks(self) -> tuple[Network, ...]:
        """The zone's prefixes, IPv4 first."""
        return (self.cidr,) if self.cidr6 is None else (self.cidr, self.cidr6)


class External(Declared):
    """A named set of prefixes outside the tenant."""

    cidrs: Annotated[tuple[Network, ...], Field(min_length=1)]


class Disk(Declared):
    """A data disk of a server, in GiB."""

    size: Annotated[int, Field(ge=1, le=16384)]


class Server(Declared):
    """A virtual machine: its place in each of its zones, its size and its disks."""

    zones: Annotated[dict[Name, HostNumber], Field(min_length=1)]
    flavor: Text
    root: Annotated[int, Field(ge=2, le=16384, description="size of the root disk in GiB")]
    data: dict[Name, Disk] = Field(default_factory=dict)
    volume_type: Text | None = None
    public: Name | None = Field(default=None, description="the zone in which the server also has a public IPv4 address")


class Flow(Declared):
    """One allowed communication; what no flow allows is denied in both directions and both families."""

    source: Text = Field(alias="from")
    destination: Text = Field(alias="to")
    protocol: Protocol
    ports: tuple[Annotated[PortRange, BeforeValidator(_port_range)], ...] = ()
    icmp: IcmpMatch | None = None
    reason: Text
    owner: Text
    expires: date | None = None


class Tenant(Declared):
    """One customer's ring-fenced environment. The name is the stack's and is not written in the file."""

    name: Name
    region: Text
    labels: Labels
    zones: Annotated[dict[Name, Zone], Field(min_length=1)]
    externals: dict[Name, External] = Field(default_factory=dict)
    servers: dict[Name, Server] = Field(default_factory=dict)
    flows: dict[Name, Flow] = Field(default_factory=dict)


class Backbone(Declared):
    """The management backbone: its prefix, and the host numbers of the platform's router and of the bastion."""

    cidr: IPv4Network
    router: HostNumber | Annotated[int, Field(ge=1)] = 1
    bastion: HostNumber


class ManagementPool(Declared):
    """Where the tenants' management subnets come from."""

    cidr: IPv4Network
    prefix: Annotated[int, Field(ge=16, le=29)] = 28


class VolumeType(Declared):
    """A volume type of the platform; ``encryption`` absent means that it stores plain text and no tenant may use it."""

    encryption: Encryption | None = None
    extra_specs: dict[str, str] = Field(default_factory=dict)


class Encryption(Declared):
    """Encryption of a volume type. ``key_size`` 256 is AES-256-XTS on Ceph RBD (QEMU's LUKS), 512 on dm-crypt back ends."""

    provider: str = "luks"
    cipher: str = "aes-xts-plain64"
    key_size: int = 256
    control_location: str = "front-end"


class Bastion(Declared):
    """The only SSH entrance: its size, and from where it may be reached."""

    flavor: Text
    allowed_from: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]


class Platform(Declared):
    """What the operator owns once per cloud."""

    region: Text
    allowed_regions: Annotated[tuple[Text, ...], Field(min_length=1)]
    external_network: Text
    backbone: Backbone
    pool: ManagementPool
    bastion: Bastion
    ssh_port: Annotated[int, Field(ge=1, le=65535)] = 22
    image: Text
    volume_types: Annotated[dict[Name, VolumeType], Field(min_length=1)]
    default_volume_type: Name

    def encrypted_types(self) -> frozenset[str]:
        """Names of the volume types that a tenant may use."""
        return frozenset(name for name, kind in self.volume_types.items() if kind.encryption)


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a declaration as a person writes it (aliases, not field names)."""
    return model.model_json_schema(by_alias=True, mode="validation")
