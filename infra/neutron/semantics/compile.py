"""From a snapshot to the fabric that the proof reasons about: who is where, what routes where, and which filter guards whom.

Where Neutron's behaviour is not certain the wider reading is taken, and said: in ``assumptions`` when it is taken for granted, in
``unknowns`` when the model cannot tell (then no proof is given).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from infra.neutron.semantics.control import controlled_ports
from infra.neutron.semantics.drivers import PROFILES
from infra.neutron.semantics.filters import Filters
from infra.neutron.semantics.floating_ips import public_addresses
from infra.neutron.semantics.forwarding import forwarders
from infra.neutron.semantics.parties import labels
from infra.neutron.semantics.routing import Topology
from infra.neutron.semantics.services import Driver
from infra.neutron.semantics.unknowns import doubts
from infra.neutron.semantics.wires import tagging
from infra.neutron.snapshot import Role
from infra.reachability.fabric import Endpoints, Fabric, Party

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.neutron.semantics.control import Controlled
    from infra.neutron.snapshot import Port, Snapshot
    from infra.reachability.acceptance import Acceptance

ASSUMPTIONS = (
    "Neutron, its agents, OVN or Open vSwitch, and the hypervisors do what their source says, and security groups are switched on.",
    "The snapshot is the whole cloud at one moment.",
    (
        "The networks outside route public addresses only: they hand a router that translates (enable_snat) no packet for RFC 1918, RFC "
        "6598, RFC 4193 or link-local addresses."
    ),
    "On a VLAN or flat network the only routers are Neutron's and the one at the subnet's gateway address.",
    (
        "Hosts of the platform (the bastion, agents) forward no packets between their network cards, unless a router's next hop is one "
        "that may send with addresses of others."
    ),
    "Two names of physical networks are two wires, and nothing outside Neutron joins two of its networks.",
    "A port sends no frames with VLAN tags of its own, unless it is on an untagged network and nothing filters it.",
    (
        "A port that calls itself Neutron's own is that, unless it names a known server or belongs to a project that Neutron would not "
        "have made it for."
    ),
    "A subnet pool never hands out overlapping prefixes.",
)
"""What is taken for granted, sentence by sentence: docs/proof.md explains each, and the independent checker knows no others."""

_NOBODY = "(no project)"


def compile_fabric(snapshot: Snapshot, driver: Driver | None = None, accepted: Iterable[Acceptance] = ()) -> Fabric:
    """Build the fabric of a snapshot under a driver's profile: the snapshot's own, or, where it knows none, the widest of all.

    ``accepted`` is what an operator answers for though it is not understood; what of it concerns the snapshot stands in the fabric.

    Raises:
        SnapshotError: the snapshot was not checked before.
    """
    profile = PROFILES[driver or Driver(snapshot.header.driver or Driver.WIDEST)]
    known = {one.name: one for one in accepted if one.name}
    found = list(doubts(snapshot, profile))
    open_doubts = [doubt.text for doubt in found if doubt.name not in known]
    controlled = controlled_ports(snapshot)
    ports = tuple(one.port for one in controlled)
    topology = Topology(snapshot, translates_all=profile.translates_all)
    filters = Filters(snapshot, profile, ports)
    parties = (*_parties(snapshot), *_orphans(snapshot, controlled))
    platform = {party.id for party in parties if party.platform}
    index = {party.id: number for number, party in enumerate(parties)}
    endpoints = Endpoints(
        ids=tuple(port.id for port in ports),
        names=tuple(port.name or port.id for port in ports),
        party=np.array([index[one.project] for one in controlled], dtype=np.int64),
        segment=np.array([topology.segment_of[port.network_id] for port in ports], dtype=np.int64),
        filter_class=np.array(filters.classes, dtype=np.int64),
    )
    return Fabric(
        digest=snapshot.digest,
        profile=profile.driver.value,
        parties=parties,
        segments=topology.segments,
        routers=(*topology.routers, *forwarders(snapshot, topology, controlled, platform)),
        endpoints=endpoints,
        public=public_addresses(snapshot, ports),
        outside_ranges=topology.outside_ranges,
        builder=filters,
        floods=profile.floods,
        unknowns=(*open_doubts, *tagging(snapshot, controlled, platform), *topology.unknowns, *filters.unknowns),
        accepted=tuple(known[name] for name in sorted(known.keys() & {doubt.name for doubt in found})),
        assumptions=ASSUMPTIONS,
    )


def endpoint_ports(snapshot: Snapshot) -> tuple[Port, ...]:
    """Return the ports of the endpoints, in the order of ``Fabric.endpoints``."""
    return tuple(controlled.port for controlled in controlled_ports(snapshot))


def _parties(snapshot: Snapshot) -> tuple[Party, ...]:
    """Return the parties in the order of the projects; last, one for ports of no project."""
    names = labels(snapshot.projects)
    named = (
        Party(project.id, names[project.id], project.role is Role.PLATFORM, project.domain or project.domain_id, project.trusted)
        for project in snapshot.projects
    )
    return (*named, Party("", _NOBODY, platform=False))


def _orphans(snapshot: Snapshot, controlled: Iterable[Controlled]) -> Iterator[Party]:
    """Yield a party for each project that Keystone does not have, any more, and that ports are left of: it is kept apart as any other."""
    known = {"", *(project.id for project in snapshot.projects)}
    for project in dict.fromkeys(one.project for one in controlled if one.project not in known):
        yield Party(project, f"{project} (no such project)", platform=False)
