"""The table of sabotage: what is done, what part of the verification has to catch it, and the words that name it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.live.sabotage import in_cloud, in_guest
from tests.live.sabotage.analysis import Finder

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.live.sabotage.scene import Scene


class Look(StrEnum):
    """What part of the verification has to catch it."""

    CLOUD = "cloud"
    GUEST = "guest"
    PACKETS = "packets"
    SPOOF = "spoof"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to break isolation. ``says`` must be part of what fails; ``finders`` are those who see it in a snapshot as well."""

    break_it: Callable[[Scene], AbstractContextManager[None]]
    look: Look
    says: str
    finders: frozenset[Finder] = frozenset()


LINT, BOTH = frozenset({Finder.LINT}), frozenset(Finder)

WAYS = {
    "rule added by hand": Way(in_cloud.any_rule, Look.CLOUD, "undeclared rule in", BOTH),
    "IPv6 rule added by hand": Way(in_cloud.rule6, Look.CLOUD, "ingress IPv6 any all any", BOTH),
    "rule that admits a group": Way(in_cloud.remote_group_rule, Look.CLOUD, "undeclared rule in", BOTH),
    "default rules back": Way(in_cloud.default_rules, Look.CLOUD, "undeclared rule in default", LINT),
    "port security off": Way(in_cloud.port_security_off, Look.CLOUD, "port security is off on", BOTH),
    "port security off, seen by packets": Way(in_cloud.port_security_off, Look.SPOOF, "the spoofed frame was seen by", BOTH),
    "address pair 0.0.0.0/0": Way(in_cloud.address_pair, Look.CLOUD, "may also send from 0.0.0.0/0", LINT),
    "address pair, seen by packets": Way(in_cloud.address_pair, Look.SPOOF, "the spoofed frame was seen by", LINT),
    "group removed from a port": Way(in_cloud.group_removed, Look.CLOUD, "has groups none", BOTH),
    "group removed, seen by packets": Way(in_cloud.group_removed, Look.PACKETS, "the network dropped it", BOTH),
    "wrong group on a port": Way(in_cloud.wrong_group, Look.CLOUD, "declared", BOTH),
    "network shared": Way(in_cloud.shared_network, Look.CLOUD, "is shared with project", LINT),
    "group shared": Way(in_cloud.shared_group, Look.CLOUD, "is shared with project", LINT),
    "plain volume": Way(in_cloud.plain_volume, Look.CLOUD, "volume loot is stored in the clear"),
    "public address on a private server": Way(in_cloud.floating_ip, Look.CLOUD, "undeclared public address", LINT),
    "extra network card": Way(in_cloud.extra_card, Look.CLOUD, "undeclared network card", LINT),
    "router of a stranger": Way(in_cloud.strange_router, Look.CLOUD, "router strange has an undeclared interface", LINT),
    "static route between tenants": Way(in_cloud.static_route, Look.CLOUD, "undeclared route on router", LINT),
    "port on a zone's network": Way(in_cloud.undeclared_port, Look.CLOUD, "undeclared port intruder", BOTH),
    "DHCP on": Way(in_cloud.dhcp_on, Look.CLOUD, "has DHCP on", LINT),
    "nft flushed": Way(in_guest.flushed, Look.GUEST, "flushed or changed by hand"),
    "rule in the guest by hand": Way(in_guest.guest_rule, Look.GUEST, "flushed or changed by hand"),
    "sshd on the tenant nic": Way(in_guest.sshd_on_zone, Look.GUEST, "SSH listens on"),
    "management default route": Way(in_guest.management_default, Look.GUEST, "undeclared route default via"),
    "static route in the guest": Way(in_guest.guest_route, Look.GUEST, "undeclared route 10.99.0.0/24"),
    "guest forwards": Way(in_guest.forwarding, Look.GUEST, "forwarding is on"),
    "all groups open": Way(in_cloud.groups_open, Look.PACKETS, "the network let it through", BOTH),
    "everything open": Way(in_cloud.all_open, Look.PACKETS, "reached", BOTH),
}
