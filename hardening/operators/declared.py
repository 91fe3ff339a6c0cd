"""Files of every server for operators: who may log in, and what records their sessions; nothing where no sessions are declared.

The list of what is revoked is none of these files (see ``hardening.operators.sshd.REVOKED``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hardening.operators import recording, sshd
from hardening.services.declared import Delivered
from infra.declaration import addresses, names

if TYPE_CHECKING:
    from hardening.bundle import GuestFile
    from hardening.operators.recording import Identity
    from infra.declaration.model import Platform
    from infra.declaration.services import SessionService

SSH: Final = "ssh.service"
RELAY: Final = "ringfence-relay.service"
STORE: Final = "ringfence-sessions.service"


@dataclass(frozen=True, slots=True)
class Believed:
    """Whom every server believes: the operators' authority, and the automation's key; both public."""

    authority: str
    automation_key: str


@dataclass(frozen=True, slots=True)
class Papers:
    """What one server shows: its host certificate, and its identities towards the store and on the loopback interface."""

    host_certificate: str
    outward: Identity = field(repr=False)
    loopback: Identity = field(repr=False)


def of_server(platform: Platform, believed: Believed, tenant: str, host: str, papers: Papers) -> Delivered:
    """What a tenant's server gets: its tenant's operators, and a relay of their sessions."""
    found = _store(platform)
    if found is None:
        return Delivered()
    logins = sshd.server(_from_bastion(platform, believed, papers), tenant)
    return Delivered((*logins, *recording.server(host, found[1], papers.outward, papers.loopback)), (SSH, RELAY))


def of_bastion(platform: Platform, believed: Believed, host_certificate: str) -> Delivered:
    """What the bastion gets: every operator passes through."""
    if _store(platform) is None:
        return Delivered()
    logins = sshd.Logins(believed.authority, believed.automation_key, platform.bastion.allowed_from, host_certificate)
    return Delivered(sshd.bastion(logins, platform.ssh_port), (SSH,))


def of_services_server(platform: Platform, believed: Believed, papers: Papers) -> Delivered:
    """What the services server gets: the platform's own operators, their relay, and the store of everybody's sessions."""
    found = _store(platform)
    if found is None:
        return Delivered()
    declared, address = found
    own = of_server(platform, believed, names.PLATFORM, names.SERVICES, papers)
    kept = recording.store(address, papers.outward, recording.Retention(declared.keep_days, declared.size))
    return Delivered(_once((*own.files, *kept)), (*own.units, STORE))


def sshd_before_the_image(platform: Platform, tenant: str) -> str:
    """Return sshd's configuration that comes before the image's: on a server of a tenant or of the platform, on the bastion for no tenant.

    It says the same whatever the keys are, for they are files of their own. Nothing where no sessions are declared.
    """
    if _store(platform) is None:
        return ""
    logins = sshd.Logins("", "", (), "declared")
    files = sshd.server(logins, tenant) if tenant else sshd.bastion(logins, platform.ssh_port)
    return next(file.text for file in files if file.path == sshd.CONFIG)


def _store(platform: Platform) -> tuple[SessionService, str] | None:
    address = addresses.services_address(platform)
    declared = platform.services.sessions if platform.services else None
    return (declared, str(address)) if declared and address else None


def _from_bastion(platform: Platform, believed: Believed, papers: Papers) -> sshd.Logins:
    source = addresses.single(addresses.bastion_address(platform))
    return sshd.Logins(believed.authority, believed.automation_key, (source,), papers.host_certificate)


def _once(files: tuple[GuestFile, ...]) -> tuple[GuestFile, ...]:
    """Relay and store of one server show the same identity."""
    return tuple(dict.fromkeys(files))
