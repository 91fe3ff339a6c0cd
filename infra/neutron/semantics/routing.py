"""Segments, routers and routing tables of a snapshot: what Neutron's layer 2 and layer 3 connect.

Sources: api-ref networks, subnets, routers; Neutron admin guide "Address scopes"; ``neutron/db/extraroute_db.py`` (a next hop may be any
address on a connected subnet, the external one included); ``neutron/agent/l3/router_info.py``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.neutron.owners import ROUTER_PORTS
from infra.neutron.semantics.wires import Wire, is_physical, wire_of
from infra.ranges import EVERYTHING, PRIVATE, Range, Ranges, difference, normal, range_of
from infra.reachability.fabric import Hop, Router, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.neutron import snapshot as model

_IPV4 = 4
UNANNOUNCED = 0
"""Next hop of a default route that is learned (router advertisements, BGP): nobody's address in the cloud."""


class Topology:
    """The layer-2 and layer-3 side of a snapshot.

    ``segment_of`` maps network ids to indexes into ``segments``; ``outside_ranges`` are the addresses of the external networks.
    """

    def __init__(self, snapshot: model.Snapshot, *, translates_all: bool) -> None:
        """Build segments and routing tables; ``translates_all`` is what the driver's routers do (``Profile.translates_all``)."""
        self._translates_all = translates_all
        self.unknowns: list[str] = []
        self._subnets: dict[str, list[model.Subnet]] = defaultdict(list)
        self._subnet = {subnet.id: subnet for subnet in snapshot.subnets}
        for subnet in snapshot.subnets:
            self._subnets[subnet.network_id].append(subnet)
        self._scope = _scopes(snapshot)
        self._interfaces: dict[str, list[model.Port]] = defaultdict(list)
        for port in snapshot.ports:
            if port.device_owner in ROUTER_PORTS:
                self._interfaces[port.device_id].append(port)
        self.segment_of, self.segments = self._segments(snapshot)
        self._answered = self._floating(snapshot)
        self.outside_ranges: Ranges = normal(
            range_of(subnet.cidr) for network in snapshot.networks if network.external for subnet in self._subnets[network.id]
        )
        self.routers = tuple(self._router(router) for router in snapshot.routers)

    def _segments(self, snapshot: model.Snapshot) -> tuple[dict[str, int], tuple[Segment, ...]]:
        """One segment per network, but networks on the same wire are one segment."""
        owned = self._owned_gateways(snapshot)
        wires: dict[Wire, int] = {}
        index: dict[str, int] = {}
        found: list[list[model.Network]] = []
        for network in snapshot.networks:
            wire = wire_of(network)
            number = len(found) if wire is None else wires.setdefault(wire, len(found))
            if number == len(found):
                found.append([])
            found[number].append(network)
            index[network.id] = number
        return index, tuple(self._segment(networks, owned) for networks in found)

    def next_hops(self) -> Iterator[tuple[int, int, int]]:
        """Yield (segment, family, address) of every next hop that is no router's."""
        owned = {place for router in self.routers for place in router.addresses}
        for hop in dict.fromkeys(hop for router in self.routers for hop in router.hops if hop.next_hop):
            place = (hop.segment, hop.prefix[0], hop.next_hop or UNANNOUNCED)
            if place not in owned:
                yield place

    def gateways_on(self, place: int) -> Iterator[tuple[int, int]]:
        """Yield (family, address) of the gateways that the subnets of a segment name."""
        for subnet in self._subnet.values():
            if subnet.gateway_ip and self.segment_of[subnet.network_id] == place:
                yield range_of(subnet.gateway_ip)[:2]

    def _segment(self, networks: list[model.Network], owned: set[tuple[str, str | None]]) -> Segment:
        outside = any(self._is_outside(network, owned) for network in networks)
        inner = [network for network in networks if not network.external]
        return Segment(
            id=networks[0].id,
            name=networks[0].name or networks[0].id,
            external=outside,
            public=not inner,
            routed=normal(range_of(subnet.cidr) for network in inner for subnet in self._subnets[network.id]) if outside else (),
            prefixes=normal(range_of(subnet.cidr) for network in networks for subnet in self._subnets[network.id]),
        )

    def _owned_gateways(self, snapshot: model.Snapshot) -> set[tuple[str, str | None]]:
        """(network, address) of every router interface, to tell gateways that are Neutron's from those that are somebody else's."""
        return {
            (port.network_id, fixed.ip_address)
            for interfaces in self._interfaces.values()
            for port in interfaces
            for fixed in port.fixed_ips
        } | {
            (gateway.network_id, fixed.ip_address)
            for router in snapshot.routers
            for gateway in router.gateways
            for fixed in gateway.external_fixed_ips
        }

    def _is_outside(self, network: model.Network, owned: set[tuple[str, str | None]]) -> bool:
        """External networks are outside, and so is a wire whose gateway is no router of Neutron's: a physical router must be assumed."""
        if network.external:
            return True
        return is_physical(network) and any(
            subnet.gateway_ip and (network.id, subnet.gateway_ip) not in owned for subnet in self._subnets[network.id]
        )

    def _router(self, router: model.Router) -> Router:
        interfaces: list[int] = []
        addresses: list[tuple[int, int, int]] = []
        hops: list[Hop] = []
        inside: list[model.Subnet] = []
        for port in self._interfaces[router.id]:
            segment = self.segment_of[port.network_id]
            interfaces.append(segment)
            for fixed in port.fixed_ips:
                subnet = self._subnet[fixed.subnet_id]
                inside.append(subnet)
                hops.append(Hop(range_of(subnet.cidr), segment, None))
                addresses.extend(_own(segment, fixed))
        for gateway in router.gateways:
            segment = self.segment_of[gateway.network_id]
            interfaces.append(segment)
            for subnet in self._subnets[gateway.network_id]:
                hops.extend(_gateway_hops(subnet, segment))
            for fixed in gateway.external_fixed_ips:
                addresses.extend(_own(segment, fixed))
        addresses.extend(self._answered.get(router.id, ()))
        hops.extend(self._static(router, hops))
        return Router(
            id=router.id,
            name=router.name or router.id,
            interfaces=tuple(dict.fromkeys(interfaces)),
            addresses=tuple(addresses),
            hops=tuple(dict.fromkeys(hops)),
            routable=self._routable(router, inside),
            translated=self._translated(router, inside),
            masquerade=tuple(range_of(fixed.ip_address)[:2] for g in router.gateways for fixed in g.external_fixed_ips if fixed.ip_address),
        )

    def _floating(self, snapshot: model.Snapshot) -> dict[str, list[tuple[int, int, int]]]:
        """Floating IPs as addresses of the router that answers for them: as a next hop they lead to that router (row 17).

        Where the snapshot does not name the router, every router with a gateway on that network is taken.
        """
        gateways: dict[str, list[str]] = defaultdict(list)
        for router in snapshot.routers:
            for gateway in router.gateways:
                gateways[gateway.network_id].append(router.id)
        found: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for floating in snapshot.floating_ips:
            family, address, _ = range_of(floating.floating_ip_address)
            segment = self.segment_of[floating.floating_network_id]
            bound = floating.port_id or floating.port_forwardings
            named = [floating.router_id] if floating.router_id else gateways[floating.floating_network_id]
            for router_id in named if bound else ():
                found[router_id].append((segment, family, address))
        return found

    def _static(self, router: model.Router, connected: list[Hop]) -> list[Hop]:
        """Extra routes: the next hop is on every segment of the router whose prefix holds it."""
        found: list[Hop] = []
        for route in router.routes:
            family, next_hop, _ = range_of(route.nexthop)
            segments = {
                hop.segment
                for hop in connected
                if hop.next_hop is None and hop.prefix[0] == family and hop.prefix[1] <= next_hop <= hop.prefix[2]
            }
            if not segments:
                self.unknowns.append(f"router {router.name or router.id}: the next hop {route.nexthop} is on none of its subnets")
            found.extend(Hop(range_of(route.destination), segment, next_hop) for segment in sorted(segments))
        return found

    def _translated(self, router: model.Router, inside: list[model.Subnet]) -> Ranges:
        """Sources that the router translates, whichever of its gateways a packet leaves by. IPv6 is never translated."""
        if not router.gateways or not all(gateway.enable_snat for gateway in router.gateways):
            return ()
        scopes = {self._scope.get(other.id) for gateway in router.gateways for other in self._subnets[gateway.network_id]} - {None}
        common = [range_of(subnet.cidr) for subnet in inside if self._scope.get(subnet.id) in scopes]
        every = [EVERYTHING[_IPV4]] if self._translates_all else [range_of(s.cidr) for s in inside if "." in s.cidr]
        return difference(normal(every), normal(common))

    def _routable(self, router: model.Router, inside: list[model.Subnet]) -> Ranges:
        """Addresses behind the router that outside routers may have a route to, because nothing translates them."""
        found: list[Range] = []
        for gateway in router.gateways:
            external = self._subnets[gateway.network_id]
            families = {range_of(subnet.cidr)[0] for subnet in external}
            for subnet in inside:
                prefix = range_of(subnet.cidr)
                scope = self._scope.get(subnet.id)
                common = scope is not None and any(self._scope.get(other.id) == scope for other in external)
                if common or (prefix[0] == _IPV4 and not gateway.enable_snat):
                    found.append(prefix)
                elif prefix[0] in families - {_IPV4}:  # IPv6 is never translated, so public prefixes may be routed
                    found.extend(difference((prefix,), PRIVATE))
        return normal(found)


def _gateway_hops(subnet: model.Subnet, segment: int) -> list[Hop]:
    """The subnet itself, and a default route: to its gateway, or to whoever announces one."""
    prefix = range_of(subnet.cidr)
    next_hop = range_of(subnet.gateway_ip)[1] if subnet.gateway_ip else UNANNOUNCED
    return [Hop(prefix, segment, None), Hop(EVERYTHING[prefix[0]], segment, next_hop)]


def _own(segment: int, fixed: model.FixedIp) -> list[tuple[int, int, int]]:
    if not fixed.ip_address:
        return []
    family, address, _ = range_of(fixed.ip_address)
    return [(segment, family, address)]


def _scopes(snapshot: model.Snapshot) -> dict[str, str]:
    """Address scope of every subnet that has one: the scope of its pool."""
    pools = {pool.id: pool.address_scope_id for pool in snapshot.subnet_pools if pool.address_scope_id}
    return {subnet.id: pools[subnet.subnetpool_id] for subnet in snapshot.subnets if subnet.subnetpool_id in pools}
