"""Wires: which networks are one layer-2 domain although Neutron lists them apart, and which ports may leave theirs by a VLAN tag.

Neutron gives a tag of a physical network, or a number of an overlay, to one network only. A snapshot that shows one given twice is read as
what it says: one wire. That two *names* of physical networks may stand for one wire, no snapshot shows; names that differ in nothing but
capitals are taken for one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.neutron.semantics.drivers import is_filtered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.neutron.semantics.control import Controlled
    from infra.neutron.snapshot import Network, Snapshot

FLAT, VLAN = "flat", "vlan"
OVERLAYS = frozenset({"gre", "vxlan", "geneve"})
"""Types of networks that are told apart by their number alone. What the number of another type means, nobody knows."""

Wire = tuple[str, str, int | None]
"""(type, physical network, tag or number)."""


def kind_of(network: Network) -> str:
    """Return the provider type of a network, empty when it is not known."""
    return (network.provider_network_type or "").lower()


def is_physical(network: Network) -> bool:
    """Tell whether a network is a physical one, with or without a tag: other equipment may be on it."""
    return kind_of(network) in {FLAT, VLAN}


def wire_of(network: Network) -> Wire | None:
    """Return what all networks on one wire have in common; ``None`` for a network that is alone on its."""
    kind, number = kind_of(network), network.provider_segmentation_id
    if kind in {FLAT, VLAN}:
        return kind, _place(network), None if kind == FLAT else number
    return (kind, "", number) if kind in OVERLAYS and number is not None else None


def _place(network: Network) -> str:
    return (network.provider_physical_network or "").strip().casefold()


def tagging(snapshot: Snapshot, controlled: Sequence[Controlled], platform: set[str]) -> Iterator[str]:
    """Say which tenants' ports may send frames with a tag of their own to other tenants' VLANs.

    On an untagged network a frame with a tag is one of the VLAN of that tag. Where nothing filters a port, nothing is known to stop it.
    """
    networks = {network.id: network for network in snapshot.networks if is_physical(network)}
    if {kind_of(network) for network in networks.values()} != {FLAT, VLAN}:
        return
    tagged: dict[str, set[str]] = defaultdict(set)
    for port, project in controlled:
        network = networks.get(port.network_id)
        if network is not None and kind_of(network) == VLAN and project not in platform:
            tagged[_place(network)].add(project)
    for port, project in controlled:
        network = networks.get(port.network_id)
        if network is None or kind_of(network) != FLAT or project in platform or is_filtered(port):
            continue
        if tagged[_place(network)] - {project}:
            place = f"the untagged network {network.name or network.id} of {network.provider_physical_network}"
            yield f"port {port.name or port.id}: nothing filters it on {place}, so it may send into other tenants' VLANs there"
