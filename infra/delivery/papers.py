"""Who issues certificates to servers, and whose server one is for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulumi import Input, Output, ResourceOptions

from infra.declaration import names
from infra.dynamic.certificates import Authority, AuthorityArgs
from infra.errors import CertificateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import StackReference

AUTHORITY = "authority"
"""The platform's authority, and the secret output of the platform's stack that tenants' stacks issue certificates by."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The platform's authority as a stack knows it; ``trusted`` is what servers believe, ``lists`` what they do not believe any more."""

    certificate: Output[str]
    trusted: Output[str]
    private_key: Output[str]
    lists: Output[str]

    @classmethod
    def made(cls, revoked: Sequence[str], opts: ResourceOptions) -> Issuer:
        """Declare the platform's authority, and which certificates it takes back, by their serial numbers."""
        authority = Authority(AUTHORITY, AuthorityArgs(names.PLATFORM, f"{names.PLATFORM} {AUTHORITY}", revoked), opts)
        return cls(authority.certificate, authority.trusted, authority.private_key, authority.lists)

    @classmethod
    def read(cls, platform: StackReference) -> Issuer:
        """Read it from the outputs of the platform's stack. The engine says so when they lack it."""
        return cls.of(platform.require_output(AUTHORITY))

    @classmethod
    def of(cls, outputs: Output[dict[str, str]]) -> Issuer:
        """Take the outputs apart."""

        def part(known: dict[str, str], name: str) -> str:
            if name not in known:
                hint = f"pulumi up --stack {names.PLATFORM}, then this stack"
                raise CertificateError.of(
                    "the platform was last brought up by an older ringfence", where=AUTHORITY, expected=name, hint=hint
                )
            return known[name]

        return cls(*(outputs.apply(partial(part, name=field)) for field in cls.__slots__))

    def outputs(self) -> Output[dict[str, str]]:
        """Return what the platform's stack exports; a secret."""
        parts: Output[dict[str, str]] = Output.all(**{field: getattr(self, field) for field in self.__slots__})
        return Output.secret(parts)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose server certificates are for, what it is called, its management address, and its SSH host key."""

    organisation: str
    server: str
    address: Input[str]
    host_key: Input[str]
