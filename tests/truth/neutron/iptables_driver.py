"""A case in the kernel's own iptables, written by Neutron's hybrid driver, and packets over real bridges."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import groupby, product
from typing import TYPE_CHECKING

from tests.truth.neutron.bridges import Bridges, Frame
from tests.truth.neutron.environment import translate
from tests.truth.neutron.ovs_driver import agents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.truth.neutron.cases import Case, Packet

Address = IPv4Address | IPv6Address
PEER = "02:00:00:00:00:01"
SOURCE_PORT = 20_000
"""No rule names it, so that no packet looks like another one's answer."""
DHCP_CLIENT = {67: 68, 547: 546}
"""Source ports of a DHCP client, by the port of the server (RFC 2131, RFC 8415)."""
PROBES = 1 << 20
"""Number of the first probe, beyond those of packets."""
ARP, V4, V6 = 0x0806, 0x0800, 0x86DD
EXTENSIONS = frozenset({0, 43, 44, 51, 59, 60})
"""In IPv6 these numbers are extension headers, behind which the kernel looks for the protocol (RFC 8200)."""


def fill(bridges: Bridges, made: Case) -> None:
    """Run on the host what the agent runs."""
    for step in translate(iptables=agents(made))["commands"]:
        bridges.host.run(*step["command"], text=step["text"])


def answers(bridges: Bridges, made: Case, asked: Iterable[Packet]) -> dict[Packet, bool]:
    """Return whether each packet gets over its card's bridge, the first of a connection."""
    told: dict[Packet, bool] = {}
    for _, some in groupby(sorted(asked, key=direction_of), direction_of):
        frames = {packet: frame(packet, own_address(packet), number) for number, packet in enumerate(some)}
        got = crossed(bridges, made, frames.values())
        told |= {packet: one in got for packet, one in frames.items()}
    return told


def crossed(bridges: Bridges, made: Case, frames: Iterable[Frame]) -> set[Frame]:
    """Return which frames of one direction get over their bridges, all of which are open before and after."""
    bridges.forget()
    _open(bridges, made)
    got = bridges.arrived(frames)
    _open(bridges, made)
    return got


def direction_of(packet: Packet) -> str:
    """Return the direction: packets of one never answer one another."""
    return packet.direction


def own_address(packet: Packet) -> Address:
    """Return the card's address of the packet's family."""
    return ip_address(packet.card.four if packet.peer.version == 4 else packet.card.six)


def _open(bridges: Bridges, made: Case) -> None:
    """Check that frames which no rule stops get over every bridge both ways, so that a packet that does not was stopped by a rule."""
    probes = [
        Frame(card.name, inwards, token(number), ethernet(card.mac, ARP, bytes(28) + token(number), inwards=inwards))
        for number, (card, inwards) in enumerate(product(made.cards, (True, False)), start=PROBES)
    ]
    missing = set(probes) - bridges.arrived(probes)
    assert not missing, missing


def token(number: int) -> bytes:
    """Return what ends the frame with this number."""
    return struct.pack("!I", 0x52_00_00_00 + number)


def ethernet(mac: str, kind: int, load: bytes, *, inwards: bool) -> bytes:
    """Return a frame between a card and its neighbour."""
    own, peer = (bytes.fromhex(text.replace(":", "")) for text in (mac, PEER))
    return (own + peer if inwards else peer + own) + struct.pack("!H", kind) + load


def frame(packet: Packet, own: Address, number: int) -> Frame:
    """Render a packet as bytes, with this address of the card's, and its number at the end."""
    inwards = packet.direction == "ingress"
    source, target = (packet.peer, own) if inwards else (own, packet.peer)
    load = transport(packet) + token(number)
    kind, header = (V4, _four(packet.protocol, len(load))) if packet.peer.version == 4 else (V6, _six(packet.protocol, len(load)))
    data = addressed(header, source, target) + load
    return Frame(packet.card.name, inwards, token(number), ethernet(packet.card.mac, kind, data, inwards=inwards))


def _four(protocol: int, size: int) -> bytes:
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, 1, 0, 64, protocol, 0)


def _six(protocol: int, size: int) -> bytes:
    return struct.pack("!IHBB", 6 << 28, size, protocol, 64)


def addressed(header: bytes, source: Address, target: Address) -> bytes:
    """Add the addresses to a header, and IPv4's checksum, which the bridge looks at (RFC 1071)."""
    whole = header + source.packed + target.packed
    if source.version == 6:
        return whole
    total = sum(struct.unpack("!10H", whole))
    total = (total & 0xFFFF) + (total >> 16)
    return whole[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + whole[12:]


def transport(packet: Packet) -> bytes:
    """Return the least that a kernel takes for the first packet of a connection."""
    ports = struct.pack("!HH", DHCP_CLIENT.get(packet.detail, SOURCE_PORT), packet.detail)
    if packet.protocol in {1, 58}:
        return struct.pack("!BBHHH", packet.detail >> 8, packet.detail & 255, 0, 1 + (packet.direction == "egress"), 1) + bytes(40)
    headers = {
        6: ports + struct.pack("!IIBBHHH", 1, 0, 5 << 4, 2, 65535, 0, 0),  # SYN (RFC 9293)
        17: ports + struct.pack("!HH", 12, 0),  # 12 bytes long
        33: ports + struct.pack("!BBHBBH", 5, 0, 0, 0, 0, 0) + bytes(8),  # REQUEST (RFC 4340)
        132: ports + struct.pack("!II", 0, 0) + struct.pack("!BBHIIHHI", 1, 0, 20, 1, 65535, 1, 1, 1),  # INIT (RFC 9260)
        136: ports + struct.pack("!HH", 8, 0),  # covers its header (RFC 3828)
    }
    return headers.get(packet.protocol, bytes(24))


def sendable(asked: Iterable[Packet]) -> list[Packet]:
    """Leave out what cannot be the last protocol of an IPv6 packet."""
    return [packet for packet in asked if packet.peer.version == 4 or packet.protocol not in EXTENSIONS]
