"""The platform's authority for TLS in the tests, made by the product's own code, and another one that nobody should believe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric import ec

from hardening.operators.recording import Identity
from infra.pki.certificates import Purpose, Request, Signer, Subject, authority, issued
from infra.pki.keys import Key, encoded
from infra.pki.lives import Life


def _key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _life() -> Life:
    now = datetime.now(UTC)
    return Life(now - timedelta(minutes=5), now + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority with its key."""

    name: str
    signer: Signer

    @classmethod
    def made(cls, name: str) -> Authority:
        """Make another one, that nobody should believe."""
        key = _key()
        return cls(name, Signer(authority(Subject(name, name), key, 1, _life()), encoded(key)))

    def identity(self, host: str, address: str, *purposes: Purpose) -> Identity:
        """Return a host's identity, for its address."""
        key = _key()
        request = Request(Subject("acme", host), frozenset(purposes or Purpose), (), (ip_address(address),))
        return Identity(issued(self.signer, request, key, 2, _life()), encoded(key), self.signer.certificate)
