"""What a tenant's stack knows of the platform: the platform's outputs, by name and type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Output

from infra.components.providers import Endpoint
from infra.declaration import names


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
    def read(cls) -> PlatformFacts:
        """Read the outputs of the stack ``platform`` of the same project. The engine says so when it does not exist."""
        stack = pulumi.StackReference(f"organization/{pulumi.get_project()}/{names.PLATFORM}")
        return cls.of(stack.require_output(names.PLATFORM))

    @classmethod
    def of(cls, facts: Output[dict[str, object]]) -> PlatformFacts:
        """Give names and types to the outputs."""

        def text(*path: str) -> Output[str]:
            return facts.apply(lambda tree: str(_at(tree, path)))

        return cls(
            endpoint=Endpoint(text("auth_url"), text("region"), text("cacert")),
            domain_id=facts.apply(domain),
            external_network_id=text("external_network_id"),
            image_id=text("image_id"),
            router_id=text("router_id"),
            further_router_ids=facts.apply(further_routers),
            pool_id=text("pool_id"),
            backbone_network_id=text("backbone", "network_id"),
            backbone_subnet_id=text("backbone", "subnet_id"),
            bastion_address=text("bastion", "address"),
            bastion_host_key=text("bastion", "host_key"),
        )


def domain(facts: dict[str, Any]) -> str | None:
    """Return the id of the domain of the tenants' projects; a platform of an earlier version left it to Keystone."""
    return str(facts["domain_id"]) if "domain_id" in facts else None


def further_routers(facts: dict[str, Any]) -> list[str]:
    """Return the ids of the platform's second router and those after it; a platform of an earlier version has none."""
    return [str(router["router_id"]) for router in facts.get("further_routers", ())]


def _at(tree: object, path: tuple[str, ...]) -> object:
    """Follow a path of keys. Raises ``KeyError`` for a platform that is older than the tenant's program."""
    for key in path:
        if not isinstance(tree, dict):
            raise KeyError(".".join(path))
        tree = tree[key]
    return tree
