"""Files of a server, with a certificate of its own in them; a secret of the state, as they hold its private key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulumi import Input, Output, ResourceOptions

from hardening.bundle import encode_files
from hardening.services.credentials import Credentials
from hardening.services.declared import of_client, of_services_server
from hardening.services.logs import Writer
from infra.declaration import addresses, names
from infra.dynamic.certificates import Authority, AuthorityArgs, Certificate, CertificateArgs
from infra.pki.certificates import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi import StackReference

    from hardening.services.declared import Delivered
    from infra.declaration.model import Platform

AUTHORITY = "authority"
"""The platform's authority, and the secret output of the platform's stack that tenants' stacks issue certificates by."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The platform's authority as a stack knows it; ``trusted`` is what servers believe."""

    certificate: Output[str]
    trusted: Output[str]
    private_key: Output[str]

    @classmethod
    def made(cls, opts: ResourceOptions) -> Issuer:
        """Declare the platform's authority."""
        authority = Authority(AUTHORITY, AuthorityArgs(names.PLATFORM, f"{names.PLATFORM} {AUTHORITY}"), opts)
        return cls(authority.certificate, authority.trusted, authority.private_key)

    @classmethod
    def read(cls, platform: StackReference) -> Issuer:
        """Read it from the outputs of the platform's stack. The engine says so when they lack it."""
        return cls.of(platform.require_output(AUTHORITY))

    @classmethod
    def of(cls, outputs: Output[dict[str, str]]) -> Issuer:
        """Take the outputs apart."""

        def part(known: dict[str, str], name: str) -> str:
            return known[name]

        return cls(*(outputs.apply(partial(part, name=field)) for field in cls.__slots__))

    def outputs(self) -> Output[dict[str, str]]:
        """Return what the platform's stack exports; a secret."""
        parts: Output[dict[str, str]] = Output.all(certificate=self.certificate, trusted=self.trusted, private_key=self.private_key)
        return Output.secret(parts)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose server a certificate is for, what it is called, and its management address."""

    organisation: str
    server: str
    address: Input[str]


def client_files(platform: Platform, issuer: Issuer, holder: Holder, opts: ResourceOptions) -> Output[str]:
    """Return the files of a client of the services."""
    return _files(issuer, holder, Purpose.CLIENT, opts).apply(_encoder(platform, of_client))


def server_files(platform: Platform, issuer: Issuer, opts: ResourceOptions) -> Output[str]:
    """Return the files of the services server."""
    holder = Holder(names.PLATFORM, names.SERVICES, str(addresses.services_address(platform)))
    writers = (Writer(addresses.bastion_address(platform), names.PLATFORM, names.BASTION),)
    render = partial(of_services_server, writers=writers)
    return _files(issuer, holder, Purpose.SERVER, opts).apply(_encoder(platform, render))


def _files(issuer: Issuer, holder: Holder, purpose: Purpose, opts: ResourceOptions) -> Output[Credentials]:
    args = CertificateArgs(
        authority_certificate=issuer.certificate,
        authority_key=issuer.private_key,
        organisation=holder.organisation,
        name=holder.server,
        purposes=[purpose.value],
        names=[holder.server],
        addresses=[holder.address],
    )
    own = Certificate(holder.server, args, opts)
    parts: Output[dict[str, str]] = Output.all(authority=issuer.trusted, certificate=own.certificate, key=own.private_key)
    secret: Output[dict[str, str]] = Output.secret(parts)
    return secret.apply(lambda known: Credentials(**known))


def _encoder(platform: Platform, render: Callable[[Platform, Credentials], Delivered]) -> Callable[[Credentials], str]:
    return lambda own: encode_files(*render(platform, own))
