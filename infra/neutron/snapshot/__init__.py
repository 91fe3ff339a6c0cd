"""The one snapshot format: what a cloud, a plan or a declaration says about networks, as flat records.

Every source (declarations, ``pulumi preview``, a cloud, printed JSON) is turned into these records and nothing downstream knows which
one it was. Field names are Neutron's own (API reference v2.0, https://docs.openstack.org/api-ref/network/v2/), so a record reads like
the API's answer. A file is JSON lines: a ``snapshot`` header, one record per line, an ``end`` line with the number of records, so a
file that was cut off is noticed (see :mod:`infra.neutron.snapshot.store`).

Addresses stay text here; :mod:`infra.ranges` parses each distinct one once.
"""

from __future__ import annotations

import msgspec

from infra.neutron.snapshot.objects import (
    FORMAT_VERSION,
    SEVERAL,
    AddressGroup,
    AddressScope,
    AnyRecord,
    DefaultRule,
    End,
    FloatingIp,
    Header,
    Network,
    Port,
    Project,
    RbacPolicy,
    Record,
    Role,
    Router,
    SecurityGroup,
    Server,
    Subnet,
    SubnetPool,
    Trunk,
    Unknown,
)
from infra.neutron.snapshot.parts import AddressPair, FixedIp, Gateway, Pool, PortForwarding, Route, Rule, Source, SubPort


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A whole snapshot in memory.

    ``digest`` is the SHA-256 of the file's bytes, or of what :func:`store.dumps` would write; it leaves out what was said later about
    where rules come from (:func:`provenance.attach`).
    """

    header: Header
    projects: tuple[Project, ...] = ()
    networks: tuple[Network, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    subnet_pools: tuple[SubnetPool, ...] = ()
    address_scopes: tuple[AddressScope, ...] = ()
    routers: tuple[Router, ...] = ()
    ports: tuple[Port, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    address_groups: tuple[AddressGroup, ...] = ()
    rbac_policies: tuple[RbacPolicy, ...] = ()
    floating_ips: tuple[FloatingIp, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    servers: tuple[Server, ...] = ()
    default_rules: tuple[DefaultRule, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    digest: str = ""


SECTIONS: dict[type[Record], str] = {
    Project: "projects",
    Network: "networks",
    Subnet: "subnets",
    SubnetPool: "subnet_pools",
    AddressScope: "address_scopes",
    Router: "routers",
    Port: "ports",
    SecurityGroup: "security_groups",
    AddressGroup: "address_groups",
    RbacPolicy: "rbac_policies",
    FloatingIp: "floating_ips",
    Trunk: "trunks",
    Server: "servers",
    DefaultRule: "default_rules",
    Unknown: "unknowns",
}
"""Which field of :class:`Snapshot` holds the records of a kind; also the order in which they are written."""

__all__ = [
    "FORMAT_VERSION",
    "SECTIONS",
    "SEVERAL",
    "AddressGroup",
    "AddressPair",
    "AddressScope",
    "AnyRecord",
    "DefaultRule",
    "End",
    "FixedIp",
    "FloatingIp",
    "Gateway",
    "Header",
    "Network",
    "Pool",
    "Port",
    "PortForwarding",
    "Project",
    "RbacPolicy",
    "Record",
    "Role",
    "Route",
    "Router",
    "Rule",
    "SecurityGroup",
    "Server",
    "Snapshot",
    "Source",
    "SubPort",
    "Subnet",
    "SubnetPool",
    "Trunk",
    "Unknown",
]
