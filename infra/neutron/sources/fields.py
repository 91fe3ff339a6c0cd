"""Which fields the reader of an object knows, and which of those carry no packet: whatever else an object has is said, never dropped.

Read from the definitions of neutron_lib for neutron 29.0.0 (``neutron_lib/api/definitions``); ``tests/truth/neutron/test_constants.py``
holds these lists against them. A field that is null, false or empty says nothing. Names are small letters with ``_`` for spaces, as the
reader has them (:mod:`infra.neutron.sources.reading`); where the client has a word of its own, it stands beside the API's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.neutron.snapshot import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STANDARD = "id name description project_id tenant_id project created_at updated_at revision_number tags status location standard_attr_id"
"""What every object has, and the client's place of it."""

_KNOWN = {
    "networks": (
        "shared is_shared router:external external router_external is_router_external port_security_enabled is_port_security_enabled "
        "provider:network_type provider_network_type provider:physical_network provider_physical_network provider:segmentation_id "
        "provider_segmentation_id segments "
        "admin_state_up is_admin_state_up availability_zones availability_zone_hints dns_domain mtu subnets subnet_ids is_default "
        "ipv4_address_scope ipv4_address_scope_id ipv6_address_scope ipv6_address_scope_id l2_adjacency project_default qos_policy_id"
    ),
    "subnets": (
        "network_id network cidr subnet gateway_ip enable_dhcp dhcp is_dhcp_enabled host_routes allocation_pools subnetpool_id "
        "subnet_pool_id ip_version ipv6_address_mode ipv6_ra_mode dns_nameservers dns_publish_fixed_ip service_types segment_id "
        "router:external router_external use_default_subnet_pool prefix_length"
    ),
    "subnet_pools": (
        "prefixes address_scope_id shared is_shared ip_version is_default default_prefixlen min_prefixlen max_prefixlen default_quota "
        "default_prefix_length minimum_prefix_length maximum_prefix_length"
    ),
    "address_scopes": "ip_version shared is_shared",
    "routers": (
        "external_gateway_info external_gateways routes admin_state_up is_admin_state_up enable_snat ha is_ha distributed is_distributed "
        "availability_zones availability_zone_hints enable_default_route_bfd enable_default_route_ecmp interfaces_info"
    ),
    "ports": (
        "network_id mac_address fixed_ips device_owner device_id security_groups security_group_ids port_security_enabled "
        "is_port_security_enabled allowed_address_pairs binding:vnic_type binding_vnic_type binding:vif_details binding_vif_details "
        "binding:vif_type binding_vif_type binding:profile binding_profile trunk_details admin_state_up is_admin_state_up "
        "binding:host_id binding_host_id dns_assignment dns_name dns_domain data_plane_status device_profile extra_dhcp_opts hints "
        "ip_allocation numa_affinity_policy propagate_uplink_status pvlan_type pvlan_community qos_policy_id qos_network_policy_id "
        "resource_request hardware_offload_type"
    ),
    "security_groups": "stateful shared is_shared security_group_rules rules",
    "security_group_rules": (
        "direction ethertype ether_type protocol ip_protocol port_range_min port_range_max port_range remote_ip_prefix ip_range "
        "remote_group_id remote_security_group remote_address_group_id remote_address_group security_group_id security_group "
        "normalized_cidr belongs_to_default_sg"
    ),
    "default_rules": (
        "direction ethertype protocol port_range_min port_range_max remote_ip_prefix remote_group_id remote_address_group_id "
        "used_in_default_sg used_in_non_default_sg"
    ),
    "address_groups": "addresses shared is_shared",
    "rbac_policies": "object_type object_id action target_tenant target_project target_project_id",
    "floating_ips": (
        "floating_network_id floating_network floating_ip_address port_id port fixed_ip_address router_id router port_forwardings "
        "port_details dns_name dns_domain distributed qos_policy_id qos_network_policy_id subnet_id"
    ),
    "port_forwardings": (
        "protocol internal_ip_address internal_port_id external_port internal_port external_port_range internal_port_range floatingip_id"
    ),
    "trunks": "port_id port sub_ports admin_state_up is_admin_state_up",
}
KNOWN = {section: frozenset(f"{_STANDARD} {names}".split()) for section, names in _KNOWN.items()}
"""Per section: the fields that are read, and those that neither carry nor stop a packet."""

PARTS = {
    "ports": {
        "fixed_ips": frozenset({"subnet_id", "ip_address"}),
        "allowed_address_pairs": frozenset({"ip_address", "mac_address"}),
        "binding:vif_details": frozenset(
            [
                "port_filter",
                "connectivity",
                "bound_drivers",
                "bridge_name",
                "datapath_type",
                "ovs_hybrid_plug",
                "ovs_create_tap",
                "vhostuser_mode",
                "vhostuser_socket",
                "vhostuser_ovs_plug",
                "vlan",
                "macvtap_source",
                "macvtap_mode",
                "physical_interface",
                "pci_vendor_info",
                "pci_slot",
                "physical_network",
                "card_serial_number",
                "pf_mac_address",
                "vf_num",
                "profileid",
            ]
        ),
        "binding:profile": frozenset(
            [
                "pci_slot",
                "pci_vendor_info",
                "physical_network",
                "card_serial_number",
                "pf_mac_address",
                "vf_num",
                "capabilities",
                "allocation",
                "migrating_to",
                "os_vif_delegation",
                "local_link_information",
                "local_group_information",
                "hostname",
                "device_mac_address",
                "arq_uuid",
            ]
        ),
    },
    "routers": {
        "routes": frozenset({"destination", "nexthop"}),
        "external_gateway_info": frozenset({"network_id", "enable_snat", "external_fixed_ips", "qos_policy_id"}),
        "external_gateways": frozenset({"network_id", "enable_snat", "external_fixed_ips", "qos_policy_id"}),
    },
    "subnets": {"host_routes": frozenset({"destination", "nexthop"}), "allocation_pools": frozenset({"start", "end"})},
    "trunks": {"sub_ports": frozenset({"port_id", "segmentation_id", "segmentation_type"})},
}
PARTS["ports"] |= {f"binding_{name}": PARTS["ports"][f"binding:{name}"] for name in ("vif_details", "profile")}
"""The fields of the parts of an object. A port's profile that names a parent, or a switch of hardware, makes another port of it."""

_SINGULAR = {"rbac_policies": "rbac_policy", "floating_ips": "floating_ip"}
_CLIENTS = {
    "is_vlan_transparent": "vlan_transparent",
    "is_vlan_qinq": "qinq",
    "binding_vif_details": "binding:vif_details",
    "binding_profile": "binding:profile",
}
"""The API's names of fields that the client calls otherwise, where the two must have one name in an acceptance."""
_REASONS = {
    "field:network.pvlan": "a private VLAN: its rules outrank security groups",
    "field:subnet.leak_routes": "BGP announces the subnet: the outside may have a route to it",
    "field:router.evpn_vni": "an EVPN joins the router to others outside Neutron",
    "field:router.conntrack_helpers": "a helper lets related connections through",
    "field:router.flavor_id": "a driver of its own routes for it",
    "field:router.enable_ndp_proxy": "addresses behind it are announced outside",
    "field:network.vlan_transparent": "servers may tag their frames, and groups do not look at tagged ones",
    "field:network.qinq": "servers may tag their frames, and groups do not look at tagged ones",
    "field:port.trusted": "the port may listen to and send what is not its own",
}


class Fields:
    """The unknown fields of many objects, each told once, with the first object that has it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._found: dict[str, tuple[Unknown, int]] = {}

    def look(self, section: str, data: Mapping[str, Any]) -> None:
        """Look at the names of an object's fields, as the reader has them."""
        known = KNOWN.get(section)
        if known is None:
            return
        for name in data.keys() - known:
            self._note(section, data, name, data[name])
        for name, inner in PARTS.get(section, {}).items():
            for part in _parts(data.get(name)):
                if not isinstance(part, dict):
                    self._note(section, data, name, part)
                    continue
                for odd in part.keys() - inner:
                    self._note(section, data, f"{name}.{odd}", part[odd])

    def unknowns(self) -> Iterator[Unknown]:
        """Yield a record per unknown field."""
        for unknown, count in self._found.values():
            more = f"; {count - 1} more have it" if count > 1 else ""
            yield Unknown(type=unknown.type, id=unknown.id, name=unknown.name, project_id=unknown.project_id, reason=unknown.reason + more)

    def _note(self, section: str, data: Mapping[str, Any], name: str, value: object) -> None:
        if value is None or value is False or value in ("", [], {}):
            return
        kind = _SINGULAR.get(section, section.removesuffix("s"))
        outer, dot, inner = name.partition(".")
        label = f"field:{kind}.{_CLIENTS.get(outer, outer)}{dot}{inner}"
        first, count = self._found.get(label, (None, 0))
        if first is None:
            reason = f"{_REASONS.get(label, 'the model does not know this field')} (value: {str(value)[:80]})"
            texts = [str(data.get(key) or "") for key in ("id", "name", "project_id")]
            first = Unknown(type=label, id=texts[0], name=texts[1], project_id=texts[2], reason=reason)
        self._found[label] = (first, count + 1)


def _parts(value: object) -> list[Any]:
    """Return the parts of a field, which the client may print as text; text that is no JSON is a part that nobody can read."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    return value if isinstance(value, list) else [value] if value else []
