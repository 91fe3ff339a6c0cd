"""Authorities and certificates for tests, made at any time."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric import ec

from infra.pki import certificates, keys
from infra.pki.certificates import Purpose, Request, Signer, Subject
from infra.pki.lives import Life

NOW = datetime.now(UTC).replace(microsecond=0)
BOTH = frozenset(Purpose)


def new_key() -> keys.Key:
    """A new key."""
    return ec.generate_private_key(ec.SECP256R1())


def signer(name: str = "ringfence", *, now: datetime = NOW, days: int = 1000) -> Signer:
    """An authority of its own."""
    key = new_key()
    return Signer(certificates.authority(Subject("platform", name), key, 7, Life.of(now, days)), keys.encoded(key))


def request(tenant: str = "acme", name: str = "acme-web", *, purposes: frozenset[Purpose] = BOTH) -> Request:
    """A server's request."""
    return Request(Subject(tenant, name), purposes, (f"{name}.internal",), (ip_address("172.30.0.4"), ip_address("fd00::4")))


def issue(by: Signer, asked: Request, *, serial: int = 8, now: datetime = NOW, days: int = 90) -> tuple[str, str]:
    """A certificate and its key."""
    key = new_key()
    return certificates.issued(by, asked, key, serial, Life.of(now, days)), keys.encoded(key)
