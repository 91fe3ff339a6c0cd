"""What a server shows to others and trusts others by: its certificate, the key of it, and the platform's authority."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hardening.bundle import GuestFile

FILES: Final = "/run/ringfence/files"
"""The folder of a bundle's files, as a server sees it."""

AUTHORITY: Final = "pki/ca.pem"
CERTIFICATE: Final = "pki/certificate.pem"
KEY: Final = "pki/key.pem"


def seen(path: str) -> str:
    """Return where a server finds a file of its bundle."""
    return f"{FILES}/{path}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM texts: the authority's certificate, the server's own, and its private key, which no message shows."""

    authority: str
    certificate: str
    key: str = field(repr=False)


def files(credentials: Credentials) -> tuple[GuestFile, ...]:
    """The three of them; programs that start as root read the key here, others have a copy that their account can read."""
    return (
        GuestFile(AUTHORITY, credentials.authority),
        GuestFile(CERTIFICATE, credentials.certificate),
        GuestFile(KEY, credentials.key, mode=0o600),
    )
