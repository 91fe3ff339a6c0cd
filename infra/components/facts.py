"""What a tenant's stack knows of the platform: the platform's outputs, by name and type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi import Output

from infra.components.providers import Endpoint
from infra.declaration import names
from infra.outputs import PlatformOutput, decoded

if TYPE_CHECKING:
    from collections.abc import Callable


def platform_stack() -> pulumi.StackReference:
    """Return the stack ``platform`` of the same project. The engine says so when it does not exist."""
    return pulumi.StackReference(f"organization/{pulumi.get_project()}/{names.PLATFORM}")


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """The outputs of the platform's stack that tenants build on."""

    endpoint: Endpoint
    domain_id: Output[str | None]
    external_network_id: Output[str]
    image_id: Output[str]
    router_id: Output[str]
    further_router_ids: Output[list[str]]
    pool_id: Output[str]
    backbone_network_id: Output[str]
    backbone_subnet_id: Output[str]
    bastion_address: Output[str]
    bastion_host_key: Output[str]

    @classmethod
    def read(cls, platform: pulumi.StackReference) -> PlatformFacts:
        """Read the outputs of the platform's stack. The engine says so when they lack what a tenant needs."""
        return cls.of(platform.require_output(names.PLATFORM))

    @classmethod
    def of(cls, facts: Output[dict[str, object]]) -> PlatformFacts:
        """Give types to the outputs. The engine reports an output that is missing or of another type."""
        known = facts.apply(lambda tree: decoded(PlatformOutput, tree, names.PLATFORM))

        def text(part: Callable[[PlatformOutput], str]) -> Output[str]:
            return known.apply(part)

        return cls(
            endpoint=Endpoint(text(lambda own: own.auth_url), text(lambda own: own.region), text(lambda own: own.cacert)),
            domain_id=known.apply(lambda own: own.domain_id),
            external_network_id=text(lambda own: own.external_network_id),
            image_id=text(lambda own: own.image_id),
            router_id=text(lambda own: own.router_id),
            further_router_ids=known.apply(lambda own: own.routers()[1:]),
            pool_id=text(lambda own: own.pool_id),
            backbone_network_id=text(lambda own: own.backbone.network_id),
            backbone_subnet_id=text(lambda own: own.backbone.subnet_id),
            bastion_address=text(lambda own: own.bastion.address),
            bastion_host_key=text(lambda own: own.bastion.host_key),
        )
