"""What is compared is what the program declares: every object of the cloud, by the name that the stack has for it."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import pytest

from infra.declaration import names
from infra.declaration.services import Services
from infra.drift import wanted
from infra.drift.made import _TYPES
from tests.fast.components import recording
from tests.fast.declaration.declared import SERVICES
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from infra.drift.wanted import Wanted

pytestmark = pytest.mark.fast

NOT_OBJECTS = {
    "openstack:networking/secGroupRule:SecGroupRule": "compared as a part of its group",
    "openstack:networking/subnetRoute:SubnetRoute": "compared as a part of its subnet",
    "openstack:compute/volumeAttach:VolumeAttach": "compared as a part of its server",
    "openstack:compute/keypair:Keypair": "compared by its name at the servers",
    "openstack:images/image:Image": "compared by its id at the root volumes",
    "openstack:identity/project:Project": "who may do what is the part `denial`",
    "openstack:identity/user:User": "who may do what is the part `denial`",
    "openstack:identity/roleAssignment:RoleAssignment": "who may do what is the part `denial`",
    "openstack:identity/applicationCredential:ApplicationCredential": "who may do what is the part `denial`",
}
"""Types of the provider that are no rows of the listing, with the reason."""
INVENTORY = inventory()


@functools.cache
def recorded(stack: str) -> recording.RecordingCloud:
    """Return what a stack's program declares."""
    return recording.platform() if stack == names.PLATFORM else recording.tenant(stack)


def declared(cloud: recording.RecordingCloud) -> dict[str, set[str]]:
    """Return the names of what a program declares, by kind."""
    found: dict[str, set[str]] = {}
    for resource in cloud.resources:
        kind = _TYPES.get(resource.type)
        if kind:
            found.setdefault(kind, set()).add(resource.name)
    return {
        kind: found.get(kind, set())
        for kind in ("networks", "subnets", "routers", "ports", "groups", "address_groups", "router_interfaces")
    } | {kind: found.get(kind, set()) for kind in ("servers", "volumes", "floating_ips")}


def compared(wanted: Wanted) -> dict[str, set[str]]:
    """Return the names of what is compared, by kind."""
    ports = {*wanted.ports, *(interface.name for interface in wanted.interfaces.values() if interface.has_port)}
    return {
        "networks": set(wanted.networks),
        "subnets": set(wanted.subnets),
        "routers": set(wanted.routers),
        "ports": ports,
        "groups": set(wanted.groups),
        "address_groups": set(wanted.address_groups),
        "router_interfaces": set(wanted.interfaces),
        "servers": set(wanted.servers),
        "volumes": set(wanted.volumes),
        "floating_ips": set(wanted.public),
    }


@pytest.mark.parametrize("number", [0, 1], ids=["acme", "globex"])
def test_tenants_are_compared_by_the_names_of_the_program(number: int) -> None:
    """A name of the program that the comparison does not ask for would be an undeclared object, one too many a missing one."""
    tenant = INVENTORY.tenants[number]
    assert compared(wanted.of_tenant(INVENTORY, tenant)) == declared(recorded(tenant.name))


def test_platform_is_compared_by_the_names_of_the_program() -> None:
    """The platform as well."""
    routes: Any = {}
    assert compared(wanted.of_platform(INVENTORY, routes)) == declared(recorded(names.PLATFORM))


def test_a_platform_with_services_is_compared_whole() -> None:
    """The services server with its port, group and volumes; its rules and sizes are those that the program hands over."""
    offering = dataclasses.replace(
        INVENTORY, platform=INVENTORY.platform.model_copy(update={"services": Services.model_validate(SERVICES)})
    )
    found, cloud = wanted.of_platform(offering, {}), recording.platform(services=True)
    assert compared(found) == declared(cloud)
    assert found.servers["platform-services"].volumes == {"platform-services-root", "platform-services-store"}
    assert found.servers["platform-services"].ports == {"platform-services"}
    assert found.servers["platform-bastion"].ports == {"platform-bastion"}
    for group in ("platform-bastion", "platform-services"):
        rules = [one.inputs for one in cloud.of("SecGroupRule") if one.inputs["securityGroupId"] == f"{group}-id"]
        assert found.groups[group] == {
            (one["direction"], one["ethertype"], one["protocol"], f"{one['portRangeMin']:.0f}", one["remoteIpPrefix"]) for one in rules
        }
    assert {name: one.size for name, one in found.volumes.items()} == {one.name: one.inputs["size"] for one in cloud.of("Volume")}


@pytest.mark.parametrize("stack", [names.PLATFORM, "acme", "globex"])
def test_every_type_of_the_provider_is_compared_or_has_a_reason(stack: str) -> None:
    """A resource of a new type would be made and never looked at."""
    types = {resource.type for resource in recorded(stack).resources if resource.type.startswith("openstack:")}
    assert types <= _TYPES.keys() | NOT_OBJECTS.keys()
