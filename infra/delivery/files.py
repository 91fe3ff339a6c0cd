"""Files of a server, with a certificate of its own in them; a secret of the state, as they hold its private key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulumi import Input, Output, ResourceOptions

from hardening.bundle import bundle_of, encode_files
from hardening.services.credentials import Credentials
from hardening.services.declared import of_client, of_services_server
from hardening.services.logs import Writer
from infra.declaration import addresses, names
from infra.delivery.operators import Maker
from infra.dynamic.certificates import Authority, AuthorityArgs, Certificate, CertificateArgs
from infra.pki.certificates import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi import StackReference

    from hardening.services.declared import Delivered
    from infra.declaration.model import Platform
    from infra.delivery.operators import Operators

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
    """Whose server certificates are for, what it is called, its management address, and its SSH host key."""

    organisation: str
    server: str
    address: Input[str]
    host_key: Input[str]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the files of a stack's servers come from: the platform's declaration and authority, and the operators where there are any."""

    platform: Platform
    issuer: Issuer
    operators: Operators | None = None

    def server(self, holder: Holder, opts: ResourceOptions) -> Output[str]:
        """Return the files of a tenant's server."""
        return _encoded(self._client(holder, opts), self._maker(lambda maker: maker.server(holder, opts)))

    def bastion(self, host_key: Input[str], opts: ResourceOptions) -> Output[str]:
        """Return the files of the bastion."""
        holder = Holder(names.PLATFORM, names.BASTION, str(addresses.bastion_address(self.platform)), host_key)
        return _encoded(self._client(holder, opts), self._maker(lambda maker: maker.bastion(holder, opts)))

    def services_server(self, host_key: Input[str], opts: ResourceOptions) -> Output[str]:
        """Return the files of the services server."""
        holder = Holder(names.PLATFORM, names.SERVICES, str(addresses.services_address(self.platform)), host_key)
        writers = (Writer(addresses.bastion_address(self.platform), names.PLATFORM, names.BASTION),)
        offered = _credentials(self.issuer, holder, Purpose.SERVER, opts).apply(lambda own: of_services_server(self.platform, own, writers))
        return _encoded(offered, self._maker(lambda maker: maker.services_server(holder, opts)))

    def _client(self, holder: Holder, opts: ResourceOptions) -> Output[Delivered]:
        return _credentials(self.issuer, holder, Purpose.CLIENT, opts).apply(lambda own: of_client(self.platform, own))

    def _maker(self, make: Callable[[Maker], Output[Delivered]]) -> Output[Delivered] | None:
        return make(Maker(self.platform, self.issuer, self.operators)) if self.operators else None


def _encoded(*parts: Output[Delivered] | None) -> Output[str]:
    """Put the parts of a bundle together. They meet as texts, because the engine makes plain tuples of named ones."""
    texts = [part.apply(lambda one: encode_files(*one)) for part in parts if part is not None]
    known: Output[list[str]] = Output.all(*texts)
    return known.apply(_joined)


def _joined(texts: list[str]) -> str:
    bundles = [bundle_of("", text) for text in texts]
    units = tuple(dict.fromkeys(unit for bundle in bundles for unit in bundle.units))
    return encode_files(tuple(file for bundle in bundles for file in bundle.files), units)


def _credentials(issuer: Issuer, holder: Holder, purpose: Purpose, opts: ResourceOptions) -> Output[Credentials]:
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
