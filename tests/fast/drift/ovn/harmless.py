"""What a cloud or its operator does in OVN by itself, and is no fault."""

from __future__ import annotations

from typing import Any

from tests.fast.drift.ovn.broken import EDGE, LS, LSP, Way, acl, acl_of, again, leg, put, setting

ELSEWHERE: dict[str, Any] = {"_uuid": "x", "name": "neutron-elsewhere", "ports": [], "static_routes": [], "nat": [], "policies": []}
HARMLESS: dict[str, Way] = {
    "log of an ACL": lambda t: acl_of(t).update(log=True, name="neutron-log", severity="info", meter="acl_log_meter", label=7),
    "drop of an earlier Neutron": setting("ACL", "acl-drop-to-lport", priority=1000),
    "revision and names": setting("Logical_Switch_Port", LSP, external_ids={"neutron:revision_number": "77"}),
    "port that is down": setting("Logical_Switch_Port", LSP, up=False),
    "host of a port": setting("Logical_Switch_Port", LSP, options={"requested-chassis": "host-1", "mcast_flood_reports": "true"}),
    "port without the column enabled": setting("Logical_Switch_Port", LSP, enabled=[]),
    "QoS of a network": setting("Logical_Switch", LS, qos_rules=["q"]),
    "names of servers": setting("Logical_Switch", LS, dns_records="d"),
    "limits of the control plane": setting("Logical_Switch", LS, copp="c"),
    "host of a gateway": lambda t: leg(t).update(gateway_chassis=["host-1"], ha_chassis_group="h", options={"gateway_mtu": "1500"}),
    "supervised route": setting("Logical_Router_Static_Route", f"route-{EDGE}-0", bfd="b", output_port="lrp-x"),
    "place of a translation": lambda t: next(iter(t["NAT"].values())).update(
        external_mac="m", gateway_port="g", options={"stateless": "false"}
    ),
    "translation written once more": again("NAT", "nat"),
    "route written once more": again("Logical_Router_Static_Route", "static_routes"),
    "router of somebody else": put("Logical_Router", {**ELSEWHERE, "load_balancer": ["x"]}),
    "switch of somebody else": put("Logical_Switch", {**ELSEWHERE, "acls": ["x"]}),
    "ACL of somebody else": put("ACL", acl("x", "ip4")),
    "port group of somebody else": put("Port_Group", {"_uuid": "x", "name": "other", "acls": ["x"], "ports": ["y"]}),
    "set of somebody else": put("Address_Set", {"_uuid": "x", "name": "other", "addresses": ["0.0.0.0/0"]}),
    "neighbour of somebody else": put("Static_MAC_Binding", {"_uuid": "x", "logical_port": "lrp-x", "ip": "10.0.0.1", "mac": "m"}),
}
"""What is not compared, and what is nobody's of ours."""
