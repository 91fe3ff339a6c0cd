"""What a server shows to others and trusts others by: its certificate, the key of it, the platform's authority and its lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hardening.bundle import GuestFile

FILES: Final = "/run/ringfence/files"
"""The folder of a bundle's files, as a server sees it."""

AUTHORITY: Final = "pki/ca.pem"
CERTIFICATE: Final = "pki/certificate.pem"
KEY: Final = "pki/key.pem"
REVOKED: Final = "pki/revoked.pem"
"""What the authority has taken back: a list for each key of the authority that is still believed."""


def seen(path: str) -> str:
    """Return where a server finds a file of its bundle."""
    return f"{FILES}/{path}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM texts: the authority's certificate, the server's own, its private key, which no message shows, and the authority's lists."""

    authority: str
    certificate: str
    key: str = field(repr=False)
    revoked: str


def files(credentials: Credentials) -> tuple[GuestFile, ...]:
    """All of them; programs that start as root read the key here, others have a copy that their account can read."""
    return (
        GuestFile(AUTHORITY, credentials.authority),
        GuestFile(CERTIFICATE, credentials.certificate),
        GuestFile(KEY, credentials.key, mode=0o600),
        GuestFile(REVOKED, credentials.revoked),
    )
