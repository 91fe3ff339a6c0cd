"""Values inside the records of a snapshot: routes, addresses, rules, and where things come from."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
Number = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Id = Annotated[str, msgspec.Meta(min_length=1)]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Base of values inside a record: frozen, and an unknown field is an error."""


class Source(Part, frozen=True, kw_only=True):
    """Where an object comes from: the line that asked for it, the resource in a plan, the flow behind a rule."""

    file: str = ""
    line: Count = 0
    key: str = ""
    urn: str = ""
    tenant: str = ""
    flow: str = ""
    owner: str = ""
    reason: str = ""
    expires: str = ""


class Route(Part, frozen=True, kw_only=True):
    """A static route of a router, or a host route of a subnet."""

    destination: str
    nexthop: str


class FixedIp(Part, frozen=True, kw_only=True):
    """An address of a port. ``ip_address`` absent: not known yet (a plan); any address of the subnet must be assumed."""

    subnet_id: Id
    ip_address: str | None = None


class AddressPair(Part, frozen=True, kw_only=True):
    """An additional source that a port may use; absent MAC means the port's own."""

    ip_address: str
    mac_address: str | None = None


class Pool(Part, frozen=True, kw_only=True):
    """A range of addresses that Neutron may hand out."""

    start: str
    end: str


class Gateway(Part, frozen=True, kw_only=True):
    """A router's interface on an external network."""

    network_id: Id
    enable_snat: bool = True
    external_fixed_ips: tuple[FixedIp, ...] = ()


class PortForwarding(Part, frozen=True, kw_only=True):
    """One port of a floating IP forwarded to an internal address (api-ref: floating-ips-port-forwarding)."""

    protocol: str
    internal_ip_address: str
    internal_port_id: Id
    external_port: Number
    internal_port: Number
    external_port_last: Number | None = None
    internal_port_last: Number | None = None


class SubPort(Part, frozen=True, kw_only=True):
    """A port that reaches its server through a trunk, with a VLAN tag."""

    port_id: Id
    segmentation_id: Number = 0


class Rule(Part, frozen=True, kw_only=True):
    """One security group rule, as the API prints it. Numbers in ``port_range_*`` are types and codes for ICMP."""

    direction: Literal["ingress", "egress"]
    id: str = ""
    ethertype: Literal["IPv4", "IPv6"] = "IPv4"
    protocol: str | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None
    remote_address_group_id: str | None = None
    description: str = ""
    source: Source | None = None
