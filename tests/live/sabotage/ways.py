"""The table of sabotage: what is done, what part of the verification has to catch it, and the words that name it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.live.sabotage import in_cloud, in_guest

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
    """One way to break isolation. ``says`` must be part of what fails."""

    break_it: Callable[[Scene], AbstractContextManager[None]]
    look: Look
    says: str


WAYS = {
    "rule added by hand": Way(in_cloud.any_rule, Look.CLOUD, "undeclared rule in"),
    "IPv6 rule added by hand": Way(in_cloud.rule6, Look.CLOUD, "ingress IPv6 any all any"),
    "rule that admits a group": Way(in_cloud.remote_group_rule, Look.CLOUD, "undeclared rule in"),
    "default rules back": Way(in_cloud.default_rules, Look.CLOUD, "undeclared rule in default"),
    "port security off": Way(in_cloud.port_security_off, Look.CLOUD, "port security is off on"),
    "port security off, seen by packets": Way(in_cloud.port_security_off, Look.SPOOF, "the lie was seen by"),
    "address pair 0.0.0.0/0": Way(in_cloud.address_pair, Look.CLOUD, "may also send from 0.0.0.0/0"),
    "address pair, seen by packets": Way(in_cloud.address_pair, Look.SPOOF, "the lie was seen by"),
    "group removed from a port": Way(in_cloud.group_removed, Look.CLOUD, "has groups none"),
    "group removed, seen by packets": Way(in_cloud.group_removed, Look.PACKETS, "the network dropped it"),
    "wrong group on a port": Way(in_cloud.wrong_group, Look.CLOUD, "declared"),
    "network shared": Way(in_cloud.shared_network, Look.CLOUD, "is shared with project"),
    "group shared": Way(in_cloud.shared_group, Look.CLOUD, "is shared with project"),
    "plain volume": Way(in_cloud.plain_volume, Look.CLOUD, "volume loot is stored in the clear"),
    "public address on a private server": Way(in_cloud.floating_ip, Look.CLOUD, "undeclared public address"),
    "extra network card": Way(in_cloud.extra_card, Look.CLOUD, "undeclared network card"),
    "router of a stranger": Way(in_cloud.strange_router, Look.CLOUD, "router strange has an undeclared leg"),
    "static route between tenants": Way(in_cloud.static_route, Look.CLOUD, "undeclared route on router"),
    "port on a zone's network": Way(in_cloud.undeclared_port, Look.CLOUD, "undeclared port intruder"),
    "DHCP on": Way(in_cloud.dhcp_on, Look.CLOUD, "has DHCP on"),
    "nft flushed": Way(in_guest.flushed, Look.GUEST, "flushed or changed by hand"),
    "rule in the guest by hand": Way(in_guest.guest_rule, Look.GUEST, "flushed or changed by hand"),
    "sshd on the tenant card": Way(in_guest.sshd_on_zone, Look.GUEST, "SSH listens on"),
    "management default route": Way(in_guest.management_default, Look.GUEST, "undeclared route default via"),
    "static route in the guest": Way(in_guest.guest_route, Look.GUEST, "undeclared route 10.99.0.0/24"),
    "guest forwards": Way(in_guest.forwarding, Look.GUEST, "forwarding is on"),
    "all groups open": Way(in_cloud.groups_open, Look.PACKETS, "the network let it through"),
    "everything open": Way(in_cloud.all_open, Look.PACKETS, "reached"),
}
