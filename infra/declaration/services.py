"""What the platform's services server offers on the management network: time, packages, logs, sessions.

Each is optional, and what is not declared is not offered: there is no rule for it and nothing listens. Whoever the server itself asks is
declared by an address, because a packet filter knows no names.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr

from infra.declaration.traffic import PORT, Declared, Protocol
from infra.declaration.values import ADDRESS4, Address4, HostNumber, Name, Whole, Word, texts, written_as

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFERED: Final[dict[str, tuple[tuple[Protocol, int], ...]]] = {
    "time": ((Protocol.UDP, 123), (Protocol.TCP, 4460)),  # NTP, and NTS's exchange of keys (RFC 8915)
    "packages": ((Protocol.TCP, 443),),  # HTTPS
    "logs": ((Protocol.TCP, 6514),),  # syslog over TLS (RFC 5425)
    "sessions": ((Protocol.TCP, 30344),),  # sudo_logsrvd over TLS
}
"""What may be offered, by its key, with the protocol and the port of each part: the one place of these numbers."""

SECURITY_SUFFIX: Final = "-security"
"""How the suite of an archive's security updates ends: servers install updates of such suites by themselves."""

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"{_LABEL}(\.{_LABEL}){{0,7}}"
_URL: Final = rf"https?://{_HOST}(:{PORT})?(/[A-Za-z0-9._~-]{{1,60}}){{0,6}}"
_SUITE: Final = r"[a-z][a-z0-9.-]{0,60}(/[a-z0-9.-]{1,60}){0,3}"
_WELL_KNOWN: Final = {"http": 80, "https": 443}

HostName = Annotated[str, written_as(_HOST, "a host name", "a name in lower case, such as ntp.example.net"), texts(_HOST)]
_A_URL: Final = "http or https, a host in lower case, a plain path: http://mirror.example.net/debian"
Url = Annotated[str, written_as(_URL, "a mirror's URL", _A_URL), texts(_URL)]
Suite = Annotated[str, written_as(_SUITE, "a suite", "a suite of the mirror, such as trixie-security"), texts(_SUITE)]
_ARMOUR: Final = r"-----BEGIN PGP PUBLIC KEY BLOCK-----\n[A-Za-z0-9+/=:.,()<>@ \n-]{1,60000}\n-----END PGP PUBLIC KEY BLOCK-----\n?"
_A_KEY: Final = "what gpg --armor --export prints, below `key: |`"
ArchiveKey = Annotated[str, written_as(_ARMOUR, "a public key in ASCII armour", _A_KEY), texts(_ARMOUR)]
_DATA: Final = rf"{_URL}|[A-Za-z0-9._~/-]{{0,200}}[A-Za-z0-9]"
_SOME_DATA: Final = "a file, or a URL of a mirror of your own; the last part names the release: tracker/trixie"
TrackerData = Annotated[str, written_as(_DATA, "a place of Debian's data about vulnerabilities", _SOME_DATA), texts(_DATA)]
_SERIAL: Final = r"[1-9a-f][0-9a-f]{0,39}"
_A_SERIAL: Final = "hexadecimal digits in quotation marks, as `ringfence status` says them"
Serial = Annotated[str, written_as(_SERIAL, "a certificate's serial number", _A_SERIAL), texts(_SERIAL)]
GiB = Annotated[Whole, Field(ge=1, le=16384)]
Days = Annotated[Whole, Field(ge=1, le=3660)]


class TimeSource(Declared):
    """A server outside that the services server takes its time from."""

    address: Address4
    """its IPv4 address"""
    nts: HostName | None = None
    """its name in the certificate that it shows (NTS); without one its answers are not authenticated"""


class TimeService(Declared):
    """Time for every server, authenticated by NTS (RFC 8915) with the platform's own authority."""

    upstream: Annotated[tuple[TimeSource, ...], Field(min_length=1)]
    """where the services server has the time from"""


class Mirror(Declared):
    """A mirror of Debian packages that the services server asks for its clients; only its suites are handed on."""

    url: Url
    """what stands before `dists/` and `pool/`"""
    address: Address4 | None = None
    """its IPv4 address, where the URL has a name"""
    suites: Annotated[tuple[Suite, ...], Field(min_length=1)]
    """the suites that servers take packages from"""
    components: Annotated[tuple[Name, ...], Field(min_length=1)] = ("main",)
    """the components of each suite"""
    key: ArchiveKey | None = None
    """the archive's public key in ASCII armour; Debian's own when it is left out"""

    @property
    def port(self) -> int:
        """The port that the mirror is asked on: the URL's, or the one of its scheme."""
        found = urlsplit(self.url)
        return found.port or _WELL_KNOWN[found.scheme]

    @property
    def host(self) -> str:
        """The name or the address in the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def server(self) -> IPv4Address | None:
        """The mirror's address: the declared one, or the one in the URL; ``None`` where neither says one (a check refuses that)."""
        return self.address or (IPv4Address(self.host) if re.fullmatch(ADDRESS4, self.host) else None)


class Updates(Declared):
    """When servers install security updates by themselves, every day."""

    hour: Annotated[Whole, Field(ge=0, le=23)]
    """the hour at which it begins, in UTC"""
    minutes: Annotated[Whole, Field(ge=10, le=1440)] = 120
    """how long after that a server may still begin, or be restarted"""
    restart: Literal["needed", "never"] = "needed"
    """whether a server is restarted when an update needs it"""


class PackageService(Declared):
    """Packages for servers that have no route to anywhere: a proxy with a cache, for the declared mirrors only."""

    mirrors: Annotated[dict[Name, Mirror], Field(min_length=1)]
    """mirrors by the first part of the path under which servers find them"""
    updates: Updates
    """when servers install security updates"""
    cache: GiB = 2
    """how much of the store the cache may take, in GiB"""


class LogService(Declared):
    """The servers' logs, kept where their tenant cannot change them."""

    keep_days: Days
    """how long a line is kept"""
    size: GiB
    """how much of the store the logs may take, in GiB; the oldest lines go first"""


class SessionService(Declared):
    """Recordings of what operators typed and saw on servers."""

    keep_days: Days
    """how long a recording is kept"""
    size: GiB = 1
    """how much of the store the recordings may take, in GiB"""


class Deadlines(Declared):
    """Within how many days a known vulnerability must be mended, once a fix is there, by the severity that Debian gives it."""

    high: Days = 7
    """severity high"""
    medium: Days = 30
    """severity medium"""
    low: Days = 90
    """severity low"""
    unassigned: Days = 30
    """no severity yet"""


class Limits(Declared):
    """From where on the state of servers and services is a fault."""

    offset: Annotated[Whole, Field(ge=1, le=60000)] = 100
    """by how many milliseconds a server's clock may be off"""
    silence: Annotated[Whole, Field(ge=1, le=8760)] = 24
    """for how many hours no line of a server may arrive; `ringfence status` itself makes some, as it logs in"""
    updates: Days = 3
    """how many days ago security updates must have been installed last"""
    certificate: Days = 14
    """for how many days a certificate must still be good; `pulumi up` renews it when a third of its life is left"""
    review: Days = 7
    """for how many days a session may wait for its review"""
    store: Annotated[Whole, Field(ge=1, le=100)] = 85
    """how many per cent of the store may be taken"""
    quota: Annotated[Whole, Field(ge=1, le=100)] = 90
    """how many per cent of a quota may be taken"""
    tracker: Days = 3
    """how many days old the data about vulnerabilities may be"""
    tracker_data: TrackerData | None = None
    """where Debian's data about vulnerabilities is: a file, from this folder on, or a URL of your own mirror; its name is the release's"""
    deadlines: Deadlines | None = None
    """within how many days vulnerabilities must be mended; the table's defaults when it is left out"""


class Services(Declared):
    """The services server of the platform: a server on the backbone, and what it offers there to servers and bastion."""

    host: HostNumber
    """its host number on the backbone; the cloud gives out the low ones to tenants' routers, so a high one is free"""
    flavor: Word
    """the cloud's name for processors and memory"""
    store: GiB
    """size of its encrypted data volume in GiB: the cache, the logs and the recordings"""
    time: TimeService | None = None
    """authenticated time"""
    packages: PackageService | None = None
    """Debian packages"""
    logs: LogService | None = None
    """logs of the servers"""
    sessions: SessionService | None = None
    """recordings of operators' sessions"""
    revoked: tuple[Serial, ...] = ()
    """serial numbers of certificates that the platform's authority takes back; their servers get new ones"""
    status: Limits | None = None
    """from where on something is worth a look; the table's defaults when it is left out"""

    _written: dict[str, tuple[str, int]] = PrivateAttr(default_factory=dict)

    @property
    def limits(self) -> Limits:
        """From where on fault is found: as declared, or the defaults."""
        return self.status or Limits()

    def place(self, service: str) -> tuple[str, int]:
        """Return the file and the line that declare a service; nothing of either where they were not read from a file."""
        return self._written.get(service, ("", 0))

    def read_from(self, places: Mapping[str, tuple[str, int]]) -> None:
        """Remember where each service was written."""
        self._written.update(places)
