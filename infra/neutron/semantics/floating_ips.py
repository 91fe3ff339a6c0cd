"""Public addresses that are translated to ports: floating IPs and port forwardings (row 17).

The translation is to an address, not to a port: whoever has the address on that network takes the packets, be it through an address pair
(a virtual address shared by several servers) or because nothing guards its port.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.neutron.semantics.drivers import is_filtered
from infra.packets.axes import L4_POINTS, PROTOCOL_BITS
from infra.ranges import range_of
from infra.reachability.fabric import PublicAddress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.neutron.snapshot import FloatingIp, Port, PortForwarding, Snapshot

FORWARDED = {"tcp": 6, "udp": 17, "sctp": 132}
"""Protocols whose ports can be forwarded (api-ref: floating IP port forwardings)."""


def public_addresses(snapshot: Snapshot, ports: Sequence[Port]) -> tuple[PublicAddress, ...]:
    """Return every translation, once per endpoint that may take its packets; ``ports`` are those of the endpoints."""
    return tuple(_Doors(snapshot, ports).all(snapshot)) if snapshot.floating_ips else ()


class _Doors:
    def __init__(self, snapshot: Snapshot, ports: Sequence[Port]) -> None:
        wanted = {floating.port_id for floating in snapshot.floating_ips}
        wanted |= {forwarding.internal_port_id for floating in snapshot.floating_ips for forwarding in floating.port_forwardings}
        self._targets = {port.id: port for port in snapshot.ports if port.id in wanted}
        networks = {port.network_id for port in self._targets.values()}
        self._endpoints: dict[str, list[int]] = defaultdict(list)
        self._claimants: dict[str, list[tuple[int, Port]]] = defaultdict(list)
        for number, port in enumerate(ports):
            if port.network_id in networks:
                self._endpoints[port.id].append(number)
                if port.allowed_address_pairs or not is_filtered(port):
                    self._claimants[port.network_id].append((number, port))

    def all(self, snapshot: Snapshot) -> Iterator[PublicAddress]:
        for floating in snapshot.floating_ips:
            family, address, _ = range_of(floating.floating_ip_address)
            if floating.port_id:
                private = _private_address(floating, self._targets[floating.port_id], family)
                for endpoint in self._takers(floating.port_id, (family, private)):
                    yield PublicAddress(family, address, endpoint, private, 0, L4_POINTS)
            for forwarding in floating.port_forwardings:
                private = range_of(forwarding.internal_ip_address)[1]
                for endpoint in self._takers(forwarding.internal_port_id, (family, private)):
                    yield _forwarded((family, address), forwarding, endpoint, private)

    def _takers(self, port_id: str, private: tuple[int, int]) -> list[int]:
        """Return the port's own endpoints and those that may claim its address on its network."""
        network = self._targets[port_id].network_id
        own = self._endpoints[port_id]
        others = [number for number, port in self._claimants[network] if number not in own and _claims(port, *private)]
        return [*own, *others]


def _claims(port: Port, family: int, address: int) -> bool:
    if not is_filtered(port):
        return True
    spans = (range_of(pair.ip_address) for pair in port.allowed_address_pairs)
    return any(kind == family and first <= address <= last for kind, first, last in spans)


def _private_address(floating: FloatingIp, port: Port, family: int) -> int:
    texts = [floating.fixed_ip_address, *(fixed.ip_address for fixed in port.fixed_ips)]
    return next((span[1] for span in map(range_of, filter(None, texts)) if span[0] == family), 0)


def _forwarded(public: tuple[int, int], forwarding: PortForwarding, endpoint: int, private: int) -> PublicAddress:
    protocol = FORWARDED.get(forwarding.protocol, 0) << PROTOCOL_BITS
    last = forwarding.external_port_last or forwarding.external_port
    return PublicAddress(
        family=public[0],
        address=public[1],
        endpoint=endpoint,
        private=private,
        l4_lo=protocol + forwarding.external_port,
        l4_hi=protocol + last + 1,
        shift=forwarding.internal_port - forwarding.external_port,
    )
