"""Checks a certificate against its snapshot, from the definitions in docs/proof.md: standard library and netaddr, nothing of ringfence.

Usage: ``python checker.py CERTIFICATE SNAPSHOT``; exit 0 when the certificate proves the claims printed, 1 when it does not.

A packet for any destination may be handed to every router on a network where a tenant has a server; a router passes it on by its longest
matching prefix. The certificate lists, per tenant, routers and networks with destinations (invariants). Checked is that (a) the tenant's
own networks and their routers are in one with every destination, (b) each is closed under every routing table, and (c) wherever a server
of another tenant takes packets at listed destinations, the two are listed under ``closed`` and their groups let nothing pass. Where
drivers differ, the widest reading is taken, whatever the certificate's ``profile`` says. What is not understood is refused.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaddr import IPAddress, IPNetwork, IPSet

if __package__:
    from ringfence.checker_rules import EVERY, KINDS, PLATFORM, Cards, Rules, demand, groups_of
else:  # run as a script: the other file lies beside this one
    from checker_rules import EVERY, KINDS, PLATFORM, Cards, Rules, demand, groups_of  # type: ignore[import-not-found,no-redef]

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
FIELDS = {"format", "version", "snapshot", "profile", "claims", "assumptions", "platform", "tenants", "outside", "closed", "seal"}
PRIVATE = IPSet(["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"])
LEGS = ["router_interface", "router_interface_distributed", "ha_router_replicated_interface", "router_centralized_snat"]
OTHERS = ["dhcp", "distributed", "floatingip", "floatingip_agent_gateway", "router_gateway", "router_ha_interface", "routed"]
LEG_OWNERS = {"network:" + owner for owner in LEGS}
NEUTRONS_OWN = LEG_OWNERS | {"network:" + owner for owner in OTHERS}
PHYSICAL, LOAD_BALANCER, ANY_ROUTER = ("flat", "vlan"), "ovn-lb-vip", object()


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
        named = {kind: self.named(kind) for kind in KINDS - {"snapshot", "end"}}
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
            yield from (((self.wire[p["network_id"]], IPAddress(text)), name) for p in ports for text in known(p.get("fixed_ips", ())))
        floating: dict[tuple[str, object], list[str]] = defaultdict(list)
        for each in (each for each in self.of["floating_ip"] if each.get("port_id") or each.get("port_forwardings")):
            floating[each["floating_network_id"], each.get("router_id", ANY_ROUTER)].append(each["floating_ip_address"])
        for name, gateway in ((name, gateway) for name, gateways in self.gateways.items() for gateway in gateways):
            answered = [text for asked in (name, ANY_ROUTER) for text in floating[gateway["network_id"], asked]]
            for text in known(gateway.get("external_fixed_ips", ())) + answered:
                yield (self.wire[gateway["network_id"]], IPAddress(text)), name

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
            demand(not owner.startswith(LOAD_BALANCER), f"port {name}: load balancers are not understood")
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


def listed(entry: str | list[str]) -> IPSet:
    """Return the destinations of an entry of the certificate."""
    return EVERY if entry == "any" else IPSet([IPNetwork(text) for text in entry])


Sender = tuple[Cards, IPSet, IPSet]
"""Cards, the addresses under which others see them, and the destinations that matter."""


class Invariant:
    """Routers and networks with the destinations that get there, as the certificate lists them for packets of some senders."""

    def __init__(self, name: str, entry: Json, senders: list[Sender]) -> None:
        """Read an entry."""
        demand(set(entry) <= {"from", "routers", "networks", "outside"}, f"{name}: not an invariant")
        self.name, self.senders, self.home = name, senders, set(entry.get("from", ()))
        self.routers = {router: listed(destinations) for router, destinations in entry["routers"].items()}
        self.networks = {wire: listed(destinations) for wire, destinations in entry["networks"].items()}
        self.outside = listed(entry["outside"])

    def check(self, cloud: Cloud) -> Iterator[tuple[Cards, Cards]]:
        """Check that it is closed, and yield the pairs of cards that a path joins: for each, groups let nothing pass."""
        demand(self.routers.keys() <= cloud.hops.keys() and self.networks.keys() <= cloud.wire.keys(), f"{self.name}: lists strangers")
        for router, given in self.routers.items():
            prefixes = {prefix for prefix, _, _ in cloud.hops[router]}
            for prefix, wire, next_hop in cloud.hops[router]:
                region = (IPSet([prefix]) - IPSet([other for other in prefixes if other in prefix and other != prefix])) & given
                if region:
                    yield from self.check_hop(cloud, f"router {router}", region, wire, next_hop)
        for wire, given in self.networks.items():
            if wire in self.home or wire in cloud.inner:
                yield from self.meetings(cloud, [(cards, cards.targets & given) for cards in cloud.cards[wire]])

    def check_hop(self, cloud: Cloud, router: str, region: IPSet, wire: str, next_hop: IPAddress | None) -> Iterator[tuple[Cards, Cards]]:
        """Check one line of a routing table for the destinations that it decides."""
        where = f"{self.name}: {router} sends {region} to {next_hop or wire}, which is not listed"
        if next_hop is None:
            demand(region.issubset(self.networks.get(wire, IPSet())), where)
        elif (wire, next_hop) in cloud.routers_at:
            demand(all(region.issubset(self.routers.get(other, IPSet())) for other in cloud.routers_at[wire, next_hop]), where)
        else:
            demand(wire not in cloud.external or region.issubset(self.outside), where)
            yield from self.meetings(cloud, [(cards, region) for cards in cloud.cards[wire] if next_hop in cards.targets])

    def meetings(self, cloud: Cloud, targets: list[tuple[Cards, IPSet]]) -> Iterator[tuple[Cards, Cards]]:
        """Yield the pairs of senders and cards of other tenants that get packets for these destinations; refuse when one passes."""
        for target, destinations in targets:
            for source, seen, limit in self.senders:
                if source.tenant != target.tenant and destinations & limit:
                    passes = cloud.rules.passes(source, target, seen, destinations & limit)
                    demand(not passes, f"{self.name}: packets pass from {source.name} to {target.name}")
                    yield source, target


def tenants_invariants(cloud: Cloud, certificate: Json) -> Iterator[Invariant]:
    """Yield the invariants of all tenants: each begins with every destination on its own networks, and all of them are covered."""
    own: dict[str, dict[str, list[Cards]]] = defaultdict(lambda: defaultdict(list))
    for wire, several in cloud.cards.items():
        for cards in several:
            own[cards.tenant][wire].append(cards)
    demand(set(certificate["tenants"]) == set(own), "the tenants are others")
    for tenant, entries in certificate["tenants"].items():
        demand({wire for entry in entries for wire in entry["from"]} == set(own[tenant]), f"{tenant}: its networks are others")
        for entry in entries:
            faces = cloud.faces(entry["routers"])
            senders = [(cards, cards.sources | faces, EVERY) for wire in entry["from"] for cards in own[tenant][wire]]
            found = Invariant(tenant, entry, senders)
            near = set(chain.from_iterable(cloud.beside[wire] for wire in found.home))
            started = [found.networks.get(wire) for wire in found.home] + [found.routers.get(router) for router in near]
            demand(all(given == EVERY for given in started), f"{tenant}: a network of its own, or a router on one, is not listed whole")
            demand(found.outside == EVERY or not found.home & cloud.external, f"{tenant}: a network of its own leads outside")
            yield found


def outsides_invariant(cloud: Cloud, certificate: Json, invariants: list[Invariant]) -> Invariant:
    """Return the invariant of the world outside, which begins with what is routed there; its senders are all whose packets leave."""
    leaving = [(invariant.senders, PRIVATE & invariant.outside) for invariant in invariants]
    callers = [(cards, seen, private) for senders, private in leaving for cards, seen, _ in senders if private]
    found = Invariant("outside", certificate["outside"], callers)
    for router in cloud.of["router"]:
        behind = cloud.routable(router)
        demand(behind.issubset(found.routers.get(router["id"], IPSet())), f"the outside reaches router {router['id']}, unlisted")
    for network in cloud.of["network"]:
        wire = cloud.wire[network["id"]]
        if wire in cloud.external and not network.get("external"):
            prefixes = IPSet([subnet["cidr"] for subnet in cloud.on_network[network["id"]]])
            demand(prefixes.issubset(found.networks.get(wire, IPSet())), f"the outside reaches network {wire}, unlisted")
    return found


def check(certificate: Json, snapshot: bytes) -> tuple[str, ...]:
    """Return the claims that the certificate proves for the snapshot; raise otherwise, ``RefusedError`` with the reason."""
    known_format = set(certificate) == FIELDS and (certificate["format"], certificate["version"]) == ("ringfence-certificate", 2)
    demand(known_format, "this is not a certificate, or of an unknown version")
    body = json.dumps({name: value for name, value in certificate.items() if name != "seal"}, sort_keys=True, separators=(",", ":"))
    demand(hashlib.sha256(body.encode()).hexdigest() == certificate["seal"], "the certificate was changed after it was written")
    demand(hashlib.sha256(snapshot).hexdigest() == certificate["snapshot"], "the certificate is about another snapshot")
    cloud = Cloud(snapshot.splitlines())
    demand(certificate["platform"] == sorted(cloud.platform), "the platform's projects are others")
    invariants = list(tenants_invariants(cloud, certificate))
    invariants.append(outsides_invariant(cloud, certificate, invariants))
    closed: dict[str, set[str]] = defaultdict(set)
    for source, target in chain.from_iterable(invariant.check(cloud) for invariant in invariants):
        closed[source.name].add(target.name)
    pairs = {source: sorted(targets) for source, targets in closed.items()}
    demand(certificate["closed"] == pairs, "the pairs that groups close are others")
    demand("structure" not in certificate["claims"] or not closed, "a path joins tenants, only groups close it")
    return tuple(claim for claim in ("structure", "packets") if claim in certificate["claims"])


def main(arguments: list[str]) -> int:
    """Run the command line."""
    certificate, snapshot = (Path(name).read_bytes() for name in arguments)
    try:
        print("proven:", ", ".join(check(json.loads(certificate), snapshot)))
    except Exception as error:  # noqa: BLE001 - whatever cannot be read is refused
        print(f"refused: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
