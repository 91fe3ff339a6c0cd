"""Ways to break isolation in OVN's northbound database, where Neutron's API shows none of it. Every one is two lists of commands."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.drift.ovn.northbound import DROP_GROUP, ID, Northbound, group_name, many, router_name, router_port_name, switch_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.drift.found import Found

Words = tuple[str, ...]
MAC, ELSEWHERE, FOREIGN, NEIGHBOUR = "02:00:00:00:00:77", "198.51.100.0/24", "198.51.100.9", "198.51.100.77"
HERE, PORT, GROUP, BALANCER, MIRROR, WIRE = "10.66.0.1/24", "rf-port", "rf_group", "rf-balancer", "rf-mirror", "provnet-rf"
SIXTY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens: a tenant's port with its group, a router with its interface on the port's network, and another tenant's port."""

    port: dict[str, Any]
    group: dict[str, Any]
    router: str
    interface: str
    stranger: dict[str, Any]
    address_set: str
    ovn: Northbound

    @classmethod
    def of(cls, found: Found, ovn: Northbound, project: str, other: str) -> Place:
        """Choose a port of a project's server and one of another's."""
        servers = [row for row in found.ports if row["device_owner"].startswith("compute:")]
        legs = {row["network_id"]: row for row in found.ports if row["device_owner"].startswith("network:router_interface")}
        port = next(row for row in servers if row["project_id"] == project and row["network_id"] in legs and row["security_groups"])
        group = next(row for row in found.groups if row["id"] in port["security_groups"] and row["security_group_rules"])
        stranger = next(row for row in servers if row["project_id"] == other)
        leg = legs[port["network_id"]]
        sets = [row["id"] for row in found.address_groups if row["project_id"] == project]
        return cls(port, group, str(leg["device_id"]), str(leg["id"]), stranger, f"ag_{sets[0].replace('-', '_')}_ip4", ovn)

    def row(self, table: str, name: str) -> dict[str, Any]:
        """Return OVN's row of a name."""
        return self.ovn.called(table, name)[0]

    def acl(self) -> dict[str, Any]:
        """Return the ACL of a rule of the group."""
        return next(self.ovn.of_row(self.row("Port_Group", group_name(self.group["id"])), "acls", "ACL"))


@dataclass(frozen=True, slots=True)
class InOvn:
    """What is done and undone, each command a list of words for ``ovn-nbctl``, and what has to be said of it."""

    do: Sequence[Words]
    undo: Sequence[Words]
    says: str


def ways(place: Place) -> dict[str, InOvn]:
    """Return all ways at a place."""
    return {**_groups(place), **_ports(place), **_routers(place), **_balancers(place)}


def _groups(place: Place) -> dict[str, InOvn]:
    group, drop, acl = group_name(place.group["id"]), f"outport == @{DROP_GROUP} && ip", place.acl()
    own = place.row("Logical_Switch_Port", place.port["id"])[ID]
    strange = place.row("Logical_Switch_Port", place.stranger["id"])[ID]
    wide = f"outport == @{group} && ip4"
    rule = acl["external_ids"]["neutron:security_group_rule_id"]
    return {
        "an ACL that allows": InOvn(
            [("--type=port-group", "acl-add", group, "to-lport", "1003", wide, "allow")],
            [("--type=port-group", "acl-del", group, "to-lport", "1003", wide)],
            "undeclared ACL in OVN, group {group}: to-lport 1003 allow",
        ),
        "an ACL of a rule is wider": InOvn(
            [("set", "ACL", acl[ID], f'match="{acl["match"].rpartition(" && ")[0]}"')],
            [("set", "ACL", acl[ID], f'match="{acl["match"]}"')],
            f"ACL of rule {rule} in OVN",
        ),
        "the ACL that drops": InOvn(
            [("--type=port-group", "acl-del", DROP_GROUP, "to-lport", "1001", drop)],
            [("--type=port-group", "acl-add", DROP_GROUP, "to-lport", "1001", drop, "drop")],
            "OVN lacks an ACL that drops what no rule allows: to-lport",
        ),
        "an ACL beside those that drop": InOvn(
            [("--type=port-group", "acl-add", DROP_GROUP, "from-lport", "1005", f"inport == @{DROP_GROUP} && ip6", "allow")],
            [("--type=port-group", "acl-del", DROP_GROUP, "from-lport", "1005", f"inport == @{DROP_GROUP} && ip6")],
            f"undeclared ACL in OVN, group {DROP_GROUP}: from-lport 1005",
        ),
        "out of the group that drops": InOvn(
            [("remove", "Port_Group", DROP_GROUP, "ports", own)],
            [("add", "Port_Group", DROP_GROUP, "ports", own)],
            "port {port} is not in OVN's group neutron_pg_drop",
        ),
        "out of its group": InOvn(
            [("remove", "Port_Group", group, "ports", own)],
            [("add", "Port_Group", group, "ports", own)],
            "port {port} is not in security group {group} in OVN",
        ),
        "a stranger in the group": InOvn(
            [("add", "Port_Group", group, "ports", strange)],
            [("remove", "Port_Group", group, "ports", strange)],
            "port {stranger} is in security group {group} in OVN, and not in Neutron",
        ),
        "a port group of nobody's": InOvn(
            [("pg-add", GROUP, place.port["id"])], [("pg-del", GROUP)], f"undeclared port group {GROUP} in OVN holds port {{port}}"
        ),
        "a prefix too much": InOvn(
            [("add", "Address_Set", place.address_set, "addresses", '"198.51.100.7"')],
            [("remove", "Address_Set", place.address_set, "addresses", '"198.51.100.7"')],
            "other ip4 prefixes in OVN: too much 198.51.100.7",
        ),
    }


def _ports(place: Place) -> dict[str, InOvn]:
    port, switch = place.port["id"], switch_name(place.port["network_id"])
    row, other = place.row("Logical_Switch_Port", port), place.stranger["id"]
    sure = tuple(map(str, many(place.row("Logical_Switch_Port", other), "port_security")))
    return {
        "unknown addresses": InOvn(
            [("lsp-set-addresses", port, *many(row, "addresses"), "unknown")],
            [("lsp-set-addresses", port, *many(row, "addresses"))],
            "port {port} gets frames for unknown addresses in OVN",
        ),
        "port security off": InOvn(
            [("clear", "Logical_Switch_Port", other, "port_security")],
            [("lsp-set-port-security", other, *sure)],
            "port {stranger} may send from any address in OVN",
        ),
        "more addresses to send from": InOvn(
            [("add", "Logical_Switch_Port", port, "port_security", f'"{MAC}"')],
            [("remove", "Logical_Switch_Port", port, "port_security", f'"{MAC}"')],
            "port {port} may send from",
        ),
        "a copy of all packets": InOvn(
            [("mirror-add", MIRROR, "gre", "0", "from-lport", FOREIGN), ("lsp-attach-mirror", port, MIRROR)],
            [("lsp-detach-mirror", port, MIRROR), ("mirror-del", MIRROR)],
            "port {port} has mirror_rules",
        ),
        "an option of nobody's": InOvn(
            [("set", "Logical_Switch_Port", port, "options:pkt_clone_type=mc_unknown")],
            [("remove", "Logical_Switch_Port", port, "options", "pkt_clone_type")],
            "port {port} has pkt_clone_type=mc_unknown in OVN",
        ),
        "a port of nobody's": InOvn(
            [("lsp-add", switch, PORT), ("lsp-set-addresses", PORT, f"{MAC} {NEIGHBOUR}")],
            [("lsp-del", PORT)],
            f"undeclared port {PORT} of type of a server on network {{network}} in OVN",
        ),
        "a wire out of the cloud": InOvn(
            [("lsp-add", switch, WIRE), ("lsp-set-type", WIRE, "localnet"), ("lsp-set-options", WIRE, "network_name=rf-nowhere")],
            [("lsp-del", WIRE)],
            f"undeclared port {WIRE} of type localnet on network {{network}} in OVN",
        ),
        "an ACL on a switch": InOvn(
            [("acl-add", switch, "to-lport", "3000", "ip4 && ip4.src == 198.51.100.9", "allow")],
            [("acl-del", switch, "to-lport", "3000", "ip4 && ip4.src == 198.51.100.9")],
            "network {network} has acls",
        ),
        "VLAN tags are handed on": InOvn(
            [("set", "Logical_Switch", switch, "other_config:vlan-passthru=true")],
            [("set", "Logical_Switch", switch, "other_config:vlan-passthru=false")],
            "network {network} hands on VLAN tags in OVN",
        ),
    }


def _routers(place: Place) -> dict[str, InOvn]:
    router, leg, port = router_name(place.router), router_port_name(place.interface), f"lrp-{PORT}"
    return {
        "a route": InOvn(
            [("lr-route-add", router, ELSEWHERE, NEIGHBOUR, leg)],
            [("lr-route-del", router, ELSEWHERE)],
            f"undeclared route of router {{router}} in OVN: {ELSEWHERE} via {NEIGHBOUR}",
        ),
        "a translation": InOvn(
            [("lr-nat-add", router, "dnat_and_snat", FOREIGN, place.port["fixed_ips"][0]["ip_address"])],
            [("lr-nat-del", router, "dnat_and_snat", FOREIGN)],
            f"undeclared translation of router {{router}} in OVN: dnat_and_snat {FOREIGN}",
        ),
        "a policy": InOvn(
            [("lr-policy-add", router, "2000", "ip4.src == 198.51.100.9", "allow")],
            [("lr-policy-del", router, "2000", "ip4.src == 198.51.100.9")],
            "undeclared policy of router {router} in OVN: 2000",
        ),
        "a port of a router": InOvn(
            [("lrp-add", router, port, MAC, HERE)], [("lrp-del", port)], f"undeclared port {port} ({HERE}) of router {{router}} in OVN"
        ),
        "another address of a router": InOvn(
            [("add", "Logical_Router_Port", leg, "networks", f'"{HERE}"')],
            [("remove", "Logical_Router_Port", leg, "networks", f'"{HERE}"')],
            "port of router {router} has",
        ),
        "a neighbour that is written down": InOvn(
            [("static-mac-binding-add", leg, NEIGHBOUR, MAC)],
            [("static-mac-binding-del", leg, NEIGHBOUR)],
            f"undeclared neighbour of router {{router}} in OVN: {NEIGHBOUR} is at {MAC}",
        ),
    }


def _balancers(place: Place) -> dict[str, InOvn]:
    router, switch = router_name(place.router), switch_name(place.port["network_id"])
    return {
        "a load balancer of a router": InOvn(
            [("lb-add", BALANCER, f"{FOREIGN}:80", "198.51.100.10:80"), ("lr-lb-add", router, BALANCER)],
            [("lr-lb-del", router, BALANCER), ("lb-del", BALANCER)],
            "router {router} has the undeclared load balancers",
        ),
        "a load balancer of a switch": InOvn(
            [("lb-add", f"{BALANCER}-2", f"{FOREIGN}:81", "198.51.100.10:81"), ("ls-lb-add", switch, f"{BALANCER}-2")],
            [("ls-lb-del", switch, f"{BALANCER}-2"), ("lb-del", f"{BALANCER}-2")],
            "network {network} has load_balancer",
        ),
    }


def run(through: list[str], commands: Sequence[Words]) -> None:
    """Run commands of ``ovn-nbctl``."""
    for words in commands:
        done = subprocess.run([*through, "ovn-nbctl", *words], capture_output=True, timeout=SIXTY_SECONDS, check=False)
        assert done.returncode == 0, (words, done.stderr.decode(errors="replace"))
