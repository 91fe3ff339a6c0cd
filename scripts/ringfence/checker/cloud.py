"""The wires, routing tables and cards of a snapshot, for the checker: standard library and netaddr, nothing of ringfence.

What leads somewhere is read from the definitions in docs/proof.md; what a record leaves open is read as whatever leads furthest.
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import chain, product
from typing import TYPE_CHECKING

from netaddr import IPAddress, IPNetwork, IPSet

from .records import KINDS, answerable, unread
from .rules import PLATFORM, Cards, Json, Rules, demand, groups_of

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
OWNERS = {"", "trunk:subport", "Octavia", "Octavia:health-mgr", "kuryr:container", "ovn-lb:vip", "neutron:LOADBALANCERV2"}
PHYSICAL, LOAD_BALANCERS, ANY_ROUTER, SIX = ("flat", "vlan"), ("ovn-lb:vip", "neutron:LOADBALANCERV2"), object(), 6


class Cloud:
    """The snapshot as dictionaries: wires, routing tables and the cards of servers."""

    def __init__(self, lines: list[bytes], accepted: set[str] | None = None) -> None:
        """Read the records; ``accepted`` are names of what is not understood and somebody answers for."""
        self.of: dict[str, list[Json]] = defaultdict(list)
        for line in lines:
            record = json.loads(line)
            self.of[record["kind"]].append(record)
        whole = len(self.of["snapshot"]) == len(self.of["end"]) == 1 and self.of["end"][0]["records"] == len(lines) - 2
        demand(whole and self.of["snapshot"][0]["format"] == 1, "the snapshot is not whole")
        odd = {name for kind in KINDS for record in self.of[kind] for name in unread(kind, record)}
        demand(not odd, f"the snapshot says what nobody here can read: {', '.join(sorted(odd))}")
        strange = {name for kind in KINDS for name in answerable(kind, self.of[kind])}
        strange |= {f"device_owner:{one.get('device_owner')}" for one in self.of["port"] if not is_known(one.get("device_owner", ""))}
        strange |= {one["type"] for one in self.of.pop("unknown", ())} | (set(self.of) - set(KINDS))
        strange -= accepted or set()
        demand(self.of["snapshot"][0].get("complete", True) and not strange, f"the snapshot has parts that are not understood: {strange}")
        named = {kind: self.named(kind) for kind in set(KINDS) - {"snapshot", "end", "default_rule", "unknown"}}  # these have no id
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
        self.platform = {project["id"] for project in self.of["project"] if project.get("role") == "platform"}
        self.servers = {server["id"]: server.get("project_id", "") for server in self.of["server"]}
        self.carriers = {sub["port_id"]: trunk["port_id"] for trunk in self.of["trunk"] for sub in trunk.get("sub_ports", ())}
        self.owners = {each["id"]: each.get("project_id", "") for kind in ("network", "router") for each in self.of[kind]}
        self.hosts_at: dict[tuple[str, IPAddress], set[str]] = defaultdict(set)
        self.find_hosts()
        self.beside: dict[str, set[str]] = defaultdict(set)
        for router, wire in ((router, wire) for router, hops in self.hops.items() for _, wire, _ in hops):
            self.beside[wire].add(router)
        self.rules = Rules(self.of)
        self.cards: dict[str, list[Cards]] = defaultdict(list)
        for (tenant, wire, _), ports in self.alike().items():
            self.cards[wire].append(self.rules.cards(tenant, wire, ports))
        self.demand_no_tags()

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
        physical = wire_of(network)[0] in PHYSICAL
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
        found: dict[tuple[str, str, tuple[str, ...] | None], list[Json]] = defaultdict(list)
        for name, port in self.ports.items():
            owner = port.get("device_owner", "")
            balances = owner in LOAD_BALANCERS or port.get("name", "").startswith("ovn-lb-vip-")
            demand(not balances, f"port {name}: load balancers are not understood")
            tenants = self.tenants_of(port)
            if not tenants:
                self.rules.friends[PLATFORM] |= self.rules.addresses([port])
            for party in tenants if self.is_card(port) else ():
                found[str(party), self.wire[port["network_id"]], groups_of(port)].append(port)
        return found

    def tenants_of(self, port: Json) -> set[str]:
        """Return the tenants that are named for a port: its project's, its server's, and those of the port that carries it."""
        name = str(port["id"])
        both = (port, self.ports[self.carriers.get(name, name)])
        named = {one["project_id"] for one in both} | {self.servers.get(one.get("device_id", ""), str(one["project_id"])) for one in both}
        return (named - self.platform - {""}) or ({""} if not named & self.platform else set())

    def is_card(self, port: Json) -> bool:
        """Tell whether a server may be behind a port: any that is not Neutron's own, or calls itself that and cannot be.

        Neutron makes its own for nobody, for the network's project or, as a router's leg, for the router's.
        """
        if port.get("device_owner", "") not in NEUTRONS_OWN or port.get("device_id") in self.servers:
            return True
        routers = port["device_owner"] in LEG_OWNERS | {"network:router_gateway"} and self.owners.get(port.get("device_id", ""))
        return port["project_id"] not in {"", self.owners.get(port["network_id"]), routers or "", *self.platform}

    def find_hosts(self) -> None:
        """Add the servers of the platform that forward to the routers: they are a next hop, and may send with addresses of others."""
        hosts: dict[str, list[Json]] = defaultdict(list)
        for name, port in self.ports.items():
            if not self.tenants_of(port) and self.is_card(port):
                hosts[port["device_id"] if port.get("device_id") in self.servers else name].append(port)
        wanted = {(wire, hop) for hops in self.hops.values() for _, wire, hop in hops if hop} - self.routers_at.keys()
        for name, ports in hosts.items():
            texts = [(port, text) for port in ports for text in addresses_of(port)]
            answered = wanted & {(self.wire[port["network_id"]], IPNetwork(text).ip) for port, text in texts if IPNetwork(text).size == 1}
            if answered and any(map(self.lends, ports)):
                demand(name not in self.hops, f"{name} is a server and a router")
                self.hops[name] = [line for wire in {self.wire[port["network_id"]] for port in ports} for line in self.beside_host(wire)]
                for place in answered:
                    self.hosts_at[place].add(name)

    def lends(self, port: Json) -> bool:
        """Tell whether a port may send with addresses that are not of its own network."""
        pairs = IPSet([IPNetwork(pair["ip_address"]).cidr for pair in port.get("allowed_address_pairs", ())])
        own = IPSet([subnet["cidr"] for subnet in self.subnets_on(self.wire[port["network_id"]])])
        return groups_of(port) is None or not port.get("fixed_ips") or not pairs.issubset(own)

    def beside_host(self, wire: str) -> Iterator[tuple[IPNetwork, str, IPAddress | None]]:
        """Yield what a host that forwards may do on a wire: deliver, or hand to a gateway or, on an inner one, to any router."""
        routers = {address for place, address in self.routers_at if place == wire and wire not in self.external}
        for subnet in self.subnets_on(wire):
            yield IPNetwork(subnet["cidr"]), wire, None
            routers |= {IPAddress(subnet["gateway_ip"])} if subnet.get("gateway_ip") else set()
        yield from ((IPNetwork("::/0" if hop.version == SIX else "0.0.0.0/0"), wire, hop) for hop in routers)

    def subnets_on(self, wire: str) -> list[Json]:
        """Return the subnets of all networks on a wire."""
        return [subnet for subnet in self.of["subnet"] if self.wire[subnet["network_id"]] == wire]

    def demand_no_tags(self) -> None:
        """Refuse where a card that nothing filters may send frames with a tag of its own to another tenant's VLAN."""
        places = [(self.wire[each["id"]], wire_of(each)) for each in self.of["network"] if wire_of(each)[0] in PHYSICAL]
        for (flat, (kind, place, _)), (vlan, (other, where, _)) in product(places, places):
            bare = {cards.tenant for cards in self.cards[flat] if cards.groups is None} if (kind, other) == PHYSICAL else set()
            there = {cards.tenant for cards in self.cards[vlan]} if bare and place == where else set()
            demand(
                not any(there - {tenant} for tenant in bare),
                f"a port on {flat} may send frames with tags to {vlan}, which is not understood",
            )


def addresses_of(port: Json) -> list[str]:
    """Return the addresses and address pairs of a port."""
    return known(port.get("fixed_ips", ())) + [pair["ip_address"] for pair in port.get("allowed_address_pairs", ())]


def grouped(records: list[Json], field: str) -> dict[str, list[Json]]:
    """Group records by a field."""
    groups: dict[str, list[Json]] = defaultdict(list)
    for record in records:
        groups[record[field]].append(record)
    return groups


def known(fixed_ips: list[Json]) -> list[str]:
    """Return the addresses that are known."""
    return [fixed["ip_address"] for fixed in fixed_ips if fixed.get("ip_address")]


def is_known(owner: str) -> bool:
    """Tell whether what is behind a port of this owner is known: a server, or what Neutron made for itself."""
    return owner in NEUTRONS_OWN or owner in OWNERS or owner.startswith(("compute:", "baremetal:", "manila:"))


def wire_of(network: Json) -> tuple[str, str, object]:
    """Return what two networks on one wire have in common: type, physical network and tag, or type and number of an overlay."""
    kind, number = (network.get("provider_network_type") or "").lower(), network.get("provider_segmentation_id")
    if kind in PHYSICAL:
        return kind, (network.get("provider_physical_network") or "").strip().casefold(), None if kind == "flat" else number
    return (kind, "", number) if kind and number is not None else ("", network["id"], None)
