"""An authority and certificates of hosts, as the platform would have issued them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from hardening.services.credentials import Credentials
from infra.pki.certificates import Purpose, Request, Signer, Subject, facts
from infra.pki.lives import Life
from infra.pki.revocation import revocation_list
from tests.fast.pki.authorities import NOW, issue, signer

if TYPE_CHECKING:
    from ipaddress import IPv4Address

SERIALS = count(100)


@dataclass(frozen=True)
class Papers:
    """One authority, and what it has taken back."""

    signer: Signer
    taken_back: set[int] = field(default_factory=set)

    @classmethod
    def new(cls, name: str = "ringfence") -> Papers:
        """An authority with a key of its own; two with one name differ in nothing else."""
        return cls(signer(name))

    def server(self, name: str, address: IPv4Address) -> Credentials:
        """For the services server."""
        return self._issue("platform", name, address, frozenset(Purpose))

    def client(self, tenant: str, name: str, address: IPv4Address) -> Credentials:
        """For a server of a tenant, which nobody asks for anything."""
        return self._issue(tenant, name, address, frozenset({Purpose.CLIENT}))

    @property
    def revoked(self) -> str:
        """Its list as it is now."""
        return revocation_list(self.signer, dict.fromkeys(self.taken_back, NOW), 1 + len(self.taken_back), Life.of(NOW, 90))

    def take_back(self, certificate: str) -> None:
        """Revoke a certificate; who has a list from before does not know."""
        self.taken_back.add(facts(certificate).serial)

    def _issue(self, organisation: str, name: str, address: IPv4Address, purposes: frozenset[Purpose]) -> Credentials:
        request = Request(Subject(organisation, name), purposes, (f"{name}.internal",), (address,))
        certificate, key = issue(self.signer, request, serial=next(SERIALS))
        return Credentials(self.signer.certificate, certificate, key, self.revoked)
