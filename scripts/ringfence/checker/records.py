"""What records of a snapshot may say, for the checker: standard library alone, nothing of ringfence.

A field that nobody here knows may decide what passes. So whatever is in no list below is refused by name, whoever accepts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS, ROUTE = "subnet_id ip_address", "destination nexthop"
RULE = "id direction ethertype protocol port_range_min port_range_max remote_ip_prefix remote_group_id remote_address_group_id description"
KINDS = {
    "snapshot": "format origin complete driver taken cloud notes",
    "end": "records",
    "project": "id name role domain_id domain trusted source",
    "network": "id project_id name shared external admin_state_up port_security_enabled provider_network_type provider_physical_network "
    "provider_segmentation_id source",
    "subnet": "id network_id cidr project_id name gateway_ip enable_dhcp host_routes dns_nameservers allocation_pools subnetpool_id source",
    "subnet_pool": "id prefixes project_id name address_scope_id shared source",
    "address_scope": "id project_id name ip_version shared",
    "router": "id project_id name gateways routes admin_state_up source",
    "port": "id network_id project_id name mac_address fixed_ips device_owner device_id security_groups port_security_enabled "
    "allowed_address_pairs binding_vnic_type binding_vif_type admin_state_up source",
    "security_group": "id project_id name stateful shared rules source",
    "address_group": "id addresses project_id name shared source",
    "rbac_policy": "id object_type object_id action target_project project_id source",
    "floating_ip": "id floating_network_id floating_ip_address project_id port_id fixed_ip_address router_id port_forwardings source",
    "trunk": "id port_id project_id sub_ports",
    "server": "id name project_id source",
    "default_rule": "rule used_in_default_sg used_in_non_default_sg",
    "unknown": "type id name project_id reason",
}
"""Fields by kind of record: those that are read here, and those that neither carry nor stop a packet or are in what is read already."""
PARTS = {
    "fixed_ips": ADDRESS,
    "external_fixed_ips": ADDRESS,
    "routes": ROUTE,
    "host_routes": ROUTE,
    "allocation_pools": "start end",
    "allowed_address_pairs": "ip_address mac_address",
    "gateways": "network_id enable_snat external_fixed_ips",
    "sub_ports": "port_id segmentation_id",
    "port_forwardings": "protocol internal_ip_address internal_port_id external_port internal_port external_port_last internal_port_last",
    "rules": f"{RULE} source",
    "rule": f"{RULE} source",
    "source": "file line key urn tenant flow owner reason expires",
}
"""Fields of what is inside a record, by the field that it is in."""
KNOWN = {**{kind: {"kind", *fields.split()} for kind, fields in KINDS.items()}, **{part: set(text.split()) for part, text in PARTS.items()}}
FLAGS = {"complete", "shared", "external", "admin_state_up", "port_security_enabled", "enable_dhcp", "enable_snat", "stateful"}
FLAGS |= {"used_in_default_sg", "used_in_non_default_sg"}
"""Fields that are true or false, and nothing that Python takes for one of them."""
DIRECTIONS, FAMILIES = ("ingress", "egress"), ("IPv4", "IPv6")
VALUES: dict[str, tuple[object, ...]] = {
    "snapshot.origin": ("declaration", "plan", "cloud", "openstack-json", "synthetic"),
    "snapshot.driver": ("ovn", "ovs", "iptables_hybrid", None),
    "project.role": ("tenant", "platform"),
    "address_scope.ip_version": (4, 6),
    "rules.direction": DIRECTIONS,
    "rules.ethertype": FAMILIES,
    "rule.direction": DIRECTIONS,
    "rule.ethertype": FAMILIES,
    "port_forwardings.protocol": ("tcp", "udp", "sctp"),
}
"""Closed lists of values."""
CARDS = ("normal", "direct", "macvtap", "baremetal", "direct-physical", "virtio-forwarder", "smart-nic", "vdpa", "accelerator-direct")
NAMED: dict[tuple[str, str], tuple[str, tuple[str | None, ...]]] = {
    ("network", "provider_network_type"): ("network_type", (None, "local", "flat", "vlan", "gre", "vxlan", "geneve")),
    ("port", "binding_vnic_type"): ("vnic_type", (*CARDS, "accelerator-direct-physical", "remote-managed")),
    ("rbac_policy", "object_type"): (
        "rbac_type",
        ("network", "qos_policy", "security_group", "address_scope", "subnetpool", "address_group", "bgpvpn"),
    ),
    ("rbac_policy", "action"): ("rbac_action", ("access_as_shared", "access_as_external")),
}
"""Closed lists whose other values somebody may answer for, by the name that is printed: the list's name, a colon and the value."""


def unread(place: str, record: dict[str, Any]) -> Iterator[str]:
    """Yield the fields and values of a record, and of its parts, that are in no list; ``place`` is its kind, or the field it is in."""
    for field, value in record.items():
        where = f"{place}.{field}"
        if field not in KNOWN[place]:
            yield f"field {where}"
        elif field in PARTS:
            for part in value if isinstance(value, list) else [value] if value is not None else ():
                yield from unread(field, part)
        elif (field in FLAGS and not isinstance(value, bool)) or (where in VALUES and value not in VALUES[where]):
            yield f"value {value!r} of {where}"


def answerable(kind: str, records: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the values of a kind's records that are in no list and that somebody may answer for."""
    for (of, field), (name, values) in NAMED.items():
        found = {record[field] for record in records if field in record} if of == kind else set()
        yield from (f"{name}:{value}" for value in found - set(values))
