"""Rows of the APIs as they answer them, for a cloud of the tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.render.security_groups import EVERY_CODE

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from infra.render import security_groups as rendered

Row = dict[str, Any]
PLATFORM_PROJECT = "project-platform"
PUBLIC = "public"
DOMAIN, PARENT = "default", "project-customers"
"""The domain of all projects, and the project above the tenants'."""


def assignment(who: Row, role: str, place: Row) -> Row:
    """Return a role that somebody has somewhere, as Keystone tells it with names; the path of its link is its id."""
    name = next(iter(who.values()))["name"]
    link = f"{name} as {role}"
    return {"id": link, "links": {"assignment": link}, **who, "role": {"id": f"role-{role}", "name": role}, "scope": place}


def network(name: str, id_: str, project: str, tags: list[str]) -> Row:
    """Return a network."""
    row = {"id": id_, "name": name, "project_id": project, "shared": False, "router:external": False, "port_security_enabled": True}
    return {**row, "admin_state_up": True, "mtu": 1442, "tags": tags}


def subnet(name: str, on: str, cidr: IPv4Network | IPv6Network, hop: str | None, project: str, tags: list[str]) -> Row:
    """Return a subnet; the pool is the whole prefix but its ends and the gateway, which is the first address if there is one."""
    first = 1 + bool(hop)
    pool = {"start": str(cidr[first]), "end": str(cidr[-2 if cidr.version == 4 else -1])}
    row: Row = {"id": f"id-{name}", "name": name, "network_id": on, "project_id": project, "cidr": str(cidr), "gateway_ip": hop}
    row |= {"host_routes": [], "dns_nameservers": [], "allocation_pools": [pool], "enable_dhcp": False}
    return {**row, "ipv6_ra_mode": None, "ipv6_address_mode": None, "service_types": [], "subnetpool_id": None, "tags": tags}


def port(id_: str, name: str, on: str, addresses: list[str], project: str, **more: object) -> Row:
    """Return a port that nobody uses."""
    row: Row = {"id": id_, "name": name, "network_id": on, "project_id": project, "device_owner": "", "device_id": "", "status": "ACTIVE"}
    row |= {
        "admin_state_up": True,
        "port_security_enabled": True,
        "security_groups": [],
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
    }
    row |= {"binding:vnic_type": "normal", "binding:vif_type": "ovs", "binding:profile": {}, "binding:vif_details": {"port_filter": True}}
    return {**row, "mac_address": f"mac-{id_}", "fixed_ips": [{"ip_address": address} for address in addresses], "tags": [], **more}


def leg(router: str, on: str, address: str, owner: str = "network:router_interface") -> Row:
    """Return a router's port on a network, the platform's."""
    more = {"device_owner": owner, "device_id": router, "port_security_enabled": False, "binding:vif_type": "unbound"}
    return port(f"leg-{router}-{on}", "", on, [address], PLATFORM_PROJECT, **more)


def router(id_: str, name: str, outside: str | None, routes: list[Row], tags: list[str]) -> Row:
    """Return a router with the address that it has outside."""
    outer = {"network_id": PUBLIC, "enable_snat": True, "external_fixed_ips": [{"ip_address": outside}]} if outside else None
    row = {"id": id_, "name": name, "project_id": PLATFORM_PROJECT, "admin_state_up": True, "tags": tags}
    return {**row, "routes": routes, "external_gateway_info": outer}


def group(id_: str, name: str, project: str, rules: list[Row], tags: list[str]) -> Row:
    """Return a security group."""
    return {"id": id_, "name": name, "project_id": project, "stateful": True, "security_group_rules": rules, "tags": tags}


def image(id_: str, name: str, project: str, visibility: str = "public") -> Row:
    """Return an image that nobody is a member of."""
    row: Row = {"id": id_, "name": name, "owner": project, "visibility": visibility, "status": "active", "checksum": f"sum-{id_}"}
    return {**row, "os_hidden": False, "members": []}


def rule(direction: str, peer: str, port_: int, protocol: str = "tcp") -> Row:
    """Return a rule for one port over IPv4."""
    row = {"direction": direction, "ethertype": "IPv4", "protocol": protocol, "port_range_min": port_, "port_range_max": port_}
    return {**row, "remote_ip_prefix": peer, "remote_group_id": None, "remote_address_group_id": None}


def rule_row(wanted: rendered.SecurityRule) -> Row:
    """Return a rule as Neutron keeps it."""
    arguments = dict(wanted.arguments)
    last = arguments.get("port_range_max")
    return {
        **arguments,
        "port_range_min": arguments.get("port_range_min"),
        "port_range_max": None if last == EVERY_CODE else last,
        "remote_ip_prefix": arguments.get("remote_ip_prefix"),
        "remote_address_group_id": f"id-{wanted.address_group}" if wanted.address_group else None,
        "remote_group_id": None,
    }


@dataclass(frozen=True)
class Machine:
    """A server to be made."""

    name: str
    id: str
    flavor: str
    project: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Disk:
    """A volume to be made."""

    name: str
    server: str
    size: int
    type: str
    labels: dict[str, str]
