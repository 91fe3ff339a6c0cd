"""The words of a declaration as types: a platform, a tenant, its zones, servers and flows.

The shapes are checked here, field by field; what depends on more than one field is checked in ``checks``. Past this module
an address is an :mod:`ipaddress` object and a closed set is an enum.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from infra.declaration.values import (
    GATEWAY,
    INTERNET,
    Address,
    Day,
    HostNumber,
    Name,
    Network,
    Port,
    Prefix,
    Prefix4,
    Prefix6,
    Text,
    Word,
    refuse,
)

__all__ = [
    "GATEWAY",
    "INTERNET",
    "Address",
    "Backbone",
    "Bastion",
    "Classification",
    "Declared",
    "Disk",
    "Encryption",
    "External",
    "Flow",
    "IcmpMatch",
    "Labels",
    "ManagementPool",
    "Network",
    "Platform",
    "PortRange",
    "Protocol",
    "Server",
    "Tenant",
    "VolumeType",
    "Zone",
    "json_schema",
]


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
    """Read ``443`` and ``"8000-8010"``."""
    if isinstance(value, PortRange):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return {"first": value, "last": value}
    first, dash, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not first.strip().isdecimal() or (dash and not last.strip().isdecimal()):
        raise refuse("not a port", expected='a port such as 443, or a range such as "8000-8010"')
    return {"first": int(first), "last": int(last or first)}


class Declared(BaseModel):
    """Base of everything declared: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PortRange(Declared):
    """A closed range of ports, 1 to 65535."""

    first: Port
    last: Port

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise refuse("the port range is inverted", expected=f"{self.last}-{self.first}")
        return self

    def overlaps(self, other: PortRange) -> bool:
        """Whether a port is in both ranges."""
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        """Render as a person writes it: ``443`` or ``8000-8010``."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


PortOrRange = Annotated[
    PortRange,
    BeforeValidator(_port_range),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": "^[0-9]+(-[0-9]+)?$"},
            ]
        }
    ),
]


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

    cidr: Prefix4
    cidr6: Prefix6 | None = None

    @property
    def networks(self) -> tuple[Network, ...]:
        """The zone's prefixes, IPv4 first."""
        return (self.cidr,) if self.cidr6 is None else (self.cidr, self.cidr6)


class External(Declared):
    """A named set of prefixes outside the tenant."""

    cidrs: Annotated[tuple[Prefix, ...], Field(min_length=1)]


class Disk(Declared):
    """A data disk of a server, in GiB."""

    size: Annotated[int, Field(ge=1, le=16384)]


class Server(Declared):
    """A virtual machine: its place in each of its zones, its size and its disks."""

    zones: Annotated[dict[Name, HostNumber], Field(min_length=1)]
    flavor: Word
    root: Annotated[int, Field(ge=2, le=16384, description="size of the root disk in GiB")]
    data: dict[Name, Disk] = Field(default_factory=dict)
    volume_type: Word | None = None
    public: Name | None = Field(default=None, description="the zone in which the server also has a public IPv4 address")


class Flow(Declared):
    """One allowed communication; what no flow allows is denied in both directions and both families."""

    source: Word = Field(alias="from", description="a zone, a server, an external or internet")
    destination: Word = Field(alias="to", description="a zone, a server, an external or internet")
    protocol: Protocol
    ports: tuple[PortOrRange, ...] = ()
    icmp: IcmpMatch | None = None
    reason: Text
    owner: Text
    expires: Day | None = Field(default=None, description="the last day on which the flow is allowed")


class Tenant(Declared):
    """One customer's ring-fenced environment. The name is the stack's and is not written in the file."""

    name: Name
    region: Word
    labels: Labels
    zones: Annotated[dict[Name, Zone], Field(min_length=1)]
    externals: dict[Name, External] = Field(default_factory=dict)
    servers: dict[Name, Server] = Field(default_factory=dict)
    flows: dict[Name, Flow] = Field(default_factory=dict)


class Backbone(Declared):
    """The management backbone: its prefix, and the host numbers of the platform's router and of the bastion."""

    cidr: Prefix4
    router: Annotated[int, Field(ge=1, le=2**16)] = GATEWAY
    bastion: HostNumber


class ManagementPool(Declared):
    """Where the tenants' management subnets come from."""

    cidr: Prefix4
    prefix: Annotated[int, Field(ge=16, le=29)] = 28


class Encryption(Declared):
    """Encryption of a volume type. ``key_size`` 256 is AES-256-XTS on Ceph RBD (QEMU's LUKS), 512 on dm-crypt back ends."""

    provider: Literal["luks", "luks2"] = "luks"
    cipher: Literal["aes-xts-plain64"] = "aes-xts-plain64"
    key_size: Literal[256, 512] = 256
    control_location: Literal["front-end"] = "front-end"


class VolumeType(Declared):
    """A volume type of the platform; ``encryption`` absent means that it stores plain text and no tenant may use it."""

    encryption: Encryption | None = None
    extra_specs: dict[str, str] = Field(default_factory=dict)


class Bastion(Declared):
    """The only SSH entrance: its size, and from where it may be reached."""

    flavor: Word
    allowed_from: Annotated[tuple[Prefix4, ...], Field(min_length=1)]


class Platform(Declared):
    """What the operator owns once per cloud."""

    region: Word
    allowed_regions: Annotated[tuple[Word, ...], Field(min_length=1)]
    external_network: Word
    backbone: Backbone
    pool: ManagementPool
    bastion: Bastion
    ssh_port: Port = 22
    management_ports: Annotated[tuple[PortOrRange, ...], Field(min_length=1)] = Field(
        description="ports of remote administration: no flow may open them, whatever its protocol"
    )
    image: Word
    volume_types: Annotated[dict[Name, VolumeType], Field(min_length=1)]
    default_volume_type: Name

    def encrypted_types(self) -> frozenset[str]:
        """Names of the volume types that a tenant may use."""
        return frozenset(name for name, kind in self.volume_types.items() if kind.encryption)

    def administration(self) -> tuple[PortRange, ...]:
        """The port ranges that only the management network may carry: SSH and the declared ones."""
        return (PortRange(first=self.ssh_port, last=self.ssh_port), *self.management_ports)


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a declaration as a person writes it (aliases, not field names)."""
    return model.model_json_schema(by_alias=True, mode="validation")
