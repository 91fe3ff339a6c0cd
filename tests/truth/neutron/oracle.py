"""Neutron's own translators, run by Neutron's own environment: rules on standard input, ACLs and flows on standard output.

Nothing of ringfence is imported here: this file is the witness, and is run by another interpreter (see environment.py).
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import netaddr  # noqa: E402 - after the warnings of what follows are silenced
from neutron.agent.linux.openvswitch_firewall import rules as ovs  # noqa: E402
from neutron.common.ovn import acl, utils  # noqa: E402
from neutron.db.securitygroups_db import SecurityGroupDbMixin  # noqa: E402

Json = dict[str, Any]
API = object.__new__(SecurityGroupDbMixin)
"""The API's own checks, without a database behind them."""


class Port:
    """As much of the agent's port as the flow translator asks for."""

    ofport = 2


def stored(rule: Json) -> Json:
    """Return the rule as the API keeps it, names and ranges in canonical form. Raises what the API raises for a rule it refuses."""
    kept = {**rule, "project_id": "acme", "remote_address_group_id": rule.get("remote_address_group_id")}
    API._validate_base_security_group_rule_attributes(kept)
    prefix = kept.get("remote_ip_prefix")
    return {**kept, "normalized_cidr": str(netaddr.IPNetwork(prefix).cidr) if prefix else None}


def ovn_acl(rule: Json) -> Json:
    """Return the ACL that the OVN driver writes for a rule."""
    made: Json = acl._add_sg_rule_acl_for_port_group(utils.ovn_port_group_name(rule["group"]), True, stored(rule))
    return made


def ovs_flows(rule: Json) -> list[Json]:
    """Return the flows that the Open vSwitch driver writes for a rule without a remote group."""
    kept = stored(rule)
    asked: Json = {"ethertype": kept["ethertype"], "direction": kept["direction"]}
    if kept["protocol"] is not None:
        asked["protocol"] = API._get_ip_proto_number(kept["protocol"])
    for name in ("port_range_min", "port_range_max"):
        if kept[name] is not None:
            asked[name] = kept[name]
    if kept["normalized_cidr"]:
        asked["source_ip_prefix" if kept["direction"] == "ingress" else "dest_ip_prefix"] = kept["normalized_cidr"]
    return list(ovs.create_flows_from_rule_and_port(asked, Port()))


def main() -> None:
    """Translate everything that is asked for."""
    asked = json.load(sys.stdin)
    answer: Json = {
        "acls": [ovn_acl(rule) for rule in asked.get("ovn", [])],
        "drop": acl.add_acls_for_drop_port_group("neutron_pg_drop"),
        "flows": [ovs_flows(rule) for rule in asked.get("ovs", [])],
        "port_groups": {group: utils.ovn_port_group_name(group) for group in asked.get("groups", [])},
        "address_sets": {
            group: {family: utils.ovn_ag_addrset_name(group, family) for family in ("ip4", "ip6")}
            for group in asked.get("address_groups", [])
        },
    }
    json.dump(answer, sys.stdout, default=str)


if __name__ == "__main__":
    main()
