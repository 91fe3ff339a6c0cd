"""The neighbourhood of counterexamples as an OVN topology: the networks, routers, ports and groups around them, named for one world.

Written from what Neutron's OVN driver makes of a snapshot (``ovn_client.py``: addresses, ``unknown`` and port security of ports, legs of
routers, routes); the ACLs come from the driver's own translator. Translation of sources is left out: it changes no path.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from infra.neutron.semantics.drivers import is_filtered
from tests.truth.neutron.cases import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.neutron.snapshot import Network, Port, Snapshot

LEG = "network:router_interface"
Command = list[str]


@dataclass(frozen=True)
class Hop:
    """A router's leg as neighbours see it: its network and MAC."""

    network: str
    mac: str


class World:
    """What surrounds some ports. Without ``filtered``, no group is in force, as the claim ``structure`` has it.

    ``addresses`` are those of the packets that will be sent: ovn-trace 23.03 heeds no prefix in port security, though ovn-nb(5) has them
    and ovn-controller does, so a prefix is written as those of its addresses that matter.
    """

    def __init__(self, name: str, snapshot: Snapshot, ports: Iterable[Port], addresses: Iterable[str], *, filtered: bool) -> None:
        """Choose networks and routers: those of the ports, and whatever routers on them lead to."""
        self.name, self.snapshot, self.filtered = name, snapshot, filtered
        self.ports = {port.id: port for port in ports}
        self.legs = [port for port in snapshot.ports if port.device_owner == LEG]
        self._subnets = {subnet.id: subnet for subnet in snapshot.subnets}
        self._addresses = sorted(set(addresses))
        self._macs: dict[str, str] = {}
        self._names: dict[str, int] = {}
        near = self._reached()
        self.networks = {network.id: network for network in snapshot.networks if network.id in near and self._matters(network.id, near)}
        self.hops = list(self._hops())

    def _reached(self) -> set[str]:
        wires = {network.id: _wire(network) for network in self.snapshot.networks}
        networks = {port.network_id for port in self.ports.values()}
        self.routers: set[str] = set()
        before = -1
        while before != len(networks) + len(self.routers):
            before = len(networks) + len(self.routers)
            networks |= {network for network, wire in wires.items() if wire and wire in {wires[known] for known in networks}}
            self.routers |= {leg.device_id for leg in self.legs if leg.network_id in networks}
            hops = {route.nexthop for router in self.snapshot.routers if router.id in self.routers for route in router.routes}
            for router in self.snapshot.routers:
                own = {fixed.ip_address for gateway in router.gateways for fixed in gateway.external_fixed_ips}
                self.routers |= {router.id} if own & hops else set()
                networks |= {gateway.network_id for gateway in router.gateways if router.id in self.routers}
            networks |= {leg.network_id for leg in self.legs if leg.device_id in self.routers}
        return networks

    def _matters(self, network: str, near: set[str]) -> bool:
        """Tell whether a network has one of the ports, joins two routers, or is on a wire: on the others routers have their legs."""
        wires = {other.id: _wire(other) for other in self.snapshot.networks if other.id in near}
        routers = {leg.device_id for leg in self.legs if leg.network_id == network} & self.routers
        return network in {port.network_id for port in self.ports.values()} or wires[network] is not None or len(routers) > 1

    def named(self, identifier: str) -> str:
        """Return the name of an object in OVN: a short one, because ovn-trace cuts what looks like a UUID."""
        return f"{self.name}_{self._names.setdefault(identifier, len(self._names))}"

    def mac(self, identifier: str) -> str:
        """Return a MAC of this world: the snapshot's ports have none."""
        number = len(self._macs) + 1
        return self._macs.setdefault(
            identifier, f"02:00:{number >> 24 & 255:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        )

    def mates(self, network: str) -> list[str]:
        """Return the networks on a network's wire, itself included; all that are external are one wire outside."""
        wire = _wire(self.networks[network])
        return [network] if wire is None else [other.id for other in self.networks.values() if _wire(other) == wire]

    def commands(self) -> Iterator[Command]:
        """Yield the ovn-nbctl commands that make it."""
        for network in self.networks.values():
            switch = self.named(network.id)
            yield ["ls-add", switch]
            if _wire(network):
                yield from self._port(switch, f"{network.id}-wire", "localnet", "unknown", f"network_name={self.name}")
        for router in sorted(self.routers):
            yield ["lr-add", self.named(router)]
        for leg, hop, addresses, router in self._legs():
            port = self.named(leg)
            yield ["lrp-add", self.named(router), port, hop.mac, *addresses]
            if hop.network in self.networks:
                yield from self._port(self.named(hop.network), f"{leg}-peer", "router", "router", f"router-port={port}")
        for name, destination, next_hop in self._routes():
            yield ["lr-route-add", self.named(name), destination, next_hop]
        for port_record in self.ports.values():
            yield from self._card(port_record)

    def _routes(self) -> Iterator[tuple[str, str, str]]:
        """Yield (router, destination, next hop): extra routes, and default routes to the gateways of external networks."""
        gateways = {
            subnet.network_id: subnet.gateway_ip for subnet in self.snapshot.subnets if subnet.gateway_ip and "." in subnet.gateway_ip
        }
        for router in self.snapshot.routers:
            if router.id in self.routers:
                yield from ((router.id, route.destination, route.nexthop) for route in router.routes)
                yield from ((router.id, "0.0.0.0/0", gateways[gateway.network_id]) for gateway in router.gateways)

    def _port(self, switch: str, name: str, kind: str, addresses: str, options: str) -> Iterator[Command]:
        port = self.named(name)
        yield from (["lsp-add", switch, port], ["lsp-set-type", port, kind], ["lsp-set-addresses", port, addresses])
        yield ["lsp-set-options", port, options]

    def _card(self, port: Port) -> Iterator[Command]:
        name, mac = self.named(port.id), self.mac(port.id)
        own = " ".join([mac, *(fixed.ip_address or "" for fixed in port.fixed_ips)])
        yield ["lsp-add", self.named(port.network_id), name]
        yield ["lsp-set-addresses", name, own, *([] if is_filtered(port) else ["unknown"])]
        if is_filtered(port):
            yield ["lsp-set-port-security", name, " ".join([own, *self._pairs(port)])]

    def _pairs(self, port: Port) -> Iterator[str]:
        prefixes = [ip_network(pair.ip_address) for pair in port.allowed_address_pairs]
        yield from (str(prefix[0]) for prefix in prefixes if prefix.num_addresses == 1)
        yield from (text for text in self._addresses if any(ip_address(text) in prefix for prefix in prefixes))

    def _legs(self) -> Iterator[tuple[str, Hop, list[str], str]]:
        """Yield every leg and gateway: its name, its place, its addresses with the lengths of their prefixes, its router."""
        for leg in self.legs:
            if leg.device_id in self.routers:
                yield (
                    leg.id,
                    Hop(leg.network_id, self.mac(leg.id)),
                    [self._long(f.subnet_id, f.ip_address) for f in leg.fixed_ips],
                    leg.device_id,
                )
        for router in self.snapshot.routers:
            for number, gateway in enumerate(router.gateways if router.id in self.routers else ()):
                name = f"{router.id}-gateway{number}"
                fixed = [self._long(f.subnet_id, f.ip_address) for f in gateway.external_fixed_ips]
                yield name, Hop(gateway.network_id, self.mac(name)), fixed, router.id

    def _hops(self) -> Iterator[Hop]:
        yield from (hop for _, hop, _, _ in self._legs())

    def _long(self, subnet: str, address: str | None) -> str:
        return f"{address}/{ip_network(self._subnets[subnet].cidr).prefixlen}"

    def groups(self) -> dict[str, list[str]]:
        """Return the members of every group that guards a port of this world or is named in a rule of one, by its name in OVN."""
        guarding = self._guarding()
        rules = (rule for group in self.snapshot.security_groups if group.id in guarding for rule in group.rules)
        named = guarding | {rule.remote_group_id for rule in rules if rule.remote_group_id}
        guarded = [port for port in self.ports.values() if self.filtered and is_filtered(port)]
        return {self.named(g): [self.named(p.id) for p in guarded if g in p.security_groups] for g in sorted(named)}

    def guarded(self) -> list[str]:
        """Return the ports that are closed but for what groups allow."""
        return [self.named(port.id) for port in self.ports.values() if self.filtered and is_filtered(port)]

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules of the groups, as the translator wants them."""
        guarding = self._guarding()
        return [
            {
                **plain(rule),
                "group": self.named(group.id),
                "id": self.named(rule.id),
                "remote_group_id": self.named(rule.remote_group_id) if rule.remote_group_id else None,
            }
            for group in self.snapshot.security_groups
            if group.id in guarding
            for rule in group.rules
        ]

    def _guarding(self) -> set[str]:
        return {group for port in self.ports.values() if self.filtered and is_filtered(port) for group in port.security_groups}


def _wire(network: Network) -> object:
    """Return what networks on one wire have in common, ``None`` for a network that is on none."""
    if network.external:
        return "outside"
    if network.provider_segmentation_id is not None or network.provider_network_type == "flat":
        return network.provider_physical_network, network.provider_segmentation_id
    return None
