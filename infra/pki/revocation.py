"""Lists of what an authority has taken back. A list ends like a certificate does, and one that has ended lets nobody in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from infra.errors import CertificateError
from infra.pki.certificates import facts, signing_key
from infra.pki.lives import Life

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from infra.pki.certificates import Signer


_ONE: Final = re.compile(r"-----BEGIN X509 CRL-----\n.*?-----END X509 CRL-----\n?", re.DOTALL)


def revocation_list(signer: Signer, revoked: Mapping[int, datetime], number: int, life: Life) -> str:
    """Return the signed list: serial numbers with the time at which each was revoked; ``number`` grows with every list."""
    key = signing_key(signer)
    life = life.within(facts(signer.certificate).life)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_pem_x509_certificate(signer.certificate.encode()).subject)
        .last_update(life.start)
        .next_update(life.end)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for serial, when in sorted(revoked.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when.replace(microsecond=0)).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode("ascii")


def read_list(text: str) -> tuple[Life, dict[int, datetime], int]:
    """Return a list's life, what it revokes, and its number. Raises :class:`CertificateError` when it is none."""
    try:
        found = x509.load_pem_x509_crl(text.encode())
        number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, x509.ExtensionNotFound) as error:
        raise CertificateError.of("a list of revoked certificates cannot be read", expected="one list in PEM", got=str(error)) from error
    if found.next_update_utc is None:
        raise CertificateError.of("a list of revoked certificates has no end", expected="one that infra.pki has made")
    revoked = {entry.serial_number: entry.revocation_date_utc for entry in found}
    return Life(found.last_update_utc, found.next_update_utc), revoked, number


def taken_back(lists: str) -> frozenset[int]:
    """Return the serial numbers that any of several lists revokes; an authority's former keys have lists of their own.

    Raises:
        CertificateError: there is none, or one cannot be read.
    """
    found = _ONE.findall(lists)
    if not found or _ONE.sub("", lists).strip():
        raise CertificateError.of("no lists of revoked certificates", expected="lists in PEM, one behind the other, and nothing else")
    return frozenset(serial for one in found for serial in read_list(one)[1])
