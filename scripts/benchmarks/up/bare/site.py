"""What the script works with: the platform's ids, the declaration, the admin's connection, and threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

import msgspec

from infra.declaration import names

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from openstack.connection import Connection
    from openstack.identity.v3._proxy import Proxy as Keystone

    from infra.declaration.model import Platform, Tenant
    from infra.policy.rules import TenantPolicy

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")


class Backbone(msgspec.Struct, frozen=True):
    """The management backbone."""

    network_id: str
    subnet_id: str


class Bastion(msgspec.Struct, frozen=True):
    """The way to the servers."""

    address: str
    host_key: str


class Facts(msgspec.Struct, frozen=True):
    """The platform's outputs that a tenant is built on."""

    auth_url: str
    region: str
    cacert: str
    external_network_id: str
    image_id: str
    router_id: str
    pool_id: str
    backbone: Backbone
    bastion: Bastion


class Order(msgspec.Struct, frozen=True):
    """What the script is given on its standard input: the platform, quotas by service, and the automation's public key."""

    facts: Facts
    limits: dict[str, dict[str, int]]
    public_key: str


class Start(Protocol):
    """Runs a function in a thread of its own."""

    def __call__(self, function: Callable[Parameters, Made], /, *arguments: Parameters.args, **named: Parameters.kwargs) -> Future[Made]:
        """Return at once; the result comes later."""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that the parts of the script share."""

    admin: Connection
    order: Order
    platform: Platform
    tenant: Tenant
    policy: TenantPolicy
    start: Start

    @property
    def name(self) -> str:
        """The tenant's name."""
        return self.tenant.name

    def tags(self, zone: str = "") -> list[str]:
        """Return the labels of something in Neutron."""
        return names.tag_list(names.tags(self.tenant, zone))


def keystone(cloud: Connection) -> Keystone:
    """Return the identity service, whose client is also one for a version that no cloud has any more."""
    return cast("Keystone", cloud.identity)


def tagged(cloud: Connection, made: Any, tags: list[str]) -> Any:  # noqa: ANN401 - any of Neutron's resources
    """Put labels on something new; Neutron takes them in a request of their own."""
    cloud.network.set_tags(made, tags)
    return made
