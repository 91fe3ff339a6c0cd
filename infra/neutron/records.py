"""From what the API answers, and what ``openstack ... -f json`` prints, to the records of a snapshot.

Both write nearly the same names: the client prints ``router:external`` as a word, calls the groups of a port ``security_group_ids``, and
so on. A field that decides anything must be there: its absence is an error that names the record, never a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.addresses import EVERYTHING, parse_prefix
from infra.neutron.reading import Json, Reader, convert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _fixed(items: list[Json]) -> list[Json]:
    return [{"subnet_id": item["subnet_id"], "ip_address": item.get("ip_address")} for item in items]


def _routes(items: list[Json]) -> list[Json]:
    return [{"destination": item["destination"], "nexthop": item["nexthop"]} for item in items]


def _project(r: Reader) -> Json:
    return {"id": r.need("id"), "name": r.get("name", default="")}


def _network(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "shared": r.flag("shared", "is_shared", default=False),
        "external": r.flag("router:external", "external", "router_external", default=False),
        "port_security_enabled": r.flag("port_security_enabled", default=True),
        "provider_network_type": model.SEVERAL if len(r.items("segments")) > 1 else r.get("provider:network_type", "provider_network_type"),
        "provider_physical_network": r.get("provider:physical_network", "provider_physical_network"),
        "provider_segmentation_id": r.get("provider:segmentation_id", "provider_segmentation_id"),
    }


def _subnet(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "network_id": r.need("network_id", "network"),
        "project_id": r.project,
        "cidr": r.need("cidr", "subnet"),
        "gateway_ip": r.need("gateway_ip") or None,
        "enable_dhcp": r.flag("enable_dhcp", "dhcp", default=True),
        "host_routes": _routes(r.items("host_routes")),
        "allocation_pools": r.items("allocation_pools"),
        "subnetpool_id": r.get("subnetpool_id", "subnet_pool_id"),
    }


def _subnet_pool(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "prefixes": r.need("prefixes"),
        "address_scope_id": r.get("address_scope_id"),
        "shared": r.flag("shared", "is_shared", default=False),
    }


def _address_scope(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "ip_version": r.get("ip_version", default=4),
        "shared": r.flag("shared", "is_shared", default=False),
    }


def _router(r: Reader) -> Json:
    first = r.need("external_gateway_info") or {}
    gateways = r.get("external_gateways") or [first]
    # `external_gateways` leaves translation out; what nobody says to translate must be taken to be routed as it is.
    translates = first.get("enable_snat", False)
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "admin_state_up": r.flag("admin_state_up", default=True),
        "routes": _routes(r.items("routes")),
        "gateways": [
            {
                "network_id": gateway["network_id"],
                "enable_snat": gateway.get("enable_snat", translates),
                "external_fixed_ips": _fixed(gateway.get("external_fixed_ips", [])),
            }
            for gateway in gateways
            if gateway
        ],
    }


def _port(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "network_id": r.need("network_id"),
        "project_id": r.project,
        "mac_address": r.get("mac_address", default=""),
        "fixed_ips": _fixed(r.need("fixed_ips")),
        "device_owner": r.need("device_owner") or "",
        "device_id": r.need("device_id") or "",
        "security_groups": r.need("security_groups", "security_group_ids") or [],
        "port_security_enabled": r.flag("port_security_enabled", default=True),
        "allowed_address_pairs": [
            {"ip_address": pair["ip_address"], "mac_address": pair.get("mac_address")} for pair in r.items("allowed_address_pairs")
        ],
        "binding_vnic_type": r.get("binding:vnic_type", "binding_vnic_type", default="normal"),
        "admin_state_up": r.flag("admin_state_up", default=True),
    }


def rule(data: Mapping[str, Any], where: str) -> model.Rule:
    """Return a rule from the API's or the client's words.

    Raises:
        SnapshotError: a field is missing or does not fit.
    """
    r = Reader("security group rule", data, where)
    first, last = r.get("port_range_min"), r.get("port_range_max")
    if first is None and last is None and r.get("port_range"):
        first, last = _port_range(str(r.get("port_range")), r)
    fields = {
        "id": r.get("id", default=""),
        "direction": r.need("direction"),
        "ethertype": r.need("ethertype", "ether_type"),
        "protocol": None if r.need("protocol", "ip_protocol") is None else str(r.need("protocol", "ip_protocol")),
        "port_range_min": first,
        "port_range_max": last,
        "remote_ip_prefix": r.get("remote_ip_prefix") or _printed_range(r),
        "remote_group_id": r.get("remote_group_id", "remote_security_group"),
        "remote_address_group_id": r.get("remote_address_group_id", "remote_address_group"),
        "description": r.get("description", default=""),
    }
    return convert(fields, model.Rule, r.where)


def _printed_range(r: Reader) -> str | None:
    """Return the client's ``IP Range``.

    For a rule without a prefix it prints all addresses of the family, also where the remote end is a group (``_format_remote_ip_prefix``
    in openstackclient's ``network/v2/security_group_rule.py``): there it says nothing.
    """
    text: str | None = r.get("ip_range")
    of_group = r.get("remote_security_group") or r.get("remote_address_group")
    return None if of_group and text and parse_prefix(text) in EVERYTHING.values() else text


def _port_range(text: str, r: Reader) -> tuple[int | None, int | None]:
    """Read ``443:443``, ``type=8`` and ``type=8:code=0``, as the client prints them."""
    numbers = [part.split("=")[-1] for part in text.split(":")]
    if not all(number.isdigit() for number in numbers):
        raise SnapshotError(Problem("this is no range of ports", where=r.where, expected="443:443 or type=8:code=0", got=text))
    return int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None


def _security_group(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "stateful": r.flag("stateful", default=True),
        "shared": r.flag("shared", "is_shared", default=False),
        "rules": [rule(item, r.where) for item in r.items("security_group_rules", "rules")],
    }


def _address_group(r: Reader) -> Json:
    fields = {"id": r.need("id"), "name": r.get("name", default=""), "project_id": r.project}
    return {**fields, "addresses": r.need("addresses"), "shared": r.flag("shared", "is_shared", default=False)}


def _rbac_policy(r: Reader) -> Json:
    target = r.need("target_tenant", "target_project", "target_project_id")
    fields = {name: r.need(name) for name in ("id", "object_type", "object_id", "action")}
    return {**fields, "target_project": target, "project_id": r.project}


def _floating_ip(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "floating_network_id": r.need("floating_network_id", "floating_network"),
        "floating_ip_address": r.need("floating_ip_address"),
        "project_id": r.project,
        "port_id": r.need("port_id", "port"),
        "fixed_ip_address": r.need("fixed_ip_address"),
        "router_id": r.get("router_id"),
        "port_forwardings": r.items("port_forwardings"),
    }


def port_forwarding(data: Mapping[str, Any]) -> Json:
    """Return a port forwarding's fields; a single port may also be printed as a range."""
    r = Reader("port forwarding", data, "floating IP")
    outer, inner = _ends(r, "external_port"), _ends(r, "internal_port")
    return {
        "protocol": r.need("protocol"),
        "internal_ip_address": r.need("internal_ip_address"),
        "internal_port_id": r.need("internal_port_id"),
        "external_port": outer[0],
        "external_port_last": outer[1],
        "internal_port": inner[0],
        "internal_port_last": inner[1],
    }


def _ends(r: Reader, name: str) -> tuple[int, int | None]:
    single = r.get(name)
    if single is not None:
        return int(single), None
    first, _, last = str(r.need(f"{name}_range")).partition(":")
    return int(first), int(last or first)


def _trunk(r: Reader) -> Json:
    subs = [{"port_id": item["port_id"], "segmentation_id": item.get("segmentation_id", 0)} for item in r.items("sub_ports")]
    return {"id": r.need("id"), "port_id": r.need("port_id", "port"), "project_id": r.project, "sub_ports": subs}


def _server(r: Reader) -> Json:
    return {"id": r.need("id"), "name": r.get("name", default=""), "project_id": r.project}


READERS: dict[str, tuple[type[model.Record], Callable[[Reader], Json]]] = {
    "projects": (model.Project, _project),
    "networks": (model.Network, _network),
    "subnets": (model.Subnet, _subnet),
    "subnet_pools": (model.SubnetPool, _subnet_pool),
    "address_scopes": (model.AddressScope, _address_scope),
    "routers": (model.Router, _router),
    "ports": (model.Port, _port),
    "security_groups": (model.SecurityGroup, _security_group),
    "address_groups": (model.AddressGroup, _address_group),
    "rbac_policies": (model.RbacPolicy, _rbac_policy),
    "floating_ips": (model.FloatingIp, _floating_ip),
    "trunks": (model.Trunk, _trunk),
    "servers": (model.Server, _server),
}
"""How the objects of a section are read; the sections are those of :class:`infra.neutron.snapshot.Snapshot`."""


def read(section: str, data: Mapping[str, Any], where: str) -> model.Record:
    """Return the record of one object; ``where`` names the file or the cloud in errors.

    Raises:
        SnapshotError: a field that decides something is missing, or a value does not fit.
    """
    kind, reader = READERS[section]
    found = Reader(section, data, where)
    try:
        fields = reader(found)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, SnapshotError):
            raise
        hint = "print the object with `show -f json`, as Neutron has it"
        raise SnapshotError(Problem("the object does not fit", where=found.where, got=repr(error), hint=hint)) from error
    return convert(fields, kind, found.where)
