"""The records of a snapshot: one class per kind of object, with Neutron's own field names (API reference, network v2.0)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from infra.neutron.snapshot.parts import AddressPair, Count, FixedIp, Gateway, Id, Pool, PortForwarding, Route, Rule, Source, SubPort

SEVERAL = "several"
"""Provider type of a network that spans several segments (api-ref: multiple provider extension), which the model does not know."""

FORMAT_VERSION = 1
"""Raised whenever a reader of the previous version could misunderstand a file."""


class Role(StrEnum):
    """What a project is to the proof. Everything that is not the platform is kept apart from everything else."""

    TENANT = "tenant"
    PLATFORM = "platform"


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="kind", gc=False):
    """Base of every line of a snapshot."""


class Header(Record, frozen=True, kw_only=True, tag="snapshot"):
    """First line: version, where the data is from, and whether it shows everything.

    ``complete`` false means that the credential saw one project only, or a part could not be read: no proof between projects is given.
    ``driver`` is the firewall driver, when the source knows it.
    """

    format: int
    origin: Literal["declaration", "plan", "cloud", "openstack-json", "synthetic"]
    complete: bool = True
    driver: Literal["ovn", "ovs", "iptables_hybrid"] | None = None
    taken: str = ""
    cloud: str = ""
    notes: tuple[str, ...] = ()


class End(Record, frozen=True, kw_only=True, tag="end"):
    """Last line: how many records lie between the header and this line."""

    records: Count


class Project(Record, frozen=True, kw_only=True, tag="project"):
    """A project. Role ``tenant`` unless somebody says that it is the platform's; ``trusted`` is then why.

    A name is unique in one domain only: ``domain_id`` empty means that the source does not tell, ``domain`` is the domain's name.
    """

    id: Id
    name: str = ""
    role: Role = Role.TENANT
    domain_id: str = ""
    domain: str = ""
    trusted: str = ""
    source: Source | None = None


class Network(Record, frozen=True, kw_only=True, tag="network"):
    """A layer-2 segment. Absent provider fields mean that the credential could not read them, or an overlay."""

    id: Id
    project_id: str
    name: str = ""
    shared: bool = False
    external: bool = False
    admin_state_up: bool = True
    port_security_enabled: bool = True
    provider_network_type: str | None = None
    provider_physical_network: str | None = None
    provider_segmentation_id: int | None = None
    source: Source | None = None


class Subnet(Record, frozen=True, kw_only=True, tag="subnet"):
    """A prefix on a network."""

    id: Id
    network_id: Id
    cidr: str
    project_id: str = ""
    name: str = ""
    gateway_ip: str | None = None
    enable_dhcp: bool = True
    host_routes: tuple[Route, ...] = ()
    dns_nameservers: tuple[str, ...] = ()
    allocation_pools: tuple[Pool, ...] = ()
    subnetpool_id: str | None = None
    source: Source | None = None


class SubnetPool(Record, frozen=True, kw_only=True, tag="subnet_pool"):
    """A pool that subnets are cut from; the address scope of a subnet is the scope of its pool."""

    id: Id
    prefixes: tuple[str, ...]
    project_id: str = ""
    name: str = ""
    address_scope_id: str | None = None
    shared: bool = False
    source: Source | None = None


class AddressScope(Record, frozen=True, kw_only=True, tag="address_scope"):
    """Addresses that are routed to each other without translation."""

    id: Id
    project_id: str = ""
    name: str = ""
    ip_version: Literal[4, 6] = 4
    shared: bool = False


class Router(Record, frozen=True, kw_only=True, tag="router"):
    """A router. Its interfaces on internal networks are ports whose ``device_id`` is the router."""

    id: Id
    project_id: str
    name: str = ""
    gateways: tuple[Gateway, ...] = ()
    routes: tuple[Route, ...] = ()
    admin_state_up: bool = True
    source: Source | None = None


class Port(Record, frozen=True, kw_only=True, tag="port"):
    """A port. ``security_groups`` empty with port security on means "drop everything" (``neutron_pg_drop`` in OVN).

    ``binding_vif_type`` empty means that the source does not tell how the port is bound.
    """

    id: Id
    network_id: Id
    project_id: str
    name: str = ""
    mac_address: str = ""
    fixed_ips: tuple[FixedIp, ...] = ()
    device_owner: str = ""
    device_id: str = ""
    security_groups: tuple[str, ...] = ()
    port_security_enabled: bool = True
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    binding_vnic_type: str = "normal"
    binding_vif_type: str = ""
    admin_state_up: bool = True
    source: Source | None = None


class SecurityGroup(Record, frozen=True, kw_only=True, tag="security_group"):
    """A security group with its rules."""

    id: Id
    project_id: str
    name: str = ""
    stateful: bool = True
    shared: bool = False
    rules: tuple[Rule, ...] = ()
    source: Source | None = None


class AddressGroup(Record, frozen=True, kw_only=True, tag="address_group"):
    """A named list of prefixes that rules may refer to."""

    id: Id
    addresses: tuple[str, ...]
    project_id: str = ""
    name: str = ""
    shared: bool = False
    source: Source | None = None


class RbacPolicy(Record, frozen=True, kw_only=True, tag="rbac_policy"):
    """An object shared with one project or with all (``*``)."""

    id: Id
    object_type: str
    object_id: Id
    action: str
    target_project: str
    project_id: str = ""
    source: Source | None = None


class FloatingIp(Record, frozen=True, kw_only=True, tag="floating_ip"):
    """A public address, bound to one port or carrying port forwardings."""

    id: Id
    floating_network_id: Id
    floating_ip_address: str
    project_id: str = ""
    port_id: str | None = None
    fixed_ip_address: str | None = None
    router_id: str | None = None
    port_forwardings: tuple[PortForwarding, ...] = ()
    source: Source | None = None


class Trunk(Record, frozen=True, kw_only=True, tag="trunk"):
    """A port that carries other ports with VLAN tags. Every subport is a port with groups of its own."""

    id: Id
    port_id: Id
    project_id: str = ""
    sub_ports: tuple[SubPort, ...] = ()


class Server(Record, frozen=True, kw_only=True, tag="server"):
    """A virtual machine: only its name matters here, ports refer to it."""

    id: Id
    name: str
    project_id: str = ""
    source: Source | None = None


class DefaultRule(Record, frozen=True, kw_only=True, tag="default_rule"):
    """A rule of the template that new groups get (api-ref: default-security-group-rules)."""

    rule: Rule
    used_in_default_sg: bool = False
    used_in_non_default_sg: bool = True


class Unknown(Record, frozen=True, kw_only=True, tag="unknown"):
    """Something that can carry or stop packets and that the model does not understand: no proof is given over it."""

    type: str
    id: str = ""
    name: str = ""
    project_id: str = ""
    reason: str = ""


AnyRecord = (
    Header
    | End
    | Project
    | Network
    | Subnet
    | SubnetPool
    | AddressScope
    | Router
    | Port
    | SecurityGroup
    | AddressGroup
    | RbacPolicy
    | FloatingIp
    | Trunk
    | Server
    | DefaultRule
    | Unknown
)
