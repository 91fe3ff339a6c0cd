"""Checks a certificate against its snapshot, from the definitions in docs/proof.md: standard library and netaddr, nothing of ringfence.

Usage: ``python checker.py CERTIFICATE SNAPSHOT``; exit 0 when the certificate proves the claims printed, 1 when it does not.

A packet for any destination may be handed to every router on a network where a tenant has a server; a router passes it on by its longest
matching prefix. The certificate lists, per tenant, routers and networks with destinations (an invariant). Here it is checked that
(a) the tenant's own networks and their routers are in it with every destination, (b) it is closed under every routing table, and
(c) no server of another tenant takes packets at the destinations listed for its network. Then nothing gets there, whatever the groups say.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaddr import IPAddress, IPNetwork, IPSet

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
FIELDS = {"format", "version", "snapshot", "profile", "claims", "assumptions", "platform", "tenants", "outside", "seal"}
EVERY = IPSet(["0.0.0.0/0", "::/0"])
PRIVATE = IPSet(["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"])
LEGS = ["router_interface", "router_interface_distributed", "ha_router_replicated_interface", "router_centralized_snat"]
OTHERS = ["dhcp", "distributed", "floatingip", "floatingip_agent_gateway", "router_gateway", "router_ha_interface", "routed"]
LEG_OWNERS = {"network:" + owner for owner in LEGS}
NEUTRONS_OWN = LEG_OWNERS | {"network:" + owner for owner in OTHERS}
PHYSICAL = ("flat", "vlan")
FILTERED = ("normal", "virtio-forwarder")
VERIFIED = ("structure", "packets")


class RefusedError(Exception):
    """The certificate does not prove what it says; the text says which condition fails and where."""


def demand(condition: object, what: str) -> None:
    """Refuse the certificate unless the condition holds."""
    if not condition:
        raise RefusedError(what)


class Cloud:
    """The snapshot as dictionaries: wires, routing tables and the ports of servers."""

    def __init__(self, lines: list[bytes]) -> None:
        """Read the records."""
        self.of: dict[str, list[Json]] = defaultdict(list)
        for line in lines:
            record = json.loads(line)
            self.of[record["kind"]].append(record)
        whole = len(self.of["snapshot"]) == len(self.of["end"]) == 1 and self.of["end"][0]["records"] == len(lines) - 2
        demand(whole and self.of["snapshot"][0]["format"] == 1, "the snapshot is not whole")
        demand(self.of["snapshot"][0].get("complete", True) and not self.of["unknown"], "the snapshot has parts that are not understood")
        self.subnets = {subnet["id"]: subnet for subnet in self.of["subnet"]}
        self.on_network = grouped(self.of["subnet"], "network_id")
        wires: dict[object, str] = {}
        self.wire = {network["id"]: wires.setdefault(wire_of(network), network["id"]) for network in self.of["network"]}
        self.legs = grouped([p for p in self.of["port"] if p.get("device_owner") in LEG_OWNERS], "device_id")
        self.routers_at: dict[tuple[str, IPAddress], set[str]] = defaultdict(set)
        for place, router in self.router_addresses():
            self.routers_at[place].add(router)
        self.external = {self.wire[network["id"]] for network in self.of["network"] if self.leads_outside(network)}
        self.inner = {self.wire[network["id"]] for network in self.of["network"] if not network.get("external")}
        servers = {server["id"]: server.get("project_id") for server in self.of["server"]}
        ends = [p for p in self.of["port"] if p.get("device_owner") not in NEUTRONS_OWN or p.get("device_id") in servers]
        self.ports = grouped([port | {"wire": self.wire[port["network_id"]]} for port in ends], "wire")
        carriers = {sub["port_id"]: trunk["port_id"] for trunk in self.of["trunk"] for sub in trunk.get("sub_ports", ())}
        ports = {one["id"]: one for one in self.of["port"]}
        platform = {project["id"] for project in self.of["project"] if project.get("role") == "platform"}
        self.parties: dict[str, set[str]] = {}
        for name, port in ports.items():
            named = {one["project_id"] for one in (port, ports[carriers.get(name, name)])}
            named |= {servers.get(one.get("device_id"), one["project_id"]) for one in (port, ports[carriers.get(name, name)])}
            self.parties[name] = (named - platform - {""}) or (named & platform) or {""}
        self.hops = {router["id"]: list(self.table(router)) for router in self.of["router"]}

    def router_addresses(self) -> Iterator[tuple[tuple[str, IPAddress], str]]:
        """Yield ((wire, address), router) of every address that a router has or, for floating IPs, answers for."""
        for name, ports in self.legs.items():
            yield from (((self.wire[p["network_id"]], IPAddress(text)), name) for p in ports for text in known(p.get("fixed_ips", ())))
        for router in self.of["router"]:
            for gateway in router.get("gateways", ()):
                for text in known(gateway.get("external_fixed_ips", ())):
                    yield (self.wire[gateway["network_id"]], IPAddress(text)), router["id"]
                for floating in self.of["floating_ip"]:
                    bound = floating.get("port_id") or floating.get("port_forwardings")
                    here = floating["floating_network_id"] == gateway["network_id"]
                    if bound and here and floating.get("router_id", router["id"]) == router["id"]:
                        yield (self.wire[gateway["network_id"]], IPAddress(floating["floating_ip_address"])), router["id"]

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

    def taken(self, port: Json) -> IPSet:
        """Return the addresses at which the server behind a port takes packets; all, when nothing filters the port."""
        trusted = port.get("device_owner", "").startswith("network:")
        if trusted or not port.get("port_security_enabled", True) or port.get("binding_vnic_type", "normal") not in FILTERED:
            return EVERY
        texts = [fixed.get("ip_address") or self.subnets[fixed["subnet_id"]]["cidr"] for fixed in port.get("fixed_ips", ())]
        texts += [pair["ip_address"] for pair in port.get("allowed_address_pairs", ())]
        return IPSet([IPNetwork(text).cidr for text in texts])


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


def listed(entry: str | list[str] | None) -> IPSet:
    """Return the destinations of an entry of the certificate."""
    return EVERY if entry == "any" else IPSet(entry or [])


def check_closed(cloud: Cloud, name: str, invariant: Json, mine: set[str]) -> None:
    """Check condition (b), and that a next hop which is no router's is nobody's but ``mine``."""
    demand(set(invariant) == {"routers", "networks", "outside"} and isinstance(invariant["outside"], bool), f"{name}: not an invariant")
    for router, entry in invariant["routers"].items():
        demand(router in cloud.hops, f"{name}: there is no router {router}")
        prefixes = {prefix for prefix, _, _ in cloud.hops[router]}
        for prefix, wire, next_hop in cloud.hops[router]:
            region = (IPSet([prefix]) - IPSet([other for other in prefixes if other in prefix and other != prefix])) & listed(entry)
            where = f"{name}: router {router} sends {prefix} to {next_hop or wire}, which is not listed"
            if not region:
                continue
            if next_hop is None:
                demand(region.issubset(listed(invariant["networks"].get(wire))), where)
            elif (wire, next_hop) in cloud.routers_at:
                for other in cloud.routers_at[wire, next_hop]:
                    demand(region.issubset(listed(invariant["routers"].get(other))), where)
            else:
                demand(wire not in cloud.external or invariant["outside"], where)
                strangers = [port for port in cloud.ports[wire] if not cloud.parties[port["id"]] <= mine]
                demand(not any(next_hop in cloud.taken(port) for port in strangers), f"{where}, but a server of another tenant is")


def check_tenant(cloud: Cloud, tenant: str, invariant: Json, own: set[str], platform: set[str]) -> None:
    """Check conditions (a), (b) and (c) for one tenant, whose servers are on the wires ``own``."""
    check_closed(cloud, tenant, invariant, {tenant, *platform})
    for wire in own:
        demand(invariant["networks"].get(wire) == "any", f"{tenant}: its own network {wire} is not listed")
        demand(wire not in cloud.external or invariant["outside"], f"{tenant}: network {wire} leads outside")
    for router, hops in cloud.hops.items():
        near = any(wire in own for _, wire, _ in hops)
        demand(not near or invariant["routers"].get(router) == "any", f"{tenant}: router {router} on its network is not listed")
    for wire, entry in invariant["networks"].items():
        demand(wire in cloud.wire, f"{tenant}: there is no network {wire}")
        for port in cloud.ports[wire] if wire in own or wire in cloud.inner else ():
            if not cloud.parties[port["id"]] <= {tenant, *platform}:
                reached = entry == "any" or cloud.taken(port) & listed(entry)
                demand(not reached, f"{tenant} reaches port {port['id']} on network {wire}")


def check_outside(cloud: Cloud, certificate: Json, platform: set[str]) -> None:
    """Check that what the outside world can route to without translation is no tenant's private address."""
    invariant = certificate["outside"]
    check_closed(cloud, "outside", invariant, platform)
    for router in cloud.of["router"]:
        behind = cloud.routable(router)
        demand(behind.issubset(listed(invariant["routers"].get(router["id"]))), f"the outside reaches router {router['id']}, unlisted")
    for network in cloud.of["network"]:
        wire = cloud.wire[network["id"]]
        if wire in cloud.external and not network.get("external"):
            prefixes = IPSet([subnet["cidr"] for subnet in cloud.on_network[network["id"]]])
            demand(prefixes.issubset(listed(invariant["networks"].get(wire))), f"the outside reaches network {wire}, unlisted")
    callers = {tenant for tenant, other in certificate["tenants"].items() if other["outside"]}
    for wire, entry in invariant["networks"].items():
        for port in cloud.ports[wire] if wire in cloud.inner else ():
            parties = cloud.parties[port["id"]]
            if not parties <= platform and (len(parties) > 1 or callers - parties):
                demand(not cloud.taken(port) & listed(entry) & PRIVATE, f"the outside reaches a private address of port {port['id']}")


def check(certificate: Json, snapshot: bytes) -> tuple[str, ...]:
    """Return the claims that the certificate proves for the snapshot; raise :class:`RefusedError` otherwise."""
    demand(set(certificate) == FIELDS and certificate["format"] == "ringfence-certificate", "this is not a certificate")
    demand(certificate["version"] == 1, "the certificate's version is unknown")
    body = json.dumps({name: value for name, value in certificate.items() if name != "seal"}, sort_keys=True, separators=(",", ":"))
    demand(hashlib.sha256(body.encode()).hexdigest() == certificate["seal"], "the certificate was changed after it was written")
    demand(hashlib.sha256(snapshot).hexdigest() == certificate["snapshot"], "the certificate is about another snapshot")
    cloud = Cloud(snapshot.splitlines())
    platform = {project["id"] for project in cloud.of["project"] if project.get("role") == "platform"}
    demand(certificate["platform"] == sorted(platform), "the platform's projects are others")
    own: dict[str, set[str]] = defaultdict(set)
    for wire, ports in cloud.ports.items():
        for port in ports:
            for party in cloud.parties[port["id"]]:
                own[party].add(wire)
    demand(set(certificate["tenants"]) == set(own) - platform, "the tenants are others")
    for tenant, invariant in certificate["tenants"].items():
        check_tenant(cloud, tenant, invariant, own[tenant], platform)
    check_outside(cloud, certificate, platform)
    return tuple(claim for claim in VERIFIED if claim in certificate["claims"])


def main(arguments: list[str]) -> int:
    """Run the command line."""
    certificate, snapshot = (Path(name).read_bytes() for name in arguments)
    try:
        print("proven:", ", ".join(check(json.loads(certificate), snapshot)))
    except (RefusedError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
