"""What the stacks made: every resource of the cloud with its id, as the engine keeps it. Pure.

A name is no identity in a cloud: a second group may have the name and the tags of a declared one. So the comparison asks for the object
with the id that the stack has, and whatever else there is, is undeclared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]

_TYPES = {
    "openstack:networking/network:Network": "networks",
    "openstack:networking/subnet:Subnet": "subnets",
    "openstack:networking/router:Router": "routers",
    "openstack:networking/port:Port": "ports",
    "openstack:networking/secGroup:SecGroup": "groups",
    "openstack:networking/addressGroupV2:AddressGroupV2": "address_groups",
    "openstack:networking/rbacPolicyV2:RbacPolicyV2": "rbac",
    "openstack:networking/floatingIp:FloatingIp": "floating_ips",
    "openstack:networking/subnetPool:SubnetPool": "subnet_pools",
    "openstack:compute/instance:Instance": "servers",
    "openstack:blockstorage/volume:Volume": "volumes",
    "openstack:blockstorage/volumeTypeV3:VolumeTypeV3": "volume_types",
    "openstack:compute/keypair:Keypair": "key_pairs",
    "openstack:identity/project:Project": "projects",
    "openstack:identity/user:User": "users",
    "openstack:identity/roleAssignment:RoleAssignment": "grants",
    "openstack:identity/applicationCredential:ApplicationCredential": "application_credentials",
    "openstack:images/image:Image": "images",
    "pulumi-python:dynamic/ringfence:RouterLeg": "legs",
    "pulumi-python:dynamic/ringfence:ManagementRoute": "routes",
    "pulumi-python:dynamic/ringfence:PoolRoute": "routes",
    "pulumi-python:dynamic/ringfence:EmptyDefaultGroup": "default_groups",
}
"""The engine's types by the word that the listing of the cloud has for them."""


@dataclass(frozen=True, slots=True)
class MadeResource:
    """One resource: its name in the stack (``infra.declaration.names``), the id that the cloud gave it, and what the provider read back."""

    name: str
    id: str
    outputs: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """The resources of one stack, by kind and then by name."""

    kinds: Mapping[str, Mapping[str, MadeResource]] = field(default_factory=dict)

    @classmethod
    def of(cls, exported: Json) -> Made:
        """Read what ``pulumi stack export`` prints. What waits for its deletion is not what the stack stands for."""
        kinds: dict[str, dict[str, MadeResource]] = {}
        for row in (exported.get("deployment") or {}).get("resources") or ():
            kind = _TYPES.get(row["type"])
            if kind and row.get("id") and not row.get("delete"):
                name = str(row["urn"]).rpartition("::")[2]
                kinds.setdefault(kind, {})[name] = MadeResource(name, str(row["id"]), row.get("outputs") or {})
        return cls(kinds)

    def get(self, kind: str, name: str) -> MadeResource | None:
        """Return a resource by its name."""
        return self.kinds.get(kind, {}).get(name)

    def ids(self, kind: str) -> dict[str, MadeResource]:
        """Return the resources of a kind by the cloud's id."""
        return {resource.id: resource for resource in self.kinds.get(kind, {}).values()}

    def legs(self) -> dict[str, str]:
        """Return the routers by the port with which the stack plugged them in; a leg's id is ``router/port``."""
        found = (resource.id.partition("/") for resource in self.kinds.get("legs", {}).values())
        return {port: router for router, _, port in found}

    def routes(self) -> set[tuple[str, str, str]]:
        """Return (router, destination, next hop) of every route that the stack added to a router of the platform; the id names it."""
        made = self.kinds.get("routes", {}).values()
        return {(one.id.partition("/")[0], str(one.outputs["destination"]), str(one.outputs["next_hop"])) for one in made}


NOTHING = Made()


def ids_of_all(stacks: Iterable[Made], kind: str) -> frozenset[str]:
    """Return the ids of a kind that any of some stacks knows."""
    return frozenset(resource.id for made in stacks for resource in made.kinds.get(kind, {}).values())


def names_of_all(stacks: Iterable[Made], kind: str) -> frozenset[str]:
    """Return the names that any of some stacks gave to objects of a kind."""
    return frozenset(name for made in stacks for name in made.kinds.get(kind, {}))
