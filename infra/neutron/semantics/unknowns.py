"""What of a snapshot the model does not understand: each thing with a sentence, and with a name where an operator may accept it.

A field, an extension, a type of object or a value that no list has can be known to be harmless by whoever runs the cloud. What the
proof cannot do without, such as projects that were not shown, has no name and cannot be accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infra.neutron import owners
from infra.neutron.semantics.drivers import is_filtered
from infra.neutron.semantics.floating_ips import FORWARDED
from infra.neutron.semantics.wires import FLAT, OVERLAYS, VLAN
from infra.neutron.snapshot import SEVERAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.neutron.semantics.drivers import Profile
    from infra.neutron.snapshot import Snapshot

NETWORK_TYPES = frozenset({None, "local", FLAT, VLAN, *OVERLAYS})
"""``neutron_lib.constants``, TYPE_*; absent where the credential may not see it: then the snapshot does not show every project."""

VNIC_TYPES = frozenset(
    {
        "normal",
        "direct",
        "macvtap",
        "baremetal",
        "direct-physical",
        "virtio-forwarder",
        "smart-nic",
        "vdpa",
        "accelerator-direct",
        "accelerator-direct-physical",
        "remote-managed",
    }
)
"""``neutron_lib.api.definitions.portbindings.VNIC_TYPES``."""

RBAC_TYPES = frozenset({"network", "qos_policy", "security_group", "address_scope", "subnetpool", "address_group", "bgpvpn"})
RBAC_ACTIONS = frozenset({"access_as_shared", "access_as_external"})
"""What can be lent, and as what (``neutron/objects/rbac_db.py`` and its users)."""


_WHO = frozenset({"project"})
"""Types of records that say who is who is not known: no acceptance tells that."""


class Doubt(NamedTuple):
    """One thing that is not understood; without a ``name`` nobody can accept it."""

    name: str
    text: str


def doubts(snapshot: Snapshot, profile: Profile) -> Iterator[Doubt]:
    """Yield everything that is not understood."""
    for unknown in snapshot.unknowns:
        what = " ".join(filter(None, (unknown.type, unknown.name or unknown.id)))
        yield Doubt("" if unknown.type in _WHO else unknown.type, f"{what}: {unknown.reason or 'not modelled'}")
    if not snapshot.header.complete:
        yield Doubt("", "the snapshot does not show every project")
    yield from _of_networks(snapshot)
    yield from _of_ports(snapshot)
    yield from _of_lending(snapshot)
    for floating in snapshot.floating_ips:
        for forwarding in floating.port_forwardings:
            if forwarding.protocol not in FORWARDED:
                text = f"{profile.driver} forwards protocol {forwarding.protocol} in no known way"
                yield Doubt("", f"floating IP {floating.floating_ip_address}: {text}")


def _of_networks(snapshot: Snapshot) -> Iterator[Doubt]:
    for network in snapshot.networks:
        kind, name = network.provider_network_type, network.name or network.id
        if kind == SEVERAL:
            yield Doubt("", f"network {name}: it has several segments")
        elif kind not in NETWORK_TYPES:
            yield Doubt(f"network_type:{kind}", f"network_type:{kind} of network {name}: the model does not know this type of network")


def _of_ports(snapshot: Snapshot) -> Iterator[Doubt]:
    odd_owners = {owner for owner in {port.device_owner for port in snapshot.ports} if not owners.is_known(owner)}
    odd_nics = {port.binding_vnic_type for port in snapshot.ports} - VNIC_TYPES
    for port in snapshot.ports if odd_owners or odd_nics else ():
        if port.device_owner in odd_owners:
            odd_owners.discard(port.device_owner)
            label = f"device_owner:{port.device_owner}"
            yield Doubt(label, f"{label} of port {port.name or port.id}: the model does not know what is behind such a port")
        if port.binding_vnic_type in odd_nics:
            odd_nics.discard(port.binding_vnic_type)
            label = f"vnic_type:{port.binding_vnic_type}"
            yield Doubt(label, f"{label} of port {port.name or port.id}: the model does not know this vNIC type")
    for port in snapshot.ports:
        if owners.is_load_balancer(port.device_owner, port.name):
            yield Doubt("", f"port {port.name or port.id}: members of the load balancer behind it are not modelled")
    stateful = {group.id: group.stateful for group in snapshot.security_groups}
    for port in snapshot.ports if not all(stateful.values()) else ():
        if is_filtered(port) and len({stateful[group] for group in port.security_groups}) > 1:
            yield Doubt("", f"port {port.id}: Neutron refuses stateful and stateless groups on one port")


def _of_lending(snapshot: Snapshot) -> Iterator[Doubt]:
    for kind in sorted({policy.object_type for policy in snapshot.rbac_policies} - RBAC_TYPES):
        yield Doubt(f"rbac_type:{kind}", f"rbac_type:{kind}: the model does not know such objects, and somebody is lent one")
    for action in sorted({policy.action for policy in snapshot.rbac_policies} - RBAC_ACTIONS):
        yield Doubt(f"rbac_action:{action}", f"rbac_action:{action}: the model does not know what it allows")
