"""Neutron's own translators, run by Neutron's own environment: a line of rules on standard input, one of ACLs and flows on standard output.

For OVN, the ACL of each rule. For Open vSwitch, what an agent with all the ports tells its bridge: Neutron's server answers the agent's
question about groups and members, and the agent's firewall driver writes the flows, those of remote groups (conjunctions) as well. For
iptables, the commands that such an agent with the hybrid driver runs.

Nothing of ringfence is imported here: this file is the witness, and is run by another interpreter (see environment.py).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from types import SimpleNamespace
from typing import Any

import netaddr
from neutron.agent.common import ovs_lib
from neutron.agent.linux import ip_conntrack, iptables_firewall
from neutron.agent.linux import utils as linux_utils
from neutron.agent.linux.openvswitch_firewall.firewall import OFPort, OVSFirewallDriver
from neutron.common.ovn import acl, utils
from neutron.conf.agent import common as agent_conf
from neutron.conf.agent import securitygroups_rpc
from neutron.conf.plugins.ml2.drivers import ovs_conf
from neutron.db.securitygroups_db import SecurityGroupDbMixin
from neutron.db.securitygroups_rpc_base import SecurityGroupInfoAPIMixin
from oslo_concurrency import lockutils

Json = dict[str, Any]
API = object.__new__(SecurityGroupDbMixin)
"""The API's own checks, without a database behind them."""


VLAN = 1
"""The agent's tag of the one network."""


class Database:
    """What is asked here, in place of the server's database: each method answers one of the server's questions."""

    def __init__(self, asked: Json) -> None:
        self.rules = [stored(rule) for rule in asked["rules"]]
        self.ports: list[Json] = asked["ports"]
        self.address_groups: dict[str, list[str]] = asked["address_groups"]

    def rules_of(self, _: object, ports: Json) -> list[tuple[str, Json]]:
        """Return (port, rule) of every rule of every port."""
        return [(name, rule) for name, port in ports.items() for rule in self.rules if rule["group"] in port["security_groups"]]

    def groups_of(self, _: object, ports: Json) -> list[tuple[str]]:
        """Return the groups of ports, each a row of one column."""
        return [(group,) for port in ports.values() for group in port["security_groups"]]

    def members(self, _: object, groups: list[str]) -> Json:
        """Return (address, MAC address) of every member of groups."""
        found: Json = {group: set() for group in groups}
        for port in self.ports:
            own = {(address, port["mac_address"]) for address in port["fixed_ips"]}
            pairs = {(pair["ip_address"], pair["mac_address"]) for pair in port["allowed_address_pairs"]}
            for group in found.keys() & port["security_groups"]:
                found[group] |= own | pairs
        return found

    def addresses(self, _: object, groups: list[str]) -> Json:
        """Return the addresses of address groups, which have no MAC address."""
        return {group: {(address, None) for address in self.address_groups[group]} for group in groups}

    def stateful(self, _: object, groups: list[str]) -> dict[str, bool]:
        """Return that every group follows connections."""
        return dict.fromkeys(groups, True)


def for_agents(database: Database) -> SecurityGroupInfoAPIMixin:
    """Return as much of Neutron's server as answers an agent."""
    server = object.__new__(SecurityGroupInfoAPIMixin)
    server._select_rules_for_ports = database.rules_of
    server._select_sg_ids_for_ports = database.groups_of
    server._select_ips_for_remote_group = database.members
    server._select_ips_for_remote_address_group = database.addresses
    server._get_sgs_stateful_flag = database.stateful
    return server


class Bridge:
    """Stands where the agent has its bridge, and keeps the lines that ovs-ofctl would get. The agent is never asked to delete a flow."""

    is_hw_offload_enabled = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    @property
    def br(self) -> Bridge:
        """The agent's bridge has another one behind it, which writes at once."""
        return self

    def dump_flows(self, table: int) -> list[Json]:
        """A new bridge has none."""
        del table
        return []

    def add_flow(self, **flow: object) -> None:
        """Keep a line."""
        self.lines.append(ovs_lib._build_flow_expr_str(flow, "add", False))  # noqa: SLF001 - the judge is what Neutron runs inside


def stored(rule: Json) -> Json:
    """Return the rule as the API keeps it, names and ranges in canonical form. Raises what the API raises for a rule it refuses."""
    kept = {**rule, "project_id": "acme", "remote_address_group_id": rule.get("remote_address_group_id")}
    API._validate_base_security_group_rule_attributes(kept)
    prefix = kept.get("remote_ip_prefix")
    return {**kept, "normalized_cidr": str(netaddr.IPNetwork(prefix).cidr) if prefix else None}


def ovn_acl(rule: Json) -> Json:
    """Return the ACL that the OVN driver writes for a rule."""
    group = utils.ovn_port_group_name(rule["group"])
    made: Json = acl._add_sg_rule_acl_for_port_group(group, True, stored(rule))  # noqa: SLF001 - as above
    return made


def tell(agent: OVSFirewallDriver | iptables_firewall.IptablesFirewallDriver, asked: Json) -> None:
    """Give an agent's driver what the server answers: the rules of its ports' groups, and the members of remote groups."""
    told = for_agents(Database(asked)).security_group_info_for_ports(None, {port["device"]: port for port in asked["ports"]})
    for group, rules in told["security_groups"].items():
        agent.update_security_group_rules(group, rules)
    for group, members in told["sg_member_ips"].items():
        agent.update_security_group_members(group, members)


def ovs_flows(asked: Json) -> list[str]:
    """Return the flows that an agent writes for ports (numbered from 1), in their order: a later one replaces an equal match."""
    ovs_conf.register_ovs_agent_opts()
    bridge = Bridge()
    agent = object.__new__(OVSFirewallDriver)
    agent.int_br, agent._deferred, agent._update_cookie, agent.permitted_ethertypes = bridge, False, None, []
    agent._initialize_sg()
    agent._initialize_common_flows()
    tell(agent, asked)
    for number, port in enumerate(asked["ports"], start=1):
        made = OFPort(port, SimpleNamespace(vif_mac=port["mac_address"], ofport=number), VLAN)
        agent.sg_port_map.create_port(made, port)
        agent.initialize_port_flows(made)
        agent.add_flows_from_rules(made)
    return bridge.lines


def iptables_commands(asked: Json) -> list[Json]:
    """Return the commands that an agent runs for ports on a host without rules, each with its standard input."""
    run: list[Json] = []

    def execute(command: list[str], process_input: str | None = None, **_: object) -> str:
        if command[0] in {"ipset", "iptables-restore", "ip6tables-restore"}:
            run.append({"command": command, "text": process_input or ""})
        return ""

    linux_utils.execute = execute
    agent_conf.register_iptables_opts(agent_conf.cfg.CONF)
    agent_conf.register_agent_state_opts_helper(agent_conf.cfg.CONF)
    securitygroups_rpc.register_securitygroups_opts()
    with tempfile.TemporaryDirectory() as locks:
        lockutils.set_defaults(locks)
        # It would wait forever for connections to end; no rule is ever taken away here.
        ip_conntrack.IpConntrackManager._process_queue_worker = lambda _: None  # noqa: SLF001 - as it says
        agent = iptables_firewall.OVSHybridIptablesFirewallDriver()
        tell(agent, asked)
        agent.filter_defer_apply_on()
        for port in asked["ports"]:
            agent.prepare_port_filter(port)
        agent.filter_defer_apply_off()
    return run


def answer(asked: Json) -> Json:
    """Translate everything that is asked for."""
    return {
        "acls": [ovn_acl(rule) for rule in asked.get("ovn", [])],
        "drop": acl.add_acls_for_drop_port_group("neutron_pg_drop"),
        "flows": ovs_flows(asked["ovs"]) if "ovs" in asked else [],
        "commands": iptables_commands(asked["iptables"]) if "iptables" in asked else [],
        "port_groups": {group: utils.ovn_port_group_name(group) for group in asked.get("groups", [])},
        "address_sets": {
            group: {family: utils.ovn_ag_addrset_name(group, family) for family in ("ip4", "ip6")}
            for group in asked.get("address_groups", [])
        },
    }


def main() -> None:
    """Answer line by line. Each answer is a process of its own: nothing that Neutron keeps meets another question."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdout.write(json.dumps(answer(json.loads(line)), default=str) + "\n")
            sys.stdout.flush()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status:
            sys.exit("the question above has no answer")


if __name__ == "__main__":
    main()
