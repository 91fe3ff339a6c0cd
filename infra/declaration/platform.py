"""What the operator declares once per cloud."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.declaration.services import Services  # noqa: TC001 - pydantic reads the annotation at run time
from infra.declaration.traffic import Declared, PortOrRange, PortRange
from infra.declaration.values import GATEWAY, HostNumber, Name, Port, Prefix4, Text, Whole, Word, texts, written_as

DOMAIN = "default"
"""Id of the domain that Keystone makes at first, in which operators work unless somebody says otherwise."""

_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
TimeOfDay = Annotated[str, written_as(_TIME, "a time of day", 'hours and minutes in UTC, in quotes: "02:30"'), texts(_TIME)]
Commands = Annotated[tuple[Text, ...], Field(min_length=1)]


class Backbone(Declared):
    """The management backbone: its prefix, and the host numbers of the platform's router and of the bastion."""

    cidr: Prefix4
    """the backbone's prefix; no tenant may use it"""
    router: Annotated[Whole, Field(ge=1, le=2**16)] = GATEWAY
    """host number of the platform's router"""
    bastion: HostNumber
    """host number of the bastion"""
    routers: Annotated[Whole, Field(ge=1, le=64)] = 1
    """how many routers hold the routes to the tenants; each holds `max_routes` - 1 of them, and the rest is the next one's"""
    max_routes: Annotated[Whole, Field(ge=2, le=4096)] = 30
    """how many routes the cloud allows on one router: Neutron's `max_routes`, which no API tells, since 2026.2 its quota `router_route`"""


class ManagementPool(Declared):
    """Where the tenants' management subnets come from."""

    cidr: Prefix4
    """the pool's prefix; no tenant may use it"""
    prefix: Annotated[Whole, Field(ge=16, le=29)] = 28
    """prefix length of each tenant's management subnet"""


class Encryption(Declared):
    """Encryption of a volume type. ``key_size`` 256 is AES-256-XTS on Ceph RBD (QEMU's LUKS), 512 on dm-crypt back ends."""

    provider: Literal["luks", "luks2"] = "luks"
    """the format of the encrypted volume"""
    cipher: Literal["aes-xts-plain64"] = "aes-xts-plain64"
    """the cipher and its mode"""
    key_size: Literal[256, 512] = 256
    """bits of the key as the back end counts them; both are AES-256 in the volume's header"""
    control_location: Literal["front-end"] = "front-end"
    """who encrypts: the hypervisor, so that the storage never sees plain text"""


class VolumeType(Declared):
    """A volume type of the platform; ``encryption`` absent means that it stores plain text and no tenant may use it."""

    encryption: Encryption | None = None
    """how it encrypts; `{}` for the defaults"""
    extra_specs: dict[str, str] = Field(default_factory=dict)
    """the cloud's own settings of the type"""


class Bastion(Declared):
    """The only SSH entry point: its size, and from where it may be reached."""

    flavor: Word
    """the cloud's name for processors and memory"""
    allowed_from: Annotated[tuple[Prefix4, ...], Field(min_length=1)]
    """where operators come from"""


class BackupMode(StrEnum):
    """What a backup of a disk holds."""

    AUTO = "auto"
    """everything for small disks, increments for large ones"""
    FULL = "full"
    """everything, every day"""
    INCREMENTS = "increments"
    """everything once a week, and what has changed since the day before on the other days"""
    NONE = "none"
    """there are no backups"""


class Drilling(StrEnum):
    """How often a server's backups are drilled."""

    WEEKLY = "weekly"
    """every week"""
    MONTHLY = "monthly"
    """every month"""
    NEVER = "never"
    """the timer starts no drill, and nobody is told when there is none"""


class Backup(Declared):
    """Daily backups of every disk of a server.

    Every key is optional. A server's own entry goes before its tenant's, that one before the platform's; what nobody says is the default of
    ``infra.backups.settings``. A server that none of the three has an entry for has no backups.
    """

    keep: Annotated[Whole, Field(ge=2, le=60)] | None = None
    """how many whole generations are kept, one a day; 7 when nobody says it"""
    at: TimeOfDay | None = None
    """from which time of day on, in UTC, the day's generation is due; "02:30" when nobody says it"""
    mode: BackupMode | None = None
    """what a backup holds; `auto` when nobody says it: `full` for disks below 20 GiB, else `increments`; `none` for no backups"""
    quiesce: Commands | None = None
    """commands that root runs in the server before its disks are copied, such as `fsfreeze -f /data`; `thaw` has to undo them"""
    thaw: Commands | None = None
    """commands that root runs in the server afterwards, whatever became of the copies"""
    drill: Drilling | None = None
    """how often the backups are drilled, by the timer of `ringfence backup install-timer`; `ringfence backup status` says when that was
    missed; `never` when nobody says it"""


class Platform(Declared):
    """What the operator owns once per cloud."""

    region: Word
    """where the platform itself is"""
    domain: Word = DOMAIN
    """the Keystone domain, by id or name, of the platform's project and of the tenants': a project of another domain is a stranger"""
    projects: tuple[Word, ...] = ()
    """ids of the platform's projects, the clouds' service projects included; without any, the project `platform` of the domain is it"""
    administrators: tuple[Word, ...] = ()
    """ids of users and groups that may have a role in the platform's project; whoever asks the cloud is one of them anyway"""
    allowed_regions: Annotated[tuple[Word, ...], Field(min_length=1)]
    """where tenants may be"""
    external_network: Word
    """the cloud's network towards the outside"""
    backbone: Backbone
    """the management backbone"""
    pool: ManagementPool
    """where management subnets come from"""
    bastion: Bastion
    """the only SSH entry point"""
    services: Services | None = None
    """what servers and bastion may use on the management network; nothing when it is left out"""
    ssh_port: Port = 22
    """where sshd listens, on management addresses only"""
    management_ports: Annotated[tuple[PortOrRange, ...], Field(min_length=1)]
    """ports of remote administration: no flow may open them, whatever its protocol"""
    image: Word
    """name of the guest image; its content is part of its full name"""
    volume_types: Annotated[dict[Name, VolumeType], Field(min_length=1)]
    """volume types by name"""
    default_volume_type: Name
    """the volume type of servers that name none"""
    backup: Backup | None = None
    """backups of every tenant's servers; without it only those tenants and servers have backups that declare them"""

    def encrypted_types(self) -> frozenset[str]:
        """Names of the volume types that a tenant may use."""
        return frozenset(name for name, kind in self.volume_types.items() if kind.encryption)

    def administration(self) -> tuple[PortRange, ...]:
        """The port ranges that only the management network may carry: SSH and the declared ones."""
        return (PortRange(first=self.ssh_port, last=self.ssh_port), *self.management_ports)
