"""What the stacks export: the one description of their outputs. Pure.

Components encode their outputs from these, and whoever reads a stack decodes them to these: tenants' programs, the verification, and the
verbs that need an address or a host key. The names are an interface to programs of others as well.

A state may be older or newer than the program that reads it. So a field that came later has a default, and fields that are not known here
are passed over; a field that is missing, or has another type, is refused with its place.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from infra import structs
from infra.errors import CloudError

Outputs = TypeVar("Outputs")
LATER = frozenset({"services"})
"""Fields that a stack has only where its declaration asks for what they tell."""


class _Output(msgspec.Struct, frozen=True):
    """An object of the outputs."""


class BackboneOutput(_Output, frozen=True):
    """The management backbone."""

    network_id: str
    subnet_id: str
    cidr: str


class BastionOutput(_Output, frozen=True):
    """The bastion: its public address, its address on the backbone, and the key of its host."""

    id: str
    address: str
    management: str
    host_key: str


class ServicesOutput(_Output, frozen=True):
    """The services server: its address on the backbone, and the key of its host."""

    id: str
    address: str
    host_key: str


class RouterOutput(_Output, frozen=True):
    """A further router of the platform, with its address on the backbone."""

    router_id: str
    address: str


class PlatformOutput(_Output, frozen=True):
    """The output ``platform`` of the platform's stack."""

    region: str
    auth_url: str
    cacert: str
    external_network: str
    external_network_id: str
    project_id: str
    image_id: str
    router_id: str
    pool_id: str
    backbone: BackboneOutput
    bastion: BastionOutput
    volume_types: dict[str, str]
    domain_id: str | None = None
    """``None`` of a platform of an earlier version, which left the domain to Keystone."""
    further_routers: tuple[RouterOutput, ...] = ()
    """None of a platform of an earlier version."""
    services: ServicesOutput | None = None
    """``None`` of a platform that declares no services: such a stack does not export the field at all."""

    def routers(self) -> list[str]:
        """Return the ids of the platform's routers, the one with the gateway outside first."""
        return [self.router_id, *(router.router_id for router in self.further_routers)]


class NicOutput(_Output, frozen=True):
    """A server's port in a zone."""

    port_id: str
    mac: str
    addresses: tuple[str, ...]


class VolumesOutput(_Output, frozen=True):
    """A server's volumes; ``data`` by the disk's name."""

    root: str
    data: dict[str, str]


class ServerOutput(_Output, frozen=True):
    """A server; ``management`` is its management address, ``nics`` are by zone."""

    id: str
    management: str
    management_port_id: str
    host_key: str
    nics: dict[str, NicOutput]
    volumes: VolumesOutput
    public: str | None = None


class ZoneOutput(_Output, frozen=True):
    """A zone's network and subnets, IPv4 first."""

    network_id: str
    subnet_ids: tuple[str, ...]


class ManagementOutput(_Output, frozen=True):
    """A tenant's management segment."""

    network_id: str
    subnet_id: str
    router_id: str
    cidr: str


class DeployerOutput(_Output, frozen=True):
    """The user that the operator's stack works as."""

    user_id: str


class TenantOutput(_Output, frozen=True):
    """The output ``tenant`` of a tenant's stack; zones, groups and servers are by their names in the declaration."""

    name: str
    region: str
    project_id: str
    deployer: DeployerOutput
    edge_router_id: str
    management: ManagementOutput
    zones: dict[str, ZoneOutput]
    groups: dict[str, str]
    servers: dict[str, ServerOutput]


def encoded(kind: type[msgspec.Struct], values: dict[str, Any]) -> dict[str, Any]:
    """Return an output as a stack exports it. Raises ``msgspec.ValidationError`` for values that are no such output.

    Fields of :data:`LATER` that have no value are left out, so that a living stack without them shows no change.
    """
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(structs.convert(values, kind)))
    return {name: value for name, value in plain.items() if value is not None or name not in LATER}


def decoded(kind: type[Outputs], values: object, stack: str) -> Outputs:
    """Return what a stack exported. Raises :class:`CloudError` with the place of a field that is not as it is described here."""
    try:
        return structs.convert(values, kind)
    except msgspec.ValidationError as error:
        raise CloudError.of(
            "the stack's outputs are not those of this version of the program",
            where=f"stack {stack}",
            got=str(error),
            hint=f"pulumi up -s {stack}",
        ) from error
