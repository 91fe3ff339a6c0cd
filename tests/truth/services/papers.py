"""An authority and certificates of hosts, as the platform would have issued them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from hardening.services.credentials import Credentials
from infra.pki.certificates import Purpose, Request, Signer, Subject
from tests.fast.pki.authorities import issue, signer

if TYPE_CHECKING:
    from ipaddress import IPv4Address

SERIALS = count(100)


@dataclass(frozen=True)
class Papers:
    """One authority."""

    signer: Signer

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

    def _issue(self, organisation: str, name: str, address: IPv4Address, purposes: frozenset[Purpose]) -> Credentials:
        request = Request(Subject(organisation, name), purposes, (f"{name}.internal",), (address,))
        certificate, key = issue(self.signer, request, serial=next(SERIALS))
        return Credentials(self.signer.certificate, certificate, key)
