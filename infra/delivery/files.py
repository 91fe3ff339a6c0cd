"""Files of a server, with a certificate of its own in them; a secret of the state, as they hold its private key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi import Output

from hardening.bundle import bundle_of, encode_files
from hardening.services.credentials import Credentials
from hardening.services.declared import of_client, of_services_server
from infra.declaration import addresses, names
from infra.delivery.operators import Maker
from infra.delivery.papers import Holder
from infra.dynamic.certificates import Certificate, CertificateArgs
from infra.pki.certificates import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi import Input, ResourceOptions

    from hardening.services.declared import Delivered
    from infra.declaration.model import Platform
    from infra.delivery.operators import Operators
    from infra.delivery.papers import Issuer


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
        own = _credentials(self.issuer, holder, (Purpose.CLIENT, Purpose.SERVER), opts)
        offered = own.apply(lambda known: of_services_server(self.platform, known))
        return _encoded(offered, self._maker(lambda maker: maker.services_server(holder, opts)))

    def _client(self, holder: Holder, opts: ResourceOptions) -> Output[Delivered]:
        return _credentials(self.issuer, holder, (Purpose.CLIENT,), opts).apply(lambda own: of_client(self.platform, own))

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


def _credentials(issuer: Issuer, holder: Holder, purposes: tuple[Purpose, ...], opts: ResourceOptions) -> Output[Credentials]:
    args = CertificateArgs(
        authority_certificate=issuer.certificate,
        authority_key=issuer.private_key,
        organisation=holder.organisation,
        name=holder.server,
        purposes=[purpose.value for purpose in purposes],
        names=[holder.server],
        addresses=[holder.address],
        authority_lists=issuer.lists,
    )
    own = Certificate(holder.server, args, opts)
    parts: Output[dict[str, str]] = Output.all(
        authority=issuer.trusted, certificate=own.certificate, key=own.private_key, revoked=issuer.lists
    )
    secret: Output[dict[str, str]] = Output.secret(parts)
    return secret.apply(lambda known: Credentials(**known))
