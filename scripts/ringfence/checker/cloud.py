"""The wires, routing tables and cards of a snapshot, for the checker: standard library and netaddr, nothing of ringfence.

What leads somewhere is read from the definitions in docs/proof.md; what a record leaves open is read as whatever leads furthest.
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from netaddr import IPAddress, IPNetwork, IPSet

from .rules import KINDS, PLATFORM, Cards, Json, Rules, demand, groups_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE = IPSet(["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"])
LEGS = [
    "router_interface",
    "router_interface_distributed",
    "ha_router_replicated_interface",
    "router_centralized_snat",
    "router_ha_interface",
]
OTHERS = ["dhcp", "distributed", "floatingip", "floatingip_agent_gateway", "router_gateway", "routed"]
LEG_OWNERS = {"network:" + owner for owner in LEGS}
NEUTRONS_OWN = LEG_OWNERS | {"network:" + owner for owner in OTHERS}
PHYSICAL, LOAD_BALANCERS, ANY_ROUTER = ("flat", "vlan"), ("ovn-lb:vip", "neutron:LOADBALANCERV2"), object()


class Cloud:
    """The snapshot as dictionaries: wires, routing tables and the cards of servers."""

    def __init__(self, lines: list[bytes]) -> None:
        """Read the records."""
        self.of: dict[str, list[Json]] = defaultdict(list)
        for line in lines:
            record = json.loads(line)
            self.of[record["kind"]].append(record)
        whole = len(self.of["snapshot"]) == len(self.of["end"]) == 1 and self.of["end"][0]["records"] == len(lines) - 2
        demand(whole and self.of["snapshot"][0]["format"] == 1, "the snapshot is not whole")
        demand(self.of["snapshot"][0].get("complete", True) and set(self.of) <= KINDS, "the snapshot has parts that are not understood")
        named = {kind: self.named(kind) for kind in KINDS - {"snapshot", "end", "default_rule"}}  # these have no id
        self.subnets, self.ports = named["subnet"], named["port"]
        self.on_network = grouped(self.of["subnet"], "network_id")
        wires: dict[object, str] = {}
        self.wire = {network["id"]: wires.setdefault(wire_of(network), network["id"]) for network in self.of["network"]}
        self.legs = grouped([p for p in self.of["port"] if p.get("device_owner") in LEG_OWNERS], "device_id")
        self.gateways = {router["id"]: router.get("gateways", ()) for router in self.of["router"]}
        self.routers_at: dict[tuple[str, IPAddress], set[str]] = defaultdict(set)
        for place, router in self.router_addresses():
            self.routers_at[place].add(router)
        self.external = {self.wire[network["id"]] for network in self.of["network"] if self.leads_outside(network)}
        self.inner = {self.wire[network["id"]] for network in self.of["network"] if not network.get("external")}
        self.hops = {router["id"]: list(self.table(router)) for router in self.of["router"]}
        self.beside: dict[str, set[str]] = defaultdict(set)
        for router, wire in ((router, wire) for router, hops in self.hops.items() for _, wire, _ in hops):
            self.beside[wire].add(router)
        self.platform = {project["id"] for project in self.of["project"] if project.get("role") == "platform"}
        self.rules = Rules(self.of)
        self.cards: dict[str, list[Cards]] = defaultdict(list)
        for (tenant, wire, _), ports in self.alike().items():
            self.cards[wire].append(self.rules.cards(tenant, wire, ports))

    def named(self, kind: str) -> dict[str, Json]:
        """Return the records of a kind by their ids, which are unique."""
        found = {record["id"]: record for record in self.of[kind]}
        demand(len(found) == len(self.of[kind]), f"two records of kind {kind} have one id")
        return found

    def router_addresses(self) -> Iterator[tuple[tuple[str, IPAddress], str]]:
        """Yield ((wire, address), router) of every address that a router has or, for floating IPs, answers for."""
        for name, ports in self.legs.items():
            for port in ports:
                yield from (((self.wire[port["network_id"]], IPAddress(text)), name) for text in known(port.get("fixed_ips", ())))
        floating = self.floating_addresses()
        for name, gateways in self.gateways.items():
            for gateway in gateways:
                network = gateway["network_id"]
                own = known(gateway.get("external_fixed_ips", ()))
                for text in chain(own, floating[network, name], floating[network, ANY_ROUTER]):
                    yield (self.wire[network], IPAddress(text)), name

    def floating_addresses(self) -> dict[tuple[str, object], list[str]]:
        """Return the floating IPs in use by external network and router; those that name no router are any router's."""
        found: dict[tuple[str, object], list[str]] = defaultdict(list)
        for each in self.of["floating_ip"]:
            if each.get("port_id") or each.get("port_forwardings"):
                found[each["floating_network_id"], each.get("router_id", ANY_ROUTER)].append(each["floating_ip_address"])
        return found

    def leads_outside(self, network: Json) -> bool:
        """External networks do, and physical ones whose gateway is no router of the cloud."""
        gateways = [(self.wire[network["id"]], IPAddress(s["gateway_ip"])) for s in self.on_network[network["id"]] if s.get("gateway_ip")]
        physical = network.get("provider_network_type") in PHYSICAL
        return bool(network.get("external")) or (physical and any(gateway not in self.routers_at for gateway in gateways))

    def inside(self, router: Json) -> list[tuple[Json, str]]:
        """Return the subnets on which a router has an internal leg, each with its wire."""
        legs = self.legs[router["id"]]
        return [(self.subnets[fixed["subnet_id"]], self.wire[p["network_id"]]) for p in legs for fixed in p.get("fixed_ips", ())]

    def table(self, router: Json) -> Iterator[tuple[IPNetwork, str, IPAddress | None]]:
        """Yield the lines of a routing table: (prefix, wire, next hop or nothing)."""
        connected = [(IPNetwork(subnet["cidr"]), wire) for subnet, wire in self.inside(router)]
        for gateway in router.get("gateways", ()):
            wire = self.wire[gateway["network_id"]]
            for subnet in self.on_network[gateway["network_id"]]:
                connected.append((IPNetwork(subnet["cidr"]), wire))
                everything = IPNetwork("::/0" if ":" in subnet["cidr"] else "0.0.0.0/0")
                yield everything, wire, IPAddress(subnet.get("gateway_ip") or everything.first, everything.version)
        yield from ((prefix, wire, None) for prefix, wire in connected)
        for route in router.get("routes", ()):
            places = {wire for prefix, wire in connected if IPAddress(route["nexthop"]) in prefix}
            demand(places, f"router {router['id']}: no subnet holds the next hop {route['nexthop']}")
            yield from ((IPNetwork(route["destination"]).cidr, wire, IPAddress(route["nexthop"])) for wire in places)

    def routable(self, router: Json) -> IPSet:
        """Return the addresses behind a router that nothing translates, so that the outside may route to them."""
        pools = {pool["id"]: pool.get("address_scope_id") for pool in self.of["subnet_pool"]}
        found = IPSet()
        for gateway in router.get("gateways", ()):
            outer = self.on_network[gateway["network_id"]]
            scopes = {pools.get(subnet.get("subnetpool_id")) for subnet in outer} - {None}
            for subnet, _ in self.inside(router):
                six = ":" in subnet["cidr"]
                if pools.get(subnet.get("subnetpool_id")) in scopes or (not six and not gateway.get("enable_snat", True)):
                    found |= IPSet([subnet["cidr"]])
                elif six and any(":" in other["cidr"] for other in outer):
                    found |= IPSet([subnet["cidr"]]) - PRIVATE
        return found

    def faces(self, routers: list[str]) -> IPSet:
        """Return the addresses that these routers may put in place of a packet's source: any of the external networks that they are on."""
        gateways = [gateway for router in routers for gateway in self.gateways.get(router, ())]
        return IPSet([subnet["cidr"] for gateway in gateways for subnet in self.on_network[gateway["network_id"]]])

    def alike(self) -> dict[tuple[str, str, tuple[str, ...] | None], list[Json]]:
        """Return the ports of tenants' servers by tenant, wire and groups; a port belongs to every tenant that is named for it."""
        servers = {server["id"]: server.get("project_id", "") for server in self.of["server"]}
        carriers = {sub["port_id"]: trunk["port_id"] for trunk in self.of["trunk"] for sub in trunk.get("sub_ports", ())}
        found: dict[tuple[str, str, tuple[str, ...] | None], list[Json]] = defaultdict(list)
        for name, port in self.ports.items():
            owner = port.get("device_owner", "")
            balances = owner in LOAD_BALANCERS or port.get("name", "").startswith("ovn-lb-vip-")
            demand(not balances, f"port {name}: load balancers are not understood")
            both = (port, self.ports[carriers.get(name, name)])
            named = {one["project_id"] for one in both} | {servers.get(one.get("device_id", ""), one["project_id"]) for one in both}
            tenants = (named - self.platform - {""}) or ({""} if not named & self.platform else set())
            if not tenants:
                self.rules.friends[PLATFORM] |= self.rules.addresses([port])
            for party in tenants if owner not in NEUTRONS_OWN or port.get("device_id") in servers else ():
                found[str(party), self.wire[port["network_id"]], groups_of(port)].append(port)
        return found


def grouped(records: list[Json], field: str) -> dict[str, list[Json]]:
    """Group records by a field."""
    groups: dict[str, list[Json]] = defaultdict(list)
    for record in records:
        groups[record[field]].append(record)
    return groups


def known(fixed_ips: list[Json]) -> list[str]:
    """Return the addresses that are known."""
    return [fixed["ip_address"] for fixed in fixed_ips if fixed.get("ip_address")]


def wire_of(network: Json) -> object:
    """Return what two networks on one wire have in common: type, physical network and tag."""
    if network.get("provider_network_type") not in PHYSICAL:
        return network["id"]
    return network["provider_network_type"], network.get("provider_physical_network"), network.get("provider_segmentation_id")
