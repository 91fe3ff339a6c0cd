"""A random secret that is generated once and kept, encrypted, in the stack's state."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, ClassVar

from pulumi import Output, ResourceOptions
from pulumi.dynamic import CreateResult, Resource

from infra.dynamic.base import Lifecycle, Props

if TYPE_CHECKING:
    from pulumi import Input

ENTROPY_BYTES = 32


class GeneratedSecretLifecycle(Lifecycle):
    """Generate on create; another ``generation`` makes another secret."""

    identity: ClassVar[tuple[str, ...]] = ("generation",)

    def create(self, props: Props) -> CreateResult:
        """Draw 256 bits, as text that is safe in URLs and headers."""
        return CreateResult(secrets.token_hex(8), {**props, "value": secrets.token_urlsafe(ENTROPY_BYTES)})


class GeneratedSecret(Resource, module="ringfence", name="GeneratedSecret"):
    """A random text of 256 bits; ``value`` is a secret output."""

    value: Output[str]

    def __init__(self, name: str, *, generation: Input[int] = 1, opts: ResourceOptions | None = None) -> None:
        """Declare the secret; raise ``generation`` to rotate it."""
        marked = ResourceOptions(additional_secret_outputs=["value"])
        props = {"generation": generation, "value": None}
        super().__init__(GeneratedSecretLifecycle(), name, props, ResourceOptions.merge(opts, marked))
