"""Who issues certificates to servers, and whose server one is for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulumi import Input, Output, ResourceOptions

from infra.declaration import names
from infra.dynamic.certificates import Authority, AuthorityArgs

if TYPE_CHECKING:
    from pulumi import StackReference

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
