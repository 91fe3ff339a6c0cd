"""A cloud simulated packet by packet, from the definitions and as naively as possible: a judge for the engine on small clouds."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv6Network

    from infra.neutron.snapshot import Network, Port, Router, Rule, Snapshot

LEG = "network:router_interface"


@cache
def prefix(text: str) -> IPv4Network | IPv6Network:
    """Return what a text means; the same few are asked about for every packet."""
    return ip_network(text, strict=False)


class Line(NamedTuple):
    """A line of a routing table."""

    prefix: IPv4Network
    network: str
    next_hop: IPv4Address | None


class Simulator:
    """IPv4 only, one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.subnets = {subnet.id: subnet for subnet in snapshot.subnets}
        self.networks: dict[str, Network] = {network.id: network for network in snapshot.networks}
        self.ends = [port for port in snapshot.ports if port.device_owner != LEG]
        self.ports = {port.id: port for port in self.ends}
        self.tables = {router.id: list(self._table(router)) for router in snapshot.routers}
        self.groups = {group.id: group for group in snapshot.security_groups}
        self._delivered: dict[tuple[str, IPv4Address], frozenset[str]] = {}

    def _table(self, router: Router) -> Iterator[Line]:
        connected = []
        for port in self.snapshot.ports:
            if port.device_owner == LEG and port.device_id == router.id:
                connected += [(port.network_id, self.subnets[fixed.subnet_id]) for fixed in port.fixed_ips]
        for gateway in router.gateways:
            outer = [subnet for subnet in self.snapshot.subnets if subnet.network_id == gateway.network_id]
            connected += [(gateway.network_id, subnet) for subnet in outer]
            for subnet in outer:
                yield Line(IPv4Network("0.0.0.0/0"), gateway.network_id, IPv4Address(str(subnet.gateway_ip)))
        for network, subnet in connected:
            yield Line(IPv4Network(subnet.cidr), network, None)
        for route in router.routes:
            hop = IPv4Address(route.nexthop)
            for network, subnet in connected:
                if hop in IPv4Network(subnet.cidr):
                    yield Line(IPv4Network(route.destination), network, hop)

    def takes(self, port: Port, address: IPv4Address) -> bool:
        """Tell whether the server behind a port takes packets for an address."""
        if not port.port_security_enabled:
            return True
        texts = [fixed.ip_address for fixed in port.fixed_ips] + [pair.ip_address for pair in port.allowed_address_pairs]
        return any(address in prefix(str(text)) for text in texts)

    def neighbours(self, source: Port) -> set[str]:
        """Return the ports that hear a frame to all of the source's network, whatever the packet's destination."""
        return {port.id for port in self.ends if port.network_id == source.network_id} - {source.id}

    def deliveries(self, source: Port, destination: IPv4Address) -> frozenset[str]:
        """Return the ports to which a packet can be addressed, whatever next hops the source chooses."""
        if (source.id, destination) not in self._delivered:
            self._delivered[source.id, destination] = frozenset(self._deliver(source, destination))
        return self._delivered[source.id, destination]

    def _deliver(self, source: Port, destination: IPv4Address) -> set[str]:
        found = {port.id for port in self.ends if port.network_id == source.network_id and self.takes(port, destination)}
        work = [router for router in self.tables if any(line.network == source.network_id for line in self.tables[router])]
        seen = set(work)
        while work:
            for line in self._chosen(work.pop(), destination):
                wanted = destination if line.next_hop is None else line.next_hop
                routers = self._routers_at(line.network, wanted) if line.next_hop is not None else []
                if not routers:
                    found |= {port.id for port in self.ends if port.network_id == line.network and self.takes(port, wanted)}
                work += [router for router in routers if router not in seen]
                seen.update(routers)
        return found - {source.id}

    def _chosen(self, router: str, destination: IPv4Address) -> list[Line]:
        matching = [line for line in self.tables[router] if destination in line.prefix]
        longest = max((line.prefix.prefixlen for line in matching), default=0)
        return [line for line in matching if line.prefix.prefixlen == longest]

    def _routers_at(self, network: str, address: IPv4Address) -> list[str]:
        found = []
        for port in self.snapshot.ports:
            if port.device_owner == LEG and port.network_id == network:
                found += [port.device_id for fixed in port.fixed_ips if fixed.ip_address == str(address)]
        for router in self.snapshot.routers:
            for gateway in router.gateways:
                if gateway.network_id == network and any(f.ip_address == str(address) for f in gateway.external_fixed_ips):
                    found.append(router.id)
        return found

    def allows(self, port: Port, direction: str, peer: IPv4Address, destination_port: int) -> bool:
        """Tell whether a port's groups let a TCP packet pass."""
        if not port.port_security_enabled:
            return True
        return any(rule.direction == direction and self._matches(rule, peer, destination_port) for rule in self._rules(port))

    def asks(self, port: Port, peer: IPv4Address) -> bool:
        """Tell whether a port's groups let any packet out to a peer: what looks like an answer is then let in."""
        return any(rule.direction == "egress" and self._means(rule, peer) for rule in self._rules(port))

    def may_be_asked(self, port: Port, peer: IPv4Address) -> bool:
        """Tell whether a port may answer a peer: its groups let it in, and somebody of its own or of the platform has that address."""
        friends = {port.project_id, *(project.id for project in self.snapshot.projects if project.role == "platform")}
        known = any(end.project_id in friends and self._may_be(end, port, peer) for end in self.ends)
        return known and any(rule.direction == "ingress" and self._means(rule, peer) for rule in self._rules(port))

    def _may_be(self, end: Port, port: Port, address: IPv4Address) -> bool:
        """Tell whether an end may send from an address; the platform's do so from their own only."""
        return self.takes(end, address) if end.project_id == port.project_id else str(address) in {f.ip_address for f in end.fixed_ips}

    def _rules(self, port: Port) -> Iterator[Rule]:
        return (rule for group in port.security_groups for rule in self.groups[group].rules)

    def _matches(self, rule: Rule, peer: IPv4Address, destination_port: int) -> bool:
        if rule.port_range_min is not None and not rule.port_range_min <= destination_port <= (rule.port_range_max or 0):
            return False
        return self._means(rule, peer)

    def _means(self, rule: Rule, peer: IPv4Address) -> bool:
        """Tell whether a rule's remote end stands for a peer."""
        if rule.remote_group_id:
            members = (port for port in self.snapshot.ports if rule.remote_group_id in port.security_groups)
            return any(fixed.ip_address == str(peer) for port in members for fixed in port.fixed_ips)
        return rule.remote_ip_prefix is None or peer in prefix(rule.remote_ip_prefix)

    def sources(self, port: Port, candidates: list[IPv4Address]) -> list[IPv4Address]:
        """Return the candidates that a port may send from."""
        return [address for address in candidates if self.takes(port, address)]


def addresses(snapshot: Snapshot) -> list[IPv4Address]:
    """Return every address at which anything changes: ends of prefixes, and all single addresses."""
    texts = {fixed.ip_address for port in snapshot.ports for fixed in port.fixed_ips}
    texts |= {fixed.ip_address for router in snapshot.routers for gateway in router.gateways for fixed in gateway.external_fixed_ips}
    prefixes = {subnet.cidr for subnet in snapshot.subnets}
    prefixes |= {route.destination for router in snapshot.routers for route in router.routes}
    prefixes |= {pair.ip_address for port in snapshot.ports for pair in port.allowed_address_pairs}
    prefixes |= {str(rule.remote_ip_prefix) for group in snapshot.security_groups for rule in group.rules if rule.remote_ip_prefix}
    found = {IPv4Address(str(text)) for text in texts}
    for prefix in prefixes:
        network = ip_network(prefix, strict=False)
        ends = (int(network.network_address), int(network.broadcast_address))
        found |= {IPv4Address(value) for end in ends for value in (end - 1, end, end + 1) if 0 <= value < 2**32}
    return sorted(address for address in found if isinstance(ip_address(str(address)), IPv4Address))
