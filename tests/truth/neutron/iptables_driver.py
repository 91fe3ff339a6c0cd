"""A case in the kernel's own iptables, written by Neutron's hybrid driver, and packets over real bridges."""

from __future__ import annotations

import struct
import time
from itertools import groupby, product
from typing import TYPE_CHECKING

from tests.truth.neutron.bridges import Bridges, Frame
from tests.truth.neutron.environment import translate
from tests.truth.neutron.ovs_driver import agents
from tests.truth.nft.namespaces import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.truth.neutron.cases import Address, Case, Packet

PEER = "02:00:00:00:00:01"
PROBES = 1 << 20
"""Number of the first probe, beyond those of packets."""
ARP, V4, V6 = 0x0806, 0x0800, 0x86DD
EXTENSIONS = frozenset({0, 43, 44, 51, 59, 60})
"""In IPv6 these numbers are extension headers, behind which the kernel looks for the protocol (RFC 8200)."""


def fill(bridges: Bridges, made: Case) -> None:
    """Run on the host what the agent runs, once its bridges carry frames: the kernel opens a port some time after it was made."""
    end = time.monotonic() + PATIENCE
    while missing := _stopped(bridges, made):
        assert time.monotonic() < end, missing
        time.sleep(0.05)
    for step in translate(iptables=agents(made))["commands"]:
        bridges.host.run(*step["command"], text=step["text"])


def answers(bridges: Bridges, made: Case, asked: Iterable[Packet]) -> dict[Packet, bool]:
    """Return whether each packet gets over its card's bridge, the first of a connection."""
    told: dict[Packet, bool] = {}
    for _, some in groupby(sorted(asked, key=direction_of), direction_of):
        frames = {packet: frame(packet, number) for number, packet in enumerate(some)}
        bridges.forget()
        _open(bridges, made)
        got = bridges.arrived(frames.values())
        _open(bridges, made)
        told |= {packet: one in got for packet, one in frames.items()}
    return told


def direction_of(packet: Packet) -> str:
    """Return the direction: packets of one never answer one another."""
    return packet.direction


def _open(bridges: Bridges, made: Case) -> None:
    """Check that frames which no rule stops get over every bridge both ways, so that a packet that does not was stopped by a rule."""
    missing = _stopped(bridges, made)
    assert not missing, missing


def _stopped(bridges: Bridges, made: Case) -> set[Frame]:
    probes = [
        Frame(card.name, inwards, token(number), ethernet(card.mac, ARP, bytes(28) + token(number), inwards=inwards))
        for number, (card, inwards) in enumerate(product(made.cards, (True, False)), start=PROBES)
    ]
    return set(probes) - bridges.arrived(probes)


def token(number: int) -> bytes:
    """Return what ends the frame with this number."""
    return struct.pack("!I", 0x52_00_00_00 + number)


def ethernet(mac: str, kind: int, load: bytes, *, inwards: bool) -> bytes:
    """Return a frame between a card and its neighbour."""
    own, peer = (bytes.fromhex(text.replace(":", "")) for text in (mac, PEER))
    return (own + peer if inwards else peer + own) + struct.pack("!H", kind) + load


def frame(packet: Packet, number: int) -> Frame:
    """Render a packet as bytes, its number at the end."""
    load = transport(packet) + token(number)
    kind, header = (V4, _four(packet.protocol, len(load))) if packet.peer.version == 4 else (V6, _six(packet.protocol, len(load)))
    inwards = packet.direction == "ingress"
    data = addressed(header, *packet.ends) + load
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
    ports = struct.pack("!HH", packet.source_port, packet.detail)
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
    """Leave out what cannot be the last protocol of an IPv6 packet, and packets from a card to itself.

    The latter's answers look like the packets: once one has passed, connection tracking takes the next for one where it knows no ports.
    """
    return [packet for packet in asked if packet.peer != packet.own and (packet.peer.version == 4 or packet.protocol not in EXTENSIONS)]
