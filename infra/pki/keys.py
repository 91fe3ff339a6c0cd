"""Private keys as PEM, and what identifies them. ECDSA on P-256: all daemons of a server know it, and it costs an emulated guest little."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509 import SubjectKeyIdentifier

from infra.errors import CertificateError

Key = ec.EllipticCurvePrivateKey


def encoded(key: Key) -> str:
    """Write a private key as PEM (PKCS 8), not encrypted: the state of the stack is."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def read_key(text: str) -> Key:
    """Read a private key. Raises :class:`CertificateError`, which quotes nothing of it."""
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError.of("a private key cannot be read", expected="an ECDSA key in PEM, not encrypted")
    return key


def key_id(key: Key) -> str:
    """Return the identifier that certificates carry of a key (RFC 5280, 4.2.1.2, method 1)."""
    return SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()
