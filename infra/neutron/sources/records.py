"""From what the API answers, and what ``openstack ... -f json`` prints, to the records of a snapshot.

Both write nearly the same names: the client prints ``router:external`` as a word, calls the groups of a port ``security_group_ids``, and
so on. A field that decides anything must be there: its absence is an error that names the record, never a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.sources.fields import Fields
from infra.neutron.sources.reading import Json, Reader, convert
from infra.neutron.sources.rule_records import port_forwarding, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_EXTERNAL = ("router:external", "external", "router_external", "is_router_external")
_TYPE = ("provider:network_type", "provider_network_type")
_SECURITY = ("port_security_enabled", "is_port_security_enabled")
_PAIRS, _POOLS = "allowed_address_pairs", "allocation_pools"


def _fixed(r: Reader, name: str, value: object) -> list[Json]:
    return [{"subnet_id": item["subnet_id"], "ip_address": item.get("ip_address")} for item in r.parts(name, value, "subnet_id")]


def _routes(r: Reader, name: str, value: object) -> list[Json]:
    fields = ("destination", "nexthop")
    return [{field: item[field] for field in fields} for item in r.parts(name, value, *fields)]


def _lower(text: str | None) -> str | None:
    return text.lower() if isinstance(text, str) else text


def _project(r: Reader) -> Json:
    domain = {"domain_id": r.get("domain_id", default=""), "domain": r.get("domain", "domain_name", default="")}
    return {"id": r.need("id"), "name": r.get("name", default=""), **domain}


def _network(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "shared": r.yes(r.need("shared", "is_shared"), "shared"),
        "external": r.yes(r.told(*_EXTERNAL, of="external-net", default=False), "router:external"),
        "admin_state_up": r.flag("admin_state_up", "is_admin_state_up", default=True),
        "port_security_enabled": r.flag("port_security_enabled", default=True),
        "provider_network_type": model.SEVERAL if len(r.items("segments")) > 1 else _lower(r.get(*_TYPE)),
        "provider_physical_network": r.get("provider:physical_network", "provider_physical_network"),
        "provider_segmentation_id": r.get("provider:segmentation_id", "provider_segmentation_id"),
    }


def _subnet(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "network_id": r.need("network_id", "network"),
        "project_id": r.owner,
        "cidr": r.need("cidr", "subnet"),
        "gateway_ip": r.need("gateway_ip") or None,
        "enable_dhcp": r.flag("enable_dhcp", "dhcp", "is_dhcp_enabled", default=True),
        "host_routes": _routes(r, "host_routes", r.items("host_routes")),
        "dns_nameservers": list(map(str, r.items("dns_nameservers"))),
        "allocation_pools": [{"start": pool["start"], "end": pool["end"]} for pool in r.parts(_POOLS, r.items(_POOLS), "start", "end")],
        "subnetpool_id": r.need("subnetpool_id", "subnet_pool_id"),
    }


def _subnet_pool(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.owner,
        "prefixes": r.need("prefixes"),
        "address_scope_id": r.need("address_scope_id") if r.may_have("address-scope") else None,
        "shared": r.flag("shared", "is_shared", default=False),
    }


def _address_scope(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.owner,
        "ip_version": r.get("ip_version", default=4),
        "shared": r.flag("shared", "is_shared", default=False),
    }


def _router(r: Reader) -> Json:
    first = r.mapping(r.need("external_gateway_info"), "external_gateway_info")
    gateways = r.parts("external_gateways", r.items("external_gateways") or ([first] if first else []), "network_id")
    # `external_gateways` leaves translation out; what nobody says to translate must be taken to be routed as it is.
    translates = first.get("enable_snat", False)
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "admin_state_up": r.flag("admin_state_up", "is_admin_state_up", default=True),
        "routes": _routes(r, "routes", r.told("routes", of="extraroute", default=[])),
        "gateways": [
            {
                "network_id": gateway["network_id"],
                "enable_snat": gateway.get("enable_snat", translates),
                "external_fixed_ips": _fixed(r, "external_fixed_ips", gateway.get("external_fixed_ips", [])),
            }
            for gateway in gateways
        ],
    }


def _port(r: Reader) -> Json:
    pairs = r.told(_PAIRS, of="allowed-address-pairs", default=[])
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "network_id": r.need("network_id"),
        "project_id": r.project,
        "mac_address": r.need("mac_address") or "",
        "fixed_ips": _fixed(r, "fixed_ips", r.need("fixed_ips") or []),
        "device_owner": r.need("device_owner") or "",
        "device_id": r.need("device_id") or "",
        "security_groups": r.listed(r.need("security_groups", "security_group_ids") or [], "security_groups"),
        "port_security_enabled": r.yes(r.told(*_SECURITY, of="port-security", default=True), _SECURITY[0]),
        "allowed_address_pairs": [
            {"ip_address": pair["ip_address"], "mac_address": pair.get("mac_address")} for pair in r.parts(_PAIRS, pairs, "ip_address")
        ],
        "binding_vnic_type": r.told("binding:vnic_type", "binding_vnic_type", of="binding", default="normal"),
        "binding_vif_type": r.get("binding:vif_type", "binding_vif_type", default=""),
        "admin_state_up": r.flag("admin_state_up", "is_admin_state_up", default=True),
    }


def _security_group(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "name": r.get("name", default=""),
        "project_id": r.project,
        "rules": [rule(item, r.where, r.fields) for item in _own_rules(r)],
        "stateful": r.yes(r.told("stateful", of="stateful-security-group", default=True), "stateful"),
        "shared": r.flag("shared", "is_shared", default=False),
    }


def _own_rules(r: Reader) -> list[Json]:
    """Return the rules in a group, each of which may name the group that it is of."""
    found = r.parts("rules", r.need("security_group_rules", "rules") or [])
    for item in found:
        if (named := item.get("security_group_id")) is not None:
            r.agree("rules, security_group_id", named, r.need("id"))
    return found


def _address_group(r: Reader) -> Json:
    fields = {"id": r.need("id"), "name": r.get("name", default=""), "project_id": r.owner}
    return {**fields, "addresses": r.need("addresses"), "shared": r.flag("shared", "is_shared", default=False)}


def _rbac_policy(r: Reader) -> Json:
    target = r.need("target_tenant", "target_project", "target_project_id")
    fields = {name: r.need(name) for name in ("id", "object_type", "object_id", "action")}
    return {**fields, "target_project": target, "project_id": r.owner}


def _floating_ip(r: Reader) -> Json:
    return {
        "id": r.need("id"),
        "floating_network_id": r.need("floating_network_id", "floating_network"),
        "floating_ip_address": r.need("floating_ip_address"),
        "project_id": r.owner,
        "port_id": r.need("port_id", "port"),
        "fixed_ip_address": r.need("fixed_ip_address"),
        "router_id": r.need("router_id", "router"),
        "port_forwardings": [port_forwarding(item, r) for item in r.parts("port_forwardings", r.items("port_forwardings"))],
    }


def _trunk(r: Reader) -> Json:
    listed = r.parts("sub_ports", r.need("sub_ports") or [], "port_id")
    subs = [{"port_id": item["port_id"], "segmentation_id": item.get("segmentation_id", 0)} for item in listed]
    return {"id": r.need("id"), "port_id": r.need("port_id", "port"), "project_id": r.owner, "sub_ports": subs}


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


class Objects:
    """The objects of one cloud, read one after another; what none of the readers knows is collected in ``fields``."""

    def __init__(self, extensions: Collection[str] | None = None) -> None:
        """``extensions`` are the aliases of the cloud's; ``None`` when nobody told."""
        self.extensions = extensions
        self.fields = Fields()

    def rule(self, data: Mapping[str, Any], where: str) -> model.Rule:
        """Return a rule (see :func:`rule`)."""
        return rule(data, where, self.fields)

    def read(self, section: str, data: Mapping[str, Any], where: str) -> model.Record:
        """Return the record of one object; ``where`` names the file or the cloud in errors.

        Raises:
            SnapshotError: a field that decides something is missing, or a value does not fit.
        """
        kind, reader = READERS[section]
        found = Reader(section, data, where, self)
        self.fields.look(section, found.data)
        try:
            fields = reader(found)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, SnapshotError):
                raise
            hint = "print the object with `show -f json`, as Neutron has it"
            place = f"{found.where} {found.last}"
            raise SnapshotError(Problem("the object does not fit", where=place, got=repr(error), hint=hint)) from error
        return convert(fields, kind, found.where)
