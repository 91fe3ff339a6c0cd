"""Driver profiles: what Neutron's firewall drivers add to the rules, in one table each, with the place it was read in.

Rows 7 to 11, 13 and 16 of the semantics (docs/proof.md). Everything here is about ports; what a rule's protocol and ports come to is in
:mod:`infra.neutron.semantics.services`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.neutron.owners import is_trusted
from infra.neutron.semantics.services import Driver, Span
from infra.packets.axes import ICMPV6, PROTOCOL_BITS, TYPE_BITS
from infra.ranges import EVERYTHING, Range, range_of

if TYPE_CHECKING:
    from infra.neutron.snapshot import Port

_UDP = 17

FILTERED_VNIC_TYPES = frozenset({"normal", "virtio-forwarder"})
"""Bindings on which the drivers enforce groups; SR-IOV, macvtap and bare metal pass every packet (Neutron admin guide, SR-IOV)."""


@dataclass(frozen=True, slots=True)
class Implicit:
    """A packet that a driver lets pass without any rule. ``link``: only between neighbours (hop limit 255, or not forwarded)."""

    direction: Literal["ingress", "egress"]
    family: int
    span: Span
    link: bool
    why: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One driver. ``pairs_are_members``: address pairs belong to the group when it is used as a remote group.

    ``floods``: frames to all (multicast, broadcast) come to other servers on the sender's host without their groups being asked.
    ``translates_all``: a router that translates does so for every source, and not only for those of the subnets that it is plugged into.
    """

    driver: Driver
    tested_with: str
    pairs_are_members: bool
    any_source_without_address: bool
    implicit: tuple[Implicit, ...]
    non_ip: str
    floods: bool = False
    translates_all: bool = True


def _icmp6(direction: Literal["ingress", "egress"], types: tuple[int, ...], why: str, *, link: bool = False) -> tuple[Implicit, ...]:
    start = ICMPV6 << PROTOCOL_BITS
    size = 1 << TYPE_BITS
    return tuple(Implicit(direction, 6, Span(start + (t << TYPE_BITS), start + (t << TYPE_BITS) + size), link, why) for t in types)


def _udp(direction: Literal["ingress", "egress"], family: int, port: int, why: str) -> Implicit:
    return Implicit(direction, family, Span((_UDP << PROTOCOL_BITS) + port, (_UDP << PROTOCOL_BITS) + port + 1), link=False, why=why)


_ND = (130, 131, 132, 133, 134, 135, 136, 143)
_NORTHD = "ovn-northd allows nd, nd_rs, nd_ra, mldv1 and mldv2 above every ACL, hop limit 255 or 1"
_CLIENT = "DHCP client to server, before the rules"

_DHCP_CLIENT = (_udp("egress", 4, 67, _CLIENT), _udp("egress", 6, 547, _CLIENT))
_INGRESS_ICMP6 = "agent/firewall.py ICMPV6_ALLOWED_INGRESS_TYPES, and router advertisements"

PROFILES = {
    Driver.OVN: Profile(
        driver=Driver.OVN,
        tested_with="neutron 29.0.0, OVN 23.03",
        pairs_are_members=False,
        any_source_without_address=True,
        implicit=(*_icmp6("ingress", _ND, _NORTHD, link=True), *_icmp6("egress", _ND, _NORTHD, link=True)),
        non_ip="every frame that is neither IPv4 nor IPv6 is delivered: the drop ACL matches `ip` (common/ovn/acl.py)",
        translates_all=False,  # ovn_client.py update_nat_rules: a rule per subnet, unless ovn_router_indirect_snat is set
    ),
    Driver.OVS: Profile(
        driver=Driver.OVS,
        tested_with="neutron 29.0.0, Open vSwitch 3.1",
        pairs_are_members=True,
        any_source_without_address=False,
        implicit=(
            *_icmp6("ingress", (130, 134, 135, 136), _INGRESS_ICMP6),
            *_icmp6("egress", (130, 133, 135, 136), "agent/firewall.py ICMPV6_ALLOWED_EGRESS_TYPES, and checked advertisements"),
            *_DHCP_CLIENT,
        ),
        non_ip="ARP with an own address, and the ethertypes of `permitted_ethertypes`",
        floods=True,  # openvswitch_firewall: what is for no MAC of the host leaves table 73 for 94, NORMAL, past the tables of ingress
    ),
    Driver.IPTABLES_HYBRID: Profile(
        driver=Driver.IPTABLES_HYBRID,
        tested_with="neutron 29.0.0, iptables 1.8",
        pairs_are_members=True,
        any_source_without_address=True,
        implicit=(
            *_icmp6("ingress", (130, 134, 135, 136), _INGRESS_ICMP6),
            *_icmp6("egress", tuple(t for t in range(256) if t != 134), "iptables_firewall.py _spoofing_rule returns all ICMPv6 but RA"),  # noqa: PLR2004 - RFC 4861
            *_DHCP_CLIENT,
        ),
        non_ip="every frame that is neither IPv4 nor IPv6, ARP spoofing apart",
    ),
}
PROFILES[Driver.WIDEST] = Profile(
    driver=Driver.WIDEST,
    tested_with="whatever each of the others was tested with",
    pairs_are_members=any(one.pairs_are_members for one in PROFILES.values()),
    any_source_without_address=any(one.any_source_without_address for one in PROFILES.values()),
    implicit=tuple(dict.fromkeys(item for one in PROFILES.values() for item in one.implicit)),
    non_ip="every frame that is neither IPv4 nor IPv6",
    floods=any(one.floods for one in PROFILES.values()),
    translates_all=all(one.translates_all for one in PROFILES.values()),
)
"""Profiles by driver. DHCP from server to client (UDP 67 to 68) is left out: every driver drops it when a filtered port sends it
(rows 10 and 11), and what an unfiltered port sends is treated apart (:func:`dhcp_answers`)."""


def dhcp_answers(driver: Driver) -> tuple[Implicit, ...]:
    """Return what a port takes from a DHCP server without a rule: only an unfiltered port can send it."""
    if driver is Driver.OVN:
        return ()
    return (_udp("ingress", 4, 68, "DHCP server to client"), _udp("ingress", 6, 546, "DHCP server to client"))


def is_filtered(port: Port) -> bool:
    """Tell whether groups and anti-spoofing hold for the port (row 9). Everything doubtful counts as unfiltered."""
    return port.port_security_enabled and not is_trusted(port.device_owner) and port.binding_vnic_type in FILTERED_VNIC_TYPES


def member_intervals(profile: Profile, port: Port, own: list[Range]) -> list[Range]:
    """Return the addresses that a port adds to a group when the group is a rule's remote group (rows 7 and 8).

    ``own`` are the port's fixed addresses. OVN builds the address set from those alone; the agents' database query adds the address
    pairs. Neither looks at the network, so overlapping addresses match wherever a path exists.
    """
    return own + _pairs(port) if profile.pairs_are_members else own


def source_intervals(profile: Profile, port: Port, own: list[Range]) -> list[Range]:
    """Return the sources that a port may send from: its addresses and address pairs, or everything when nothing checks it."""
    if not is_filtered(port) or (not own and profile.any_source_without_address):
        return [EVERYTHING[4], EVERYTHING[6]]
    return own + _pairs(port) + link_local(port.mac_address)


def target_intervals(profile: Profile, port: Port, own: list[Range]) -> list[Range]:
    """Return the addresses at which a server behind the port takes packets: it can answer for all from which it may send."""
    return source_intervals(profile, port, own)


def _pairs(port: Port) -> list[Range]:
    return [range_of(pair.ip_address) for pair in port.allowed_address_pairs]


def link_local(mac: str) -> list[Range]:
    """Return the IPv6 link-local address made from a MAC (RFC 4291 appendix A), from which ports may always send; none without a MAC."""
    try:
        value = int(mac.replace(":", ""), 16)
    except ValueError:
        return []
    suffix = ((value >> 24) << 40 | 0xFFFE << 24 | (value & 0xFFFFFF)) ^ (2 << 56)
    address = (0xFE80 << 112) | suffix
    return [(6, address, address)]
