"""Fields that no reader knows: said by name, each once, whatever kind of object has them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.neutron.sources.fields import Fields
from infra.neutron.sources.gaps import Bindings

ODD: dict[str, tuple[str, dict[str, Any], str]] = {
    "a private VLAN": ("networks", {"pvlan": True}, "field:network.pvlan"),
    "frames with tags of servers": ("networks", {"vlan_transparent": True}, "field:network.vlan_transparent"),
    "the client's word for it": ("networks", {"is_vlan_transparent": True}, "field:network.vlan_transparent"),
    "a subnet that BGP announces": ("subnets", {"leak_routes": True}, "field:subnet.leak_routes"),
    "a router in an EVPN": ("routers", {"evpn_vni": 7}, "field:router.evpn_vni"),
    "zero is a value": ("routers", {"evpn_vni": 0}, "field:router.evpn_vni"),
    "a router with helpers": ("routers", {"conntrack_helpers": [{"protocol": "udp"}]}, "field:router.conntrack_helpers"),
    "a router of another driver": ("routers", {"flavor_id": "f"}, "field:router.flavor_id"),
    "a trusted card": ("ports", {"trusted": True}, "field:port.trusted"),
    "a port behind another": ("ports", {"binding:profile": {"parent_name": "p"}}, "field:port.binding:profile.parent_name"),
    "the same by the client": ("ports", {"binding_profile": {"parent_name": "p"}}, "field:port.binding:profile.parent_name"),
    "a field of a vendor": ("floating_ips", {"acme:bypass": "all"}, "field:floating_ip.acme:bypass"),
    "a field of a part": ("ports", {"allowed_address_pairs": [{"active": True}]}, "field:port.allowed_address_pairs.active"),
    "a part that nobody can read": ("ports", {"binding_profile": "tag=3"}, "field:port.binding:profile"),
    "a field of a rule": ("security_group_rules", {"log": True}, "field:security_group_rule.log"),
}


@pytest.mark.parametrize(("section", "data", "label"), ODD.values(), ids=ODD)
def test_a_field_that_no_reader_knows_is_said(section: str, data: dict[str, Any], label: str) -> None:
    """By a name that stays the same, with the first object that has it, and how many more."""
    fields = Fields()
    fields.look(section, {"id": "one", **data})
    fields.look(section, {"id": "two", **data})
    first = next(iter(fields.unknowns()))
    assert (first.type, first.id, "1 more" in first.reason) == (label, "one", True)


def test_a_field_that_says_nothing_or_is_known_is_not_said() -> None:
    """Null, false and empty are what objects have of what they do not use."""
    fields = Fields()
    nothing: tuple[object, ...] = (None, False, "", [], {})
    for value in nothing:
        fields.look("networks", {"pvlan": value})
    fields.look("ports", {"binding:profile": {"pci_slot": "0000:00:01.0"}, "tags": ["a"], "qos_policy_id": "q", "hints": {"a": 1}})
    assert list(fields.unknowns()) == []


SWITCHED_OFF = {"id": "p", "port_security_enabled": True, "binding:vnic_type": "normal", "binding:vif_details": {"port_filter": False}}
BOUND: dict[str, tuple[dict[str, Any], list[str]]] = {
    "groups are switched off": ({}, ["field:port.binding:vif_details.port_filter"]),
    "the port has no groups anyway": ({"port_security_enabled": False}, []),
    "the card is one that groups never guard": ({"binding:vnic_type": "direct"}, []),
    "the port is a router's": ({"device_owner": "network:router_interface"}, []),
    "the port is filtered": ({"binding:vif_details": {"port_filter": True}}, []),
    "another vendor's switch": ({"binding:vif_details": {}, "binding:vif_type": "vrouter"}, ["vif_type:vrouter"]),
}


@pytest.mark.parametrize(("changes", "labels"), BOUND.values(), ids=BOUND)
def test_groups_that_are_switched_off_are_said(changes: dict[str, Any], labels: list[str]) -> None:
    """Neutron says of each bound port whether its groups are enforced."""
    bound = Bindings()
    bound.look({**SWITCHED_OFF, **changes})
    assert [unknown.type for unknown in bound.unknowns()] == labels
