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
    "openstack:networking/secGroupRule:SecGroupRule": "rules",
    "pulumi-python:dynamic/ringfence:GuestPolicy": "guest_policies",
    "pulumi-python:dynamic/ringfence:RouterLeg": "router_interfaces",
    "pulumi-python:dynamic/ringfence:ManagementRoute": "routes",
    "pulumi-python:dynamic/ringfence:PoolRoute": "routes",
    "pulumi-python:dynamic/ringfence:EmptyDefaultGroup": "default_groups",
}
"""The engine's types by the word that the listing of the cloud has for them."""
_SETTINGS = "pulumi:providers:pulumi-python"
"""The provider with whose inputs the engine keeps the configuration that a stack was last brought up with."""
_NAMESPACE = "ringfence:"


@dataclass(frozen=True, slots=True)
class MadeResource:
    """One resource: its name in the stack (``infra.declaration.names``), the id that the cloud gave it, and what the provider read back."""

    name: str
    id: str
    outputs: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """The resources of one stack, by kind and then by name.

    ``settings`` is the configuration with which it was last brought up, where the engine keeps it, each value as the engine writes it;
    ``pending`` are resources with which an update was at work when it was cut off, or that wait for their deletion; ``time`` is that of
    the last update.
    """

    kinds: Mapping[str, Mapping[str, MadeResource]] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    time: str = ""

    @classmethod
    def of(cls, exported: Json) -> Made:
        """Read what ``pulumi stack export`` prints. What waits for its deletion is not what the stack stands for."""
        kinds: dict[str, dict[str, MadeResource]] = {}
        deployment = exported.get("deployment") or {}
        settings: dict[str, str] = {}
        cut_off = [_name(one["resource"]["urn"]) for one in deployment.get("pending_operations") or ()]
        for row in deployment.get("resources") or ():
            if row["type"] == _SETTINGS:
                settings |= {key: value for key, value in (row.get("inputs") or {}).items() if key.startswith(_NAMESPACE)}
            if row.get("delete"):
                cut_off.append(_name(row["urn"]))
            kind = _TYPES.get(row["type"])
            if kind and row.get("id") and not row.get("delete"):
                name = _name(row["urn"])
                kinds.setdefault(kind, {})[name] = MadeResource(name, str(row["id"]), row.get("outputs") or {})
        return cls(kinds, settings, tuple(cut_off), str((deployment.get("manifest") or {}).get("time") or ""))

    def get(self, kind: str, name: str) -> MadeResource | None:
        """Return a resource by its name."""
        return self.kinds.get(kind, {}).get(name)

    def ids(self, kind: str) -> dict[str, MadeResource]:
        """Return the resources of a kind by the cloud's id."""
        return {resource.id: resource for resource in self.kinds.get(kind, {}).values()}

    def router_interfaces(self) -> dict[str, str]:
        """Return the routers by the port with which the stack plugged them in; a router interface has the id ``router/port``."""
        found = (resource.id.partition("/") for resource in self.kinds.get("router_interfaces", {}).values())
        return {port: router for router, _, port in found}

    def routes(self) -> set[tuple[str, str, str]]:
        """Return (router, destination, next hop) of every route that the stack added to a router of the platform; the id names it."""
        made = self.kinds.get("routes", {}).values()
        return {(one.id.partition("/")[0], str(one.outputs["destination"]), str(one.outputs["next_hop"])) for one in made}


NOTHING = Made()


def _name(urn: str) -> str:
    """Return the name in a URN, ``urn:pulumi:STACK::PROJECT::TYPES::NAME``: an address in a name has colons of its own."""
    return urn.split("::", 3)[-1]


def ids_of_all(stacks: Iterable[Made], kind: str) -> frozenset[str]:
    """Return the ids of a kind that any of some stacks knows."""
    return frozenset(resource.id for made in stacks for resource in made.kinds.get(kind, {}).values())


def names_of_all(stacks: Iterable[Made], kind: str) -> frozenset[str]:
    """Return the names that any of some stacks gave to objects of a kind."""
    return frozenset(name for made in stacks for name in made.kinds.get(kind, {}))
