"""From a snapshot to the fabric that the proof reasons about: who is where, what routes where, and which filter guards whom.

Where Neutron's behaviour is not certain the wider reading is taken, and said: in ``assumptions`` when it is taken for granted, in
``unknowns`` when the model cannot tell (then no proof is given).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from infra.neutron.addresses import interval
from infra.neutron.drivers import INFRASTRUCTURE, LOAD_BALANCER, PROFILES, Profile, is_filtered
from infra.neutron.filters import Filters
from infra.neutron.routing import Topology
from infra.neutron.services import Driver
from infra.neutron.snapshot import Role
from infra.policy.isolation.fabric import Endpoints, Fabric, Party, PublicAddress
from infra.policy.packets.axes import L4_POINTS, PROTOCOL_BITS

if TYPE_CHECKING:
    from infra.neutron.snapshot import FloatingIp, Port, PortForwarding, Snapshot

ASSUMPTIONS = (
    "Neutron, its agents and the hypervisors do what their source says; the snapshot is the whole cloud at one moment.",
    (
        "The networks outside route public addresses only: they hand a router that translates (enable_snat) no packet for RFC 1918, RFC "
        "6598, RFC 4193 or link-local addresses."
    ),
    "Hosts of the platform (the bastion, agents) forward no packets between their network cards.",
    "A subnet pool never hands out overlapping prefixes.",
)

_NOBODY = "(no project)"


def compile_fabric(snapshot: Snapshot, driver: Driver | None = None) -> Fabric:
    """Build the fabric of a snapshot under a driver's profile (the snapshot's own when it knows it, else OVN's).

    Raises:
        SnapshotError: the snapshot was not checked before.
    """
    profile = PROFILES[driver or Driver(snapshot.header.driver or Driver.OVN)]
    ports = endpoint_ports(snapshot)
    topology = Topology(snapshot)
    filters = Filters(snapshot, profile, ports)
    parties, owners = _parties(snapshot, ports)
    endpoints = Endpoints(
        ids=tuple(port.id for port in ports),
        names=tuple(port.name or port.id for port in ports),
        party=np.array(owners, dtype=np.int64),
        segment=np.array([topology.segment_of[port.network_id] for port in ports], dtype=np.int64),
        filter_class=np.array(filters.classes, dtype=np.int64),
    )
    return Fabric(
        digest=snapshot.digest,
        profile=profile.driver.value,
        parties=parties,
        segments=topology.segments,
        routers=topology.routers,
        endpoints=endpoints,
        public=tuple(_public_addresses(snapshot, ports)),
        outside_ranges=topology.outside_ranges,
        builder=filters,
        unknowns=(*_unknowns(snapshot, profile), *topology.unknowns, *filters.unknowns),
        assumptions=ASSUMPTIONS,
    )


def endpoint_ports(snapshot: Snapshot) -> tuple[Port, ...]:
    """Ports with a server behind them: all but Neutron's own.

    A port whose owner says ``network:`` but that belongs to a known server is an endpoint too: project users can write that field.
    """
    servers = {server.id for server in snapshot.servers}
    return tuple(port for port in snapshot.ports if port.device_owner not in INFRASTRUCTURE or port.device_id in servers)


def _parties(snapshot: Snapshot, ports: tuple[Port, ...]) -> tuple[tuple[Party, ...], list[int]]:
    """Return the parties, and the party of every endpoint: who controls the server behind it, not who owns the port."""
    parties = [Party(project.id, project.name or project.id, project.role is Role.PLATFORM) for project in snapshot.projects]
    index = {party.id: number for number, party in enumerate(parties)}
    index[""] = len(parties)
    parties.append(Party("", _NOBODY, platform=False))
    server_project = {server.id: server.project_id for server in snapshot.servers if server.project_id in index}
    parent = _trunk_parents(snapshot)
    by_id = {port.id: port for port in snapshot.ports} if parent else {}
    owners = []
    for port in ports:
        carrier = by_id[parent[port.id]] if port.id in parent else port
        project = server_project.get(carrier.device_id) or carrier.project_id
        owners.append(index[project])
    return tuple(parties), owners


def _trunk_parents(snapshot: Snapshot) -> dict[str, str]:
    """Return the parent of every subport: the server behind the parent is behind the subport too (row 17)."""
    return {sub.port_id: trunk.port_id for trunk in snapshot.trunks for sub in trunk.sub_ports}


def _public_addresses(snapshot: Snapshot, ports: tuple[Port, ...]) -> list[PublicAddress]:
    index = {port.id: number for number, port in enumerate(ports)}
    found: list[PublicAddress] = []
    for floating in snapshot.floating_ips:
        family, address, _ = interval(floating.floating_ip_address)
        if floating.port_id in index:
            endpoint = index[floating.port_id]
            private = _private_address(floating, ports[endpoint], family)
            found.append(PublicAddress(family, address, endpoint, private, 0, L4_POINTS))
        found.extend(
            _forwarded(family, address, forwarding, index[forwarding.internal_port_id])
            for forwarding in floating.port_forwardings
            if forwarding.internal_port_id in index
        )
    return found


def _private_address(floating: FloatingIp, port: Port, family: int) -> int:
    texts = [floating.fixed_ip_address, *(fixed.ip_address for fixed in port.fixed_ips)]
    return next((span[1] for span in map(interval, filter(None, texts)) if span[0] == family), 0)


def _forwarded(family: int, address: int, forwarding: PortForwarding, endpoint: int) -> PublicAddress:
    protocol = {"tcp": 6, "udp": 17, "sctp": 132}.get(forwarding.protocol, 0) << PROTOCOL_BITS
    last = forwarding.external_port_last or forwarding.external_port
    return PublicAddress(
        family=family,
        address=address,
        endpoint=endpoint,
        private=interval(forwarding.internal_ip_address)[1],
        l4_lo=protocol + forwarding.external_port,
        l4_hi=protocol + last + 1,
        shift=forwarding.internal_port - forwarding.external_port,
    )


def _unknowns(snapshot: Snapshot, profile: Profile) -> list[str]:
    sentences = [f"{item.type} {item.name or item.id}: {item.reason or 'not modelled'}" for item in snapshot.unknowns]
    if not snapshot.header.complete:
        sentences.append("the snapshot does not show every project")
    sentences.extend(
        f"port {port.id}: members of the load balancer behind it are not modelled"
        for port in snapshot.ports
        if port.device_owner.startswith(LOAD_BALANCER)
    )
    stateful = {group.id: group.stateful for group in snapshot.security_groups}
    if not all(stateful.values()):
        sentences.extend(
            f"port {port.id}: Neutron refuses stateful and stateless groups on one port"
            for port in snapshot.ports
            if is_filtered(port) and len({stateful[group] for group in port.security_groups}) > 1
        )
    forwarded = {"tcp", "udp", "sctp"}
    sentences.extend(
        f"floating IP {floating.floating_ip_address}: {profile.driver} forwards protocol {forwarding.protocol} in no known way"
        for floating in snapshot.floating_ips
        for forwarding in floating.port_forwardings
        if forwarding.protocol not in forwarded
    )
    return sentences
