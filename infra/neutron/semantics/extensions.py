"""What a cloud can do besides: every extension of Neutron's API stands in one list, and one that stands in none is said.

The aliases are those of ``neutron_lib/api/definitions`` and of ``neutron/extensions`` (neutron 29.0.0); a truth test holds these lists
against them. An extension of other people is not in any: then nobody here knows what it does to packets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.neutron.snapshot import Unknown

if TYPE_CHECKING:
    from collections.abc import Collection as Some
    from collections.abc import Iterator, Mapping

MODELLED = frozenset(
    [
        "address-group",
        "address-scope",
        "allowed-address-pairs",
        "binding",
        "binding-extended",
        "dvr",
        "ecmp_routes",
        "expose-port-forwarding-in-fip",
        "external-net",
        "ext-gw-mode",
        "external-gateway-multihoming",
        "extraroute",
        "floating-ip-distributed",
        "floating-ip-port-forwarding",
        "floating-ip-port-forwarding-detail",
        "floating-ip-port-forwarding-port-ranges",
        "floating-ip-router-writable",
        "l3-ha",
        "multi-provider",
        "network",
        "network_ha",
        "port",
        "port-security",
        "project-id",
        "provider",
        "rbac-address-group",
        "rbac-address-scope",
        "rbac-policies",
        "rbac-security-groups",
        "rbac-subnetpool",
        "router",
        "router-enable-snat",
        "security-group",
        "security-groups-default-rules",
        "security-groups-normalized-cidr",
        "security-groups-remote-address-group",
        "security-groups-rules-belongs-to-default-sg",
        "segment",
        "stateful-security-group",
        "subnet",
        "subnetpool",
        "trunk",
        "trunk-details",
    ]
)
"""What they add is in the records of a snapshot."""

BY_FIELD = {
    "evpn": "field:router.evpn_vni",
    "expose-l3-conntrack-helper": "field:router.conntrack_helpers",
    "l3-ext-ndp-proxy": "field:router.enable_ndp_proxy",
    "l3-flavors": "field:router.flavor_id",
    "ovn-bgp": "field:subnet.leak_routes",
    "port-trusted-vif": "field:port.trusted",
    "pvlan": "field:network.pvlan",
    "qinq": "field:network.qinq",
    "router-service-type": "field:router.service_type_id",
    "vlan-transparent": "field:network.vlan_transparent",
}
"""Not modelled: an object that uses one has a field that no reader knows (:mod:`infra.neutron.sources.fields`)."""

HARMLESS = frozenset(
    [
        "aap-reject-multicast",
        "agent",
        "agent-resources-synced",
        "agent_sort_key",
        "auto-allocated-topology",
        "availability_zone",
        "availability_zone_filter",
        "bgp_4byte_asn",
        "bgp_dragent_scheduler",
        "bgpvpn-routes-control",
        "bgpvpn-vni",
        "data-plane-status",
        "default-subnetpools",
        "dhcp_agent_scheduler",
        "dns-domain-ports",
        "dns-integration",
        "dns-integration-domain-keywords",
        "dummy",
        "empty-string-filtering",
        "enable-default-route-bfd",
        "enable-default-route-ecmp",
        "extra_dhcp_opt",
        "extraroute-atomic",
        "filter-validation",
        "fip-port-details",
        "flavors",
        "floating-ip-port-forwarding-description",
        "floatingip-autodelete-internal",
        "floatingip-pools",
        "flow_classifier",
        "ip-substring-filtering",
        "ip_allocation",
        "l2-gateway-connection",
        "l2_adjacency",
        "l3-agent-scheduler-ha-chassis-priority",
        "l3-port-ip-change-not-allowed",
        "l3_agent_scheduler",
        "logging",
        "metering",
        "metering_source_and_destination_fields",
        "net-mtu",
        "net-mtu-writable",
        "network-cascade-delete",
        "network-ip-availability",
        "network-ip-availability-details",
        "network-segment-range",
        "network_availability_zone",
        "pagination",
        "port-device-profile",
        "port-hardware-offload-type",
        "port-hint-ovs-tx-steering",
        "port-hints",
        "port-mac-address-regenerate",
        "port-mac-override",
        "port-numa-affinity-policy",
        "port-numa-affinity-policy-socket",
        "port-resource-request",
        "port-resource-request-groups",
        "port-security-groups-filtering",
        "project-default-networks",
        "qos",
        "qos-bw-limit-direction",
        "qos-bw-minimum-ingress",
        "qos-default",
        "qos-fip",
        "qos-fip-network-policy",
        "qos-gateway-ip",
        "qos-port-network-policy",
        "qos-pps",
        "qos-pps-minimum",
        "qos-pps-minimum-rule-alias",
        "qos-rule-type-details",
        "qos-rule-type-filter",
        "qos-rules-alias",
        "quota-check-limit",
        "quota-check-limit-default",
        "quota_details",
        "quotas",
        "rbac-bgpvpn",
        "revision-if-match",
        "router-admin-state-down-before-update",
        "router_availability_zone",
        "security-groups-default-statefulness",
        "security-groups-name-restrictions",
        "security-groups-shared-filtering",
        "segments-peer-subnet-host-routes",
        "service-type",
        "sort-key-validation",
        "sorting",
        "standard-attr-bgpvpn",
        "standard-attr-bgpvpn-network-association",
        "standard-attr-bgpvpn-port-association",
        "standard-attr-bgpvpn-router-association",
        "standard-attr-description",
        "standard-attr-fwaas-v2",
        "standard-attr-revisions",
        "standard-attr-segment",
        "standard-attr-tag",
        "standard-attr-timestamp",
        "subnet-dns-publish-fixed-ip",
        "subnet-external-network",
        "subnet-segmentid-enforce",
        "subnet-segmentid-writable",
        "subnet-service-types",
        "subnet_allocation",
        "subnet_onboard",
        "subnetpool-prefix-ops",
        "taas-vlan-filter",
        "tag-creation",
        "tag-ports-during-bulk-creation",
        "tap-mirror-both-direction",
        "uplink-status-propagation",
        "uplink-status-propagation-updatable",
        "vpn-aes-ccm-gcm",
        "vpn-aes-ctr",
        "vpn-endpoint-groups",
        "vpn-flavors",
        "vpn-no-sha1-3des",
    ]
)
"""They move and stop no packet: names, times, quotas, filters of lists, places, rates, logs, and additions to those counted below."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A list of objects that the model does not know; that there are none is all that it wants to hear."""

    alias: str
    path: str
    key: str

    def unknown(self, data: Mapping[str, Any]) -> Unknown:
        """Return the record of one object."""
        texts = [str(data.get(name) or data.get(name.title()) or "") for name in ("id", "name", "project_id")]
        identifier = texts[0] or str(data.get("ID") or "")
        reason = "the model does not know what it does to packets"
        return Unknown(type=self.key, id=identifier, name=texts[1], project_id=texts[2], reason=reason)

    def not_listed(self, why: str) -> Unknown:
        """Return that nobody knows whether there are such objects."""
        return Unknown(type=f"extension:{self.alias}", reason=f"whether there are {self.key.replace('_', ' ')} is not known: {why}")


_COUNTED = (
    Collection("bgp", "/bgp-speakers", "bgp_speakers"),
    Collection("bgpvpn", "/bgpvpn/bgpvpns", "bgpvpns"),
    Collection("fwaas_v2", "/fwaas/firewall_groups", "firewall_groups"),
    Collection("l2-gateway", "/l2-gateways", "l2_gateways"),
    Collection("l3-ndp-proxy", "/ndp_proxies", "ndp_proxies"),
    Collection("local_ip", "/local_ips", "local_ips"),
    Collection("sfc", "/sfc/port_chains", "port_chains"),
    Collection("taas", "/taas/tap_services", "tap_services"),
    Collection("tap-mirror", "/taas/tap_mirrors", "tap_mirrors"),
    Collection("vpnaas", "/vpn/vpnservices", "vpnservices"),
)
"""Extensions that matter as soon as there is one object of theirs."""

COLLECTIONS = {collection.key: collection for collection in _COUNTED}
COUNTED = frozenset(collection.alias for collection in _COUNTED)

HELPERS, SHOWN_HELPERS = "l3-conntrack-helper", "expose-l3-conntrack-helper"
"""Helpers of connection tracking are seen by a field of routers that another extension adds."""


def collections(aliases: Some[str]) -> Iterator[Collection]:
    """Yield the lists that a cloud with these extensions has."""
    return (collection for collection in _COUNTED if collection.alias in aliases)


def not_known(aliases: Some[str]) -> Iterator[Unknown]:
    """Yield a record for each extension that is in no list, or whose use would not be seen."""
    for alias in sorted(set(aliases) - MODELLED - HARMLESS - COUNTED - BY_FIELD.keys() - {HELPERS}):
        yield Unknown(type=f"extension:{alias}", reason="the model does not know what this extension does to packets")
    if HELPERS in aliases and SHOWN_HELPERS not in aliases:
        yield Unknown(type=f"extension:{HELPERS}", reason="whether routers have helpers of connection tracking is not shown")
