"""Servers of the platform that forward: those to which a router of Neutron's hands packets, and that may send with others' addresses.

That hosts of the platform do not forward is taken for granted. A route whose next hop is such a host speaks against it, and where the
host may send with more than its own addresses the model believes the route: the host is a router. Its own routing table is not known. It
is taken to deliver on the networks of its ports, and to hand anything to every router there; outside, to the gateways alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.neutron.semantics.drivers import is_filtered
from infra.ranges import EVERYTHING, covers, range_of
from infra.reachability.fabric import Hop, Router

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.neutron.semantics.control import Controlled
    from infra.neutron.semantics.routing import Topology
    from infra.neutron.snapshot import Port, Snapshot

Address = tuple[int, int, int]
"""(segment, family, address)."""


@dataclass(frozen=True, slots=True)
class _Host:
    name: str
    ports: list[Port]


def forwarders(snapshot: Snapshot, topology: Topology, controlled: Sequence[Controlled], platform: set[str]) -> Iterator[Router]:
    """Yield the platform's hosts that forward, as routers."""
    wanted = set(topology.next_hops())
    own = [one for one in controlled if one.project in platform]
    if not any(address in wanted for one in own for address in _addresses(topology, one.port)):
        return
    for identifier, host in _hosts(snapshot, own).items():
        answered = wanted & {address for port in host.ports for address in _addresses(topology, port)}
        if answered and any(_lends(topology, port) for port in host.ports):
            places = tuple(dict.fromkeys(topology.segment_of[port.network_id] for port in host.ports))
            hops = dict.fromkeys(hop for place in places for hop in _hops(topology, place))
            yield Router(identifier, host.name, places, tuple(sorted(answered)), tuple(hops), server=True)


def _hosts(snapshot: Snapshot, own: Sequence[Controlled]) -> dict[str, _Host]:
    """Return the platform's hosts by id: ports of one server, or a port alone."""
    names = {server.id: server.name or server.id for server in snapshot.servers}
    found: dict[str, _Host] = {}
    for port, _ in own:
        identifier, name = (port.device_id, names[port.device_id]) if port.device_id in names else (port.id, port.name or port.id)
        found.setdefault(identifier, _Host(name, [])).ports.append(port)
    return found


def _addresses(topology: Topology, port: Port) -> Iterator[Address]:
    """Yield the single addresses that a port has, or shares with others."""
    texts = [fixed.ip_address for fixed in port.fixed_ips] + [pair.ip_address for pair in port.allowed_address_pairs]
    for family, first, last in map(range_of, filter(None, texts)):
        if first == last:
            yield topology.segment_of[port.network_id], family, first


def _lends(topology: Topology, port: Port) -> bool:
    """Tell whether a port may send with addresses of others than its own subnets."""
    pairs = tuple(range_of(pair.ip_address) for pair in port.allowed_address_pairs)
    own = topology.segments[topology.segment_of[port.network_id]].prefixes
    return not is_filtered(port) or not port.fixed_ips or not covers(own, pairs)


def _hops(topology: Topology, place: int) -> Iterator[Hop]:
    """Yield the lines of a host's routing table on one of its networks."""
    segment = topology.segments[place]
    yield from (Hop(prefix, place, None) for prefix in segment.prefixes)
    neighbours: dict[int, set[int]] = defaultdict(set)
    for family, gateway in topology.gateways_on(place):
        neighbours[family].add(gateway)
    for router in topology.routers if not segment.external else ():
        for interface, family, address in router.addresses:
            if interface == place:
                neighbours[family].add(address)
    yield from (Hop(EVERYTHING[family], place, address) for family in sorted(neighbours) for address in sorted(neighbours[family]))
