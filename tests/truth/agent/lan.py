"""Two tenants, their management segments and the bastion as network namespaces, with the kernel's own routers, bridges and nftables.

The guests' rulesets are the product's. The groups are played by a stateless bridge ruleset in front of every zone NIC, made from the same
policy; the topology is played by one namespace of routers for each tenant, so that equal addresses never meet.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from infra.declaration import load_platform, load_tenant
from infra.outputs import BastionOutput, ManagementOutput
from infra.policy.flows import expand
from infra.policy.rules import Direction
from infra.render import nftables
from ringfence.verify.inventory import Inventory, TenantInventory
from ringfence.verify.probes.link import Link, through_command
from tests.fast import exported
from tests.truth import netns

if TYPE_CHECKING:
    from infra.declaration.model import Tenant
    from infra.outputs import TenantOutput
    from infra.policy.rules import Rule

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 1, 1)
LOW_HALF = 2**64 - 1
SEGMENTS = {"acme": "172.30.0.0/28", "globex": "172.30.0.16/28"}


def sh(*command: str, told: str = "") -> str:
    """Run a command and return its output; show what it said when it fails."""
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def mac(tenant: str, server: str, nic: int) -> str:
    """Return a fixed MAC for a NIC."""
    return f"fa:16:3e:{len(tenant):02x}:{sum(server.encode()) % 256:02x}:{nic:02x}"


@dataclass
class Lan:
    """The namespaces; ``close`` takes them away again."""

    inventory: Inventory
    names: list[str] = field(default_factory=list)

    @classmethod
    def build(cls) -> Lan:
        """Read the declarations of the tree and build what they declare."""
        platform = load_platform(ROOT / "Pulumi.platform.yaml").platform
        tenants = []
        for name, segment in SEGMENTS.items():
            declaration = load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=TODAY)
            made, macs = facts(declaration.tenant, segment)
            tenants.append(TenantInventory(declaration.tenant, expand(declaration, platform), made, macs=macs))
        lan = cls(Inventory(platform, exported.platform(bastion=BastionOutput("", "", "", "")), tuple(tenants)))
        try:
            lan.raise_all()
        except BaseException:
            lan.close()
            raise
        return lan

    def ns(self, name: str) -> str:
        """Return the namespace of a node."""
        return netns.name(name.replace("/", "-"))

    def new(self, name: str) -> None:
        """Create a namespace."""
        sh("ip", "netns", "add", self.ns(name))
        self.names.append(name)
        self.ip(name, "link set lo up")

    def ip(self, name: str, words: str) -> None:
        """Run ip in a namespace."""
        sh("ip", "-n", self.ns(name), *words.split())

    def inside(self, name: str, *command: str, told: str = "") -> str:
        """Run a command in a namespace."""
        return sh("ip", "netns", "exec", self.ns(name), *command, told=told)

    def raise_all(self) -> None:
        """Build everything."""
        self.new("platform/bastion")
        self.ip("platform/bastion", "link add mgmt0 type bridge")
        self.ip("platform/bastion", "addr add 172.29.0.10/24 dev mgmt0")
        self.ip("platform/bastion", "link set mgmt0 up")
        self.new("platform/router")
        self.ip("platform/router", f"link add leg type veth peer name router netns {self.ns('platform/bastion')}")
        self.ip("platform/router", "addr add 172.29.0.1/24 dev leg")
        self.ip("platform/router", "link set leg up")
        self.ip("platform/bastion", "link set router master mgmt0 up")
        for number, tenant in enumerate(self.inventory.tenants):
            self.tenant(tenant, number)

    def tenant(self, tenant: TenantInventory, number: int) -> None:
        """Build a tenant: its routers, its zones, its segment, its leg on the backbone, its servers."""
        core = tenant.name
        self.new(core)
        self.inside(core, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for label, networks in [*((z, zone.networks) for z, zone in tenant.declaration.zones.items()), ("mgmt", ())]:
            self.ip(core, f"link add {label} type bridge")
            for network in networks:
                self.ip(core, f"addr add {network[1]}/{network.prefixlen} dev {label} {'nodad' if network.version == 6 else ''}")
            self.ip(core, f"link set {label} up")
        segment = ip_network(SEGMENTS[core])
        self.ip(core, f"addr add {segment[1]}/{segment.prefixlen} dev mgmt")
        self.ip(core, f"link add backbone type veth peer name leg{number} netns {self.ns('platform/bastion')}")
        self.ip(core, f"addr add 172.29.0.{20 + number}/24 dev backbone")
        self.ip(core, "link set backbone up")
        self.ip("platform/bastion", f"link set leg{number} master mgmt0 up")
        self.ip("platform/bastion", f"route add {segment} via 172.29.0.{20 + number}")
        for server in tenant.declaration.servers:
            self.server(tenant, server)
        # The edge and the management router are two routers: nothing passes between zones and management.
        self.inside(core, "nft", "-f", "-", told=topology())
        self.inside(core, "nft", "-f", "-", told=groups(tenant))
        self.inside(core, "nft", "-f", "-", told=port_security(tenant))

    def server(self, tenant: TenantInventory, server: str) -> None:
        """Build a server with its NICs, routes and ruleset."""
        node = next(node for node in tenant.nodes() if node.name == f"{tenant.name}/{server}")
        self.new(node.name)
        for nic in node.nics:
            near = f"{server}-{nic.device}"
            self.ip(tenant.name, f"link add {near} type veth peer name {nic.device} netns {self.ns(node.name)}")
            self.ip(tenant.name, f"link set {near} master {'mgmt' if nic.device == 'mgmt0' else nic.label} up")
            self.ip(node.name, f"link set {nic.device} address {mac(tenant.name, server, node.nics.index(nic))}")
            for address, network in zip(nic.addresses, nic.networks, strict=True):
                self.ip(node.name, f"addr add {address}/{network.prefixlen} dev {nic.device} {'nodad' if address.version == 6 else ''}")
            self.ip(node.name, f"link set {nic.device} up")
        for hop in node.nics[0].gateways:
            self.ip(node.name, f"-{hop.version} route add default via {hop}")
        self.ip(node.name, f"route add 172.29.0.0/24 via {node.nics[-1].gateways[0]}")
        text = nftables.render(tenant.policy, server)
        self.inside(node.name, "nft", "-f", "-", told=text)

    def link(self, name: str) -> Link:
        """Start the guests' program in a namespace."""
        return through_command(name, f"ip netns exec {self.ns(name)}")

    def close(self) -> None:
        """Take the namespaces away."""
        for name in self.names:
            subprocess.run(["ip", "netns", "del", self.ns(name)], check=False, timeout=300)


def facts(tenant: Tenant, segment: str) -> tuple[TenantOutput, dict[str, str]]:
    """Return what the tenant's stack would export, and the MACs of the management ports."""
    servers, macs = {}, {}
    for number, (name, server) in enumerate(tenant.servers.items()):
        zones = {
            zone: {"port_id": "", "mac": mac(tenant.name, name, nic), "addresses": [str(n[host]) for n in tenant.zones[zone].networks]}
            for nic, (zone, host) in enumerate(server.zones.items())
        }
        macs[name] = mac(tenant.name, name, len(server.zones))
        servers[name] = exported.server(name, nics=zones, management=str(ip_network(segment)[5 + number]))
    management = ManagementOutput("", "", "", segment)
    return exported.tenant(tenant.name, management=management, servers=servers), macs


def topology() -> str:
    """Return the routers' ruleset: what comes from the backbone goes to management only, and back."""
    return """table inet topology {
        chain forward { type filter hook forward priority 0; policy drop;
            iifname { "backbone", "mgmt" } oifname { "backbone", "mgmt" } accept
            iifname != { "backbone", "mgmt" } oifname != { "backbone", "mgmt" } accept
        }
        }\n"""


def groups(tenant: TenantInventory) -> str:
    """Return the groups as bridge rules, matching both ways without state: the kernel has no conntrack for bridges here."""
    nics = {f"{nic.server}-zone{list(tenant.declaration.servers[nic.server].zones).index(nic.zone)}": nic for nic in tenant.policy.nics}
    rules = {device: tenant.policy.nic_rules(nic) for device, nic in nics.items()}
    rules |= {f"{server}-mgmt0": tenant.policy.groups["management"].rules for server in tenant.declaration.servers}
    chains = []
    for hook, end, here in (("prerouting", "iifname", Direction.EGRESS), ("postrouting", "oifname", Direction.INGRESS)):
        lines = ["ether type arp accept", "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"]
        lines += [f'{end} "{device}" {match(r, reply=r.direction is not here)} accept' for device, each in rules.items() for r in each]
        lines += [f'{end} "{device}" drop' for device in rules]
        chains.append(f"chain {hook} {{ type filter hook {hook} priority 0; policy accept;\n" + "\n".join(lines) + "\n}")
    return "table bridge groups {\n" + "\n".join(chains) + "\n}\n"


def port_security(tenant: TenantInventory) -> str:
    """Return what Neutron's port security does: a NIC sends from its own MAC and addresses only, in ARP and neighbour discovery too."""
    lines = []
    for node in tenant.nodes():
        for nic in node.nics:
            near = f'iifname "{node.name.partition("/")[2]}-{nic.device}"'
            four = ", ".join(str(a) for a in nic.addresses if a.version == 4)
            six = ", ".join([*(str(a) for a in nic.addresses if a.version == 6), "fe80::/10", "::"])
            lines += [
                f"{near} ether saddr != {nic.mac} drop",
                f"{near} ip saddr != {{ {four} }} drop",
                f"{near} ip6 saddr != {{ {six} }} drop",
                f"{near} arp saddr ip != {{ {four} }} drop",
            ]
            # The low half of the target address of an advertisement: nft of Debian 12 has no name for it.
            claimed = [int(hop) & LOW_HALF for hop in nic.gateways if hop.version == 6]
            lines += [f"{near} icmpv6 type nd-neighbor-advert @th,128,64 {number:#x} drop" for number in claimed]
    rules = "\n".join(lines)
    return f"table bridge security {{\nchain in {{ type filter hook prerouting priority -10; policy accept;\n{rules}\n}}\n}}\n"


def match(rule: Rule, *, reply: bool) -> str:
    """Return a rule's match, in its own direction or in that of its replies."""
    ingress = (rule.direction is Direction.INGRESS) != reply
    version = "ip" if rule.family == 4 else "ip6"
    words = f"{version} {'saddr' if ingress else 'daddr'} {rule.peer}"
    protocol = rule.match.protocol.value
    if rule.match.protocol.has_types:
        kind = {8: 0, 128: 129}[rule.match.first or 0] if reply else rule.match.first
        return f"ether type {version} {words} {protocol} type {kind}"
    port = "sport" if reply else "dport"
    return f"ether type {version} {words} {protocol} {port} {rule.match.first}-{rule.match.last}"
