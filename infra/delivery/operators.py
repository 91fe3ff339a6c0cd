"""Files of a server for operators and their sessions, with papers of its own in them; a secret of the state, as they hold private keys.

Towards the store a server shows a certificate that names its management address and nothing else: the store would believe a name that it
can look up. On its loopback interface it shows one of an authority that is its own, which lives as long as that authority, so that nobody
is locked out of a server when the platform's certificates have ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulumi import Output, ResourceOptions

from hardening.operators.declared import Believed, Papers, of_bastion, of_server, of_services_server
from hardening.operators.recording import Identity
from infra.declaration import names
from infra.dynamic.certificates import AUTHORITY_DAYS, Authority, AuthorityArgs, Certificate, CertificateArgs
from infra.dynamic.host_certificate import HostCertificate, HostCertificateArgs
from infra.pki.certificates import Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.services.declared import Delivered
    from infra.declaration.model import Platform
    from infra.delivery.papers import Holder, Issuer


@dataclass(frozen=True, slots=True)
class Operators:
    """What the operators' file says, as servers are told it: both authorities' public keys, and what is revoked."""

    authority: str
    hosts: str
    revoked: str
    automation_key: str

    def believed(self) -> Believed:
        """Return whom every server believes."""
        return Believed(self.authority, self.automation_key)

    def handed_over(self) -> Mapping[str, str]:
        """Return what :class:`infra.dynamic.guest_policy.GuestPolicyArgs` takes besides files."""
        return {"revoked": self.revoked, "revoked_by": self.authority}


def handed_over(operators: Operators | None) -> Mapping[str, str]:
    """Return the same where there may be no operators."""
    return operators.handed_over() if operators else {}


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the papers of a server, and of them its files."""

    platform: Platform
    issuer: Issuer
    operators: Operators

    def server(self, holder: Holder, opts: ResourceOptions) -> Output[Delivered]:
        """Return the files of a tenant's server."""
        believed = self.operators.believed()
        return self._papers(holder, [Purpose.CLIENT], opts).apply(
            lambda papers: of_server(self.platform, believed, holder.organisation, holder.server, papers)
        )

    def bastion(self, holder: Holder, opts: ResourceOptions) -> Output[Delivered]:
        """Return the files of the bastion."""
        return self._host_certificate(holder, opts).apply(partial(of_bastion, self.platform, self.operators.believed()))

    def services_server(self, holder: Holder, opts: ResourceOptions) -> Output[Delivered]:
        """Return the files of the services server, whose relay is a client of its own store."""
        papers = self._papers(holder, [Purpose.CLIENT, Purpose.SERVER], opts)
        return papers.apply(partial(of_services_server, self.platform, self.operators.believed()))

    def _papers(self, holder: Holder, purposes: list[Purpose], opts: ResourceOptions) -> Output[Papers]:
        outward = Certificate(
            names.sessions(holder.server),
            CertificateArgs(
                authority_certificate=self.issuer.certificate,
                authority_key=self.issuer.private_key,
                organisation=holder.organisation,
                name=holder.server,
                purposes=[purpose.value for purpose in purposes],
                addresses=[holder.address],
                authority_lists=self.issuer.lists,
            ),
            opts,
        )
        loopback = names.loopback(holder.server)
        local = Authority(loopback, AuthorityArgs(holder.organisation, loopback), opts)
        own = Certificate(
            loopback,
            CertificateArgs(
                authority_certificate=local.certificate,
                authority_key=local.private_key,
                organisation=holder.organisation,
                name=holder.server,
                purposes=[Purpose.CLIENT.value, Purpose.SERVER.value],
                names=[holder.server],
                days=AUTHORITY_DAYS,
            ),
            opts,
        )
        known: Output[dict[str, str]] = Output.all(
            host_certificate=self._host_certificate(holder, opts),
            outward=outward.certificate,
            outward_key=outward.private_key,
            outward_authority=self.issuer.trusted,
            loopback=own.certificate,
            loopback_key=own.private_key,
            loopback_authority=local.trusted,
        )
        secret: Output[dict[str, str]] = Output.secret(known)
        return secret.apply(_read)

    def _host_certificate(self, holder: Holder, opts: ResourceOptions) -> Output[str]:
        args = HostCertificateArgs(holder.host_key, [holder.server], self.operators.hosts)
        return HostCertificate(holder.server, args, opts).certificate


def _read(known: Mapping[str, str]) -> Papers:
    def identity(part: str) -> Identity:
        return Identity(known[part], known[f"{part}_key"], known[f"{part}_authority"])

    return Papers(known["host_certificate"], identity("outward"), identity("loopback"))
