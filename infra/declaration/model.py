"""The words of a declaration as types: a platform, a tenant, its zones, servers and flows.

The shapes are checked here, field by field; what depends on more than one field is checked in ``checks``. Past this module
an address is an :mod:`ipaddress` object and a closed set is an enum.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from infra.declaration.platform import Backbone, Backup, BackupMode, Bastion, Encryption, ManagementPool, Platform, VolumeType
from infra.declaration.services import Services
from infra.declaration.traffic import Declared, IcmpMatch, PortOrRange, PortRange, Protocol
from infra.declaration.values import GATEWAY, INTERNET, Address, Day, HostNumber, Name, Network, Prefix, Prefix4, Prefix6, Text, Whole, Word

__all__ = [
    "GATEWAY",
    "INTERNET",
    "Address",
    "Backbone",
    "Backup",
    "BackupMode",
    "Bastion",
    "Classification",
    "DataReturn",
    "Declared",
    "Disk",
    "Encryption",
    "External",
    "Flow",
    "IcmpMatch",
    "Labels",
    "ManagementPool",
    "Network",
    "Offboarding",
    "Person",
    "Platform",
    "PortRange",
    "Protocol",
    "Server",
    "Services",
    "Tenant",
    "VolumeType",
    "Zone",
]


class Classification(StrEnum):
    """How sensitive a tenant's data is (ISO/IEC 27002 A.8.2)."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    SECRET = "secret"  # noqa: S105 - a classification, not a password


class Labels(Declared):
    """Labels that every resource of the tenant carries."""

    classification: Classification
    """how sensitive the tenant's data is"""
    service: Name
    """the service that the tenant runs"""


class Zone(Declared):
    """A network of the tenant: an IPv4 prefix and, when the zone is dual-stack, an IPv6 prefix."""

    cidr: Prefix4
    """the IPv4 prefix, /16 to /29; other tenants may use the same one"""
    cidr6: Prefix6 | None = None
    """the IPv6 prefix, /56 to /124; without one the zone has no IPv6"""

    @property
    def networks(self) -> tuple[Network, ...]:
        """The zone's prefixes, IPv4 first."""
        return (self.cidr,) if self.cidr6 is None else (self.cidr, self.cidr6)


class External(Declared):
    """A named set of prefixes outside the tenant."""

    cidrs: Annotated[tuple[Prefix, ...], Field(min_length=1)]
    """prefixes outside the tenant, IPv4 or IPv6"""


class Disk(Declared):
    """A data disk of a server, in GiB."""

    size: Annotated[Whole, Field(ge=1, le=16384)]
    """size in GiB"""


class Server(Declared):
    """A virtual machine: its place in each of its zones, its size and its disks."""

    zones: Annotated[dict[Name, HostNumber], Field(min_length=1)]
    """the server's zones and its host number in each: network address + number, in IPv4 and IPv6; the first one has the default route"""
    flavor: Word
    """the cloud's name for processors and memory"""
    root: Annotated[Whole, Field(ge=2, le=16384)]
    """size of the root disk in GiB"""
    data: dict[Name, Disk] = Field(default_factory=dict)
    """data disks by name"""
    volume_type: Word | None = None
    """an encrypted volume type; the platform's default when it is left out"""
    public: Name | None = None
    """the zone in which the server also has a public IPv4 address: its first one"""
    backup: Backup | None = None
    """backups of its disks; what its own entry leaves out is the tenant's or the platform's"""


class Flow(Declared):
    """One allowed communication; what no flow allows is denied in both directions and both families."""

    source: Word = Field(alias="from")
    """who begins: a zone, a server, an external or internet"""
    destination: Word = Field(alias="to")
    """who is asked: a zone, a server, an external or internet"""
    protocol: Protocol
    """the protocol above IP; icmp is IPv4's, icmpv6 IPv6's"""
    ports: tuple[PortOrRange, ...] = ()
    """destination ports and ranges of them; needed for tcp, udp and sctp, and for nothing else"""
    icmp: IcmpMatch | None = None
    """for icmp and icmpv6: one type; every type when it is left out"""
    reason: Text
    """why the service needs it"""
    owner: Text
    """who answers for it"""
    expires: Day | None = None
    """the last day on which it is allowed"""


class Person(Declared):
    """Somebody who answers for the removal of a tenant (NIST SP 800-88, the fields of a certificate)."""

    name: Text
    """the person's name"""
    title: Text
    """what the person is"""
    location: Text
    """where the person works"""
    contact: Text
    """how the person is reached"""


class DataReturn(StrEnum):
    """What becomes of a tenant's data before it is erased."""

    RECEIPT = "receipt"
    """the customer gets it back, and signs for it"""
    NOT_WANTED = "not-wanted"
    """the customer does not want it"""


class Offboarding(Declared):
    """The end of a tenant, as somebody asked for it. Nothing is removed by it: `ringfence offboard` does that, and not before the day."""

    requested_by: Text
    """who asked for it, on the customer's side"""
    ticket: Word
    """where the request is kept"""
    not_before: Day
    """the first day on which something may be erased"""
    return_data: DataReturn
    """whether the customer gets its data back first: with `receipt` nothing is erased without the customer's receipt"""
    run_by: Person | None = None
    """who runs the removal; the certificate says that it was not stated when it is left out"""
    verified_by: Person | None = None
    """who verifies it: somebody else"""


class Tenant(Declared):
    """One customer's ring-fenced environment. The name is the stack's and is not written in the file."""

    name: Name
    """the stack's name; not written in the file"""
    region: Word
    """where everything is; one of the platform's allowed regions"""
    labels: Labels
    """labels of every resource"""
    zones: Annotated[dict[Name, Zone], Field(min_length=1)]
    """the tenant's networks by name"""
    externals: dict[Name, External] = Field(default_factory=dict)
    """places outside the tenant by name"""
    servers: dict[Name, Server] = Field(default_factory=dict)
    """virtual machines by name"""
    flows: dict[Name, Flow] = Field(default_factory=dict)
    """everything that is allowed, by name"""
    backup: Backup | None = None
    """backups of every server; what it leaves out is the platform's"""
    offboarding: Offboarding | None = None
    """the tenant's end, once somebody asked for it"""
