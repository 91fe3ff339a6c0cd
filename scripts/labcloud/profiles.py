"""The clouds that the lab can be: the usual one, and one with other names, TLS, neighbours and another driver for backups.

Standard library only: the inside of the lab reads it too. What works on the second one as well does not depend on the names of the
first: ``tests/own_cloud`` walks docs/own-cloud.md on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of servers: memory in MiB, virtual processors, disk in GiB."""

    name: str
    memory: int
    processors: int
    disk: int = 0


@dataclass(frozen=True, slots=True)
class Stranger:
    """A project of somebody else's that is there before the platform is: its name, its domain, the addresses of its network."""

    project: str
    domain: str
    cidr: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The names of one cloud.

    Attributes:
        cloud: The entry of ``clouds.yaml`` that the operator gets.
        domain: The domain of the operator and its project, by name.
        flavors: Disks are volumes, so the usual flavors have none.
        tls: Whether the APIs speak TLS on the machine's loopback, by a certificate of an authority of the lab's own.
        inside: A host name, for the APIs' internal addresses, that only the inside knows; empty for the loopback itself.
        strangers: Who else is there.
        ceph_backups: Whether Cinder keeps backups in a pool of Ceph's, by Ceph's driver; else as files, by the POSIX driver, in chunks.
    """

    name: str
    cloud: str
    region: str
    domain: str
    operator: str
    project: str
    external_network: str
    flavors: tuple[Flavor, ...]
    tls: bool = False
    inside: str = ""
    strangers: tuple[Stranger, ...] = ()
    ceph_backups: bool = False


USUAL_DOMAIN: Final = "Default"
"""The domain that every Keystone has; the services' own users are in it, whatever the profile."""
USUAL: Final = Profile(
    name="default",
    cloud="lab",
    region="RegionOne",
    domain=USUAL_DOMAIN,
    operator="operator",
    project="platform",
    external_network="public",
    flavors=(Flavor("small", 768, 1), Flavor("tiny", 512, 1)),
)
# Strangers with the addresses that everybody uses, one of them in the operator's own domain.
OTHER: Final = Profile(
    name="other",
    cloud="mycloud",
    region="north-1",
    domain="corp",
    operator="ada",
    project="operations",
    external_network="wan",
    flavors=(Flavor("m1.small", 768, 1, 5), Flavor("m1.micro", 512, 1, 2)),
    tls=True,
    inside="api.inside",
    strangers=(Stranger("payroll", USUAL_DOMAIN, "10.0.0.0/24"), Stranger("archive", "corp", "10.0.0.0/24")),
    ceph_backups=True,
)
PROFILES: Final = {profile.name: profile for profile in (USUAL, OTHER)}
