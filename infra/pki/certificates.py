"""Certificates of the authority, and what it has signed: who, for what, until when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.errors import CertificateError
from infra.pki.keys import read_key
from infra.pki.lives import Life

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from infra.pki.keys import Key

Address = IPv4Address | IPv6Address
Kind = TypeVar("Kind", bound=x509.ExtensionType)


class Purpose(StrEnum):
    """What a certificate may be used for in TLS."""

    SERVER = "server"
    CLIENT = "client"


_USAGE = {Purpose.SERVER: ExtendedKeyUsageOID.SERVER_AUTH, Purpose.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH}
_USES = {oid: purpose for purpose, oid in _USAGE.items()}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for: ``organisation`` is the tenant (or the platform), ``name`` the server."""

    organisation: str
    name: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a certificate shall say; the addresses are those at which the server is reached over management."""

    subject: Subject
    purposes: frozenset[Purpose]
    names: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says."""

    subject: Subject
    life: Life
    serial: int
    key_id: str
    issuer_key_id: str
    authority: bool
    purposes: frozenset[Purpose]
    names: tuple[str, ...]
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """The authority with its private key."""

    certificate: str
    private_key: str

    def __repr__(self) -> str:
        """Nothing: it holds a key."""
        return "Signer()"


def authority(subject: Subject, key: Key, serial: int, life: Life) -> str:
    """Return the authority's own certificate: it may sign certificates and lists of revoked ones, and no further authority.

    sudo refuses an authority whose key usage does not say so.
    """
    usage = _key_usage("key_cert_sign", "crl_sign")
    builder = _builder(_name(subject), key.public_key(), serial, life).issuer_name(_name(subject))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
    return _signed(builder, key)


def issued(signer: Signer, request: Request, key: Key, serial: int, life: Life) -> str:
    """Return a certificate for a server, signed; it ends with the authority's at the latest.

    Raises:
        CertificateError: no purpose, no address of a server, a name that no certificate can hold, an authority that has ended or has
            another key.
    """
    if not request.purposes or (Purpose.SERVER in request.purposes and not request.names and not request.addresses):
        raise CertificateError.of(
            "a certificate says too little",
            where=request.subject.name,
            expected="a purpose, and for a server a name or an address at which it is reached",
        )
    own, signing = _parsed(signer.certificate), signing_key(signer)
    builder = _builder(_name(request.subject), key.public_key(), serial, life.within(facts(signer.certificate).life))
    alternatives = [*map(x509.DNSName, request.names), *map(x509.IPAddress, request.addresses)]
    usage = sorted((_USAGE[purpose] for purpose in request.purposes), key=lambda oid: oid.dotted_string)
    builder = (
        builder.issuer_name(own.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return _signed(builder, signing)


def signing_key(signer: Signer) -> Key:
    """Return the authority's key. Raises :class:`CertificateError` when it is not the key of the certificate."""
    key = read_key(signer.private_key)
    if key.public_key() != _parsed(signer.certificate).public_key():
        raise CertificateError.of("the authority's key is another one than its certificate's", expected="both of one authority")
    return key


def facts(text: str) -> Facts:
    """Read a certificate. Raises :class:`CertificateError` when it is none, or says nothing of its key."""
    certificate = _parsed(text)
    own = _extension(certificate, x509.SubjectKeyIdentifier)
    if own is None:
        raise CertificateError.of("a certificate does not identify its key", expected="one that infra.pki has made")
    issuer = _extension(certificate, x509.AuthorityKeyIdentifier)
    basic = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    alternatives = _extension(certificate, x509.SubjectAlternativeName)
    return Facts(
        subject=Subject(_text(certificate, NameOID.ORGANIZATION_NAME), _text(certificate, NameOID.COMMON_NAME)),
        life=Life(certificate.not_valid_before_utc, certificate.not_valid_after_utc),
        serial=certificate.serial_number,
        key_id=own.digest.hex(),
        issuer_key_id=(issuer.key_identifier or b"").hex() if issuer else own.digest.hex(),
        authority=basic is not None and basic.ca,
        purposes=frozenset(_USES[oid] for oid in usage or () if oid in _USES),
        names=tuple(alternatives.get_values_for_type(x509.DNSName)) if alternatives else (),
        addresses=tuple(
            address
            for address in (alternatives.get_values_for_type(x509.IPAddress) if alternatives else ())
            if isinstance(address, IPv4Address | IPv6Address)
        ),
    )


def _parsed(text: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError as error:
        raise CertificateError.of("a certificate cannot be read", expected="one certificate in PEM", got=str(error)) from error


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _text(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _name(subject: Subject) -> x509.Name:
    try:
        return x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organisation), x509.NameAttribute(NameOID.COMMON_NAME, subject.name)]
        )
    except ValueError as error:
        raise CertificateError.of(
            "a name does not fit into a certificate", where=subject.name, expected="1 to 64 letters each", got=str(error)
        ) from error


def _builder(subject: x509.Name, key: EllipticCurvePublicKey, serial: int, life: Life) -> x509.CertificateBuilder:
    if life.start >= life.end:
        raise CertificateError.of(
            "a certificate would end before it begins", expected="an authority that is still valid, and a day or more"
        )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(life.start)
        .not_valid_after(life.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


_BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _key_usage(*set_bits: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{bit: bit in set_bits for bit in _BITS})


def _signed(builder: x509.CertificateBuilder, key: Key) -> str:
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode("ascii")
