"""A host's certificate: its own key, signed by the platform's authority for hosts, for its names only. The moment is handed in."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_private_key,
    load_ssh_public_identity,
    load_ssh_public_key,
)

from infra.errors import CertificateError
from infra.operators.changes import BEFORE
from infra.operators.public_keys import PLAIN, read
from infra.pki.lives import Life

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS = 90
"""How long a host's certificate lives; `up` makes a new one, and the pinned key knows the host besides."""


def host_certificate(authority: str, public: str, names: Sequence[str], now: datetime, days: int = DAYS) -> str:
    """Return the certificate as one line, as ``HostCertificate`` takes it; ``authority`` is the private key in OpenSSH's format.

    Raises:
        CertificateError: no name (such a certificate would be good for every host), or a key of another kind.
    """
    if not names or not all(names):
        raise CertificateError.of("a host's certificate has to name the host", expected="at least one name")
    key: object = None
    host: object = None
    with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):  # what the reader says may quote the key
        key, host = load_ssh_private_key(authority.encode(), password=None), load_ssh_public_key(str(read(public, PLAIN)).encode())
    if not isinstance(key, Ed25519PrivateKey) or not isinstance(host, Ed25519PublicKey):
        raise CertificateError.of("a host's certificate cannot be signed", where=names[0], expected="ed25519 keys in OpenSSH's format")
    begins = int((now - BEFORE).timestamp())
    builder = SSHCertificateBuilder().public_key(host).type(SSHCertificateType.HOST).key_id(names[0].encode())
    builder = builder.valid_principals([name.encode() for name in names]).serial(int(now.strftime("%Y%m%d%H%M%S")))
    ends = int((now + timedelta(days=days)).timestamp())
    return builder.valid_after(begins).valid_before(ends).sign(key).public_bytes().decode()


def life(certificate: str) -> Life:
    """Return from when to when a host's certificate is good. Raises :class:`CertificateError` when it is none."""
    found: object = None
    with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
        found = load_ssh_public_identity(certificate.encode())
    if not isinstance(found, SSHCertificate):
        raise CertificateError.of("a host's certificate cannot be read", expected="one line, as infra.operators.hosts makes it")
    return Life(datetime.fromtimestamp(found.valid_after, UTC), datetime.fromtimestamp(found.valid_before, UTC))


def public_half(private: str) -> str:
    """Return the public key of an authority, as the operators' file has it. Raises :class:`CertificateError`, which quotes nothing."""
    key: object = None
    with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = load_ssh_private_key(private.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise CertificateError.of("an authority's key cannot be read", expected="an ed25519 key in OpenSSH's format, without a passphrase")
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
