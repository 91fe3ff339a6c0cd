"""Frames as bytes: built for probes that pass by the sender's own firewall, and read back from what a receiver captured. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from ringfence.verify.guest.basics import ECHO, MAGIC, TOKEN, checksum
from ringfence.verify.model import SeenFrame

if TYPE_CHECKING:
    from infra.declaration.model import Address

BROADCAST = "ff:ff:ff:ff:ff:ff"
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
SYN = 0x02
ARP_REQUEST, ARP_REPLY = 1, 2
SOLICITATION, ADVERTISEMENT, ROUTER_ADVERTISEMENT = 135, 136, 134
HEAD = 14
HOPS = 64
ND_HOPS = 255
"""Neighbour discovery is only believed with a hop limit that no router has touched (RFC 4861 section 7.1)."""


@dataclass(frozen=True, slots=True)
class Ends:
    """From where to where a frame goes, in both layers; any of them may be spoofed."""

    mac: str
    next_mac: str
    source: Address
    destination: Address


def mac_bytes(mac: str) -> bytes:
    """Return six bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def mac_text(raw: bytes) -> str:
    """Return the usual notation, in lower case."""
    return raw.hex(":")


def ethernet(ends: Ends, kind: int, body: bytes) -> bytes:
    """Put the head of an Ethernet frame before a packet and pad it to the shortest length that is allowed."""
    return (mac_bytes(ends.next_mac) + mac_bytes(ends.mac) + struct.pack("!H", kind) + body).ljust(60, b"\0")


def packet(ends: Ends, protocol: int, body: bytes, hops: int = HOPS) -> bytes:
    """Put the IP header of the right version before a body."""
    if isinstance(ends.source, IPv4Address):
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, hops, protocol, 0)
        head += ends.source.packed + ends.destination.packed
        return ethernet(ends, IPV4, head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body)
    head = struct.pack("!IHBB", 0x60000000, len(body), protocol, hops) + ends.source.packed + ends.destination.packed
    return ethernet(ends, IPV6, head + body)


def covered(ends: Ends, protocol: int, body: bytes) -> int:
    """Return the checksum of a body together with the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1)."""
    if isinstance(ends.source, IPv4Address):
        pseudo = ends.source.packed + ends.destination.packed + struct.pack("!BBH", 0, protocol, len(body))
    else:
        pseudo = ends.source.packed + ends.destination.packed + struct.pack("!IHBB", len(body), 0, 0, protocol)
    return checksum((pseudo + body).ljust((len(pseudo + body) + 1) & ~1, b"\0"))


def probe(ends: Ends, protocol: str, ports: tuple[int, int], token: str) -> bytes:
    """Build a SYN, a datagram or an echo request that carries the token. ``ports`` is (source, destination); ICMP ignores it."""
    text = MAGIC + token.encode()
    version = ends.destination.version
    if protocol == "tcp":
        body = struct.pack("!HHIIBBHHH", *ports, int(token[:8], 16), 0, 0x50, SYN, 0xFFFF, 0, 0) + text
        return packet(ends, TCP, body[:16] + struct.pack("!H", covered(ends, TCP, body)) + body[18:])
    if protocol == "udp":
        body = struct.pack("!HHHH", *ports, 8 + len(text), 0) + text
        return packet(ends, UDP, body[:6] + struct.pack("!H", covered(ends, UDP, body) or 0xFFFF) + body[8:])
    body = struct.pack("!BBHHH", ECHO[version][0], 0, 0, 1, 1) + text
    check = checksum(body) if isinstance(ends.destination, IPv4Address) else covered(ends, ICMPV6, body)
    return packet(ends, ICMP if isinstance(ends.destination, IPv4Address) else ICMPV6, body[:2] + struct.pack("!H", check) + body[4:])


def arp(ends: Ends, operation: int, token: str) -> bytes:
    """Build an ARP request for ``destination``, or a reply that claims ``source`` for ``mac``; the token is in the padding."""
    target = b"\0" * 6 if operation == ARP_REQUEST else mac_bytes(ends.next_mac)
    body = struct.pack("!HHBBH", 1, IPV4, 6, 4, operation)
    body += mac_bytes(ends.mac) + ends.source.packed + target + ends.destination.packed
    return ethernet(ends, ARP, body + MAGIC + token.encode())


def solicitation(mac: str, source: IPv6Address, wanted: IPv6Address) -> bytes:
    """Build a neighbour solicitation for an address, sent to its solicited-node group (RFC 4861 section 4.3)."""
    group = IPv6Address(int(IPv6Address("ff02::1:ff00:0")) | int(wanted) & 0xFFFFFF)
    ends = Ends(mac, mac_text(b"\x33\x33" + group.packed[12:]), source, group)
    return discovery(ends, SOLICITATION, b"\0" * 4 + wanted.packed + b"\x01\x01" + mac_bytes(mac))


def advertisement(ends: Ends, claimed: IPv6Address) -> bytes:
    """Build an unasked neighbour advertisement that claims an address for ``mac`` (RFC 4861 section 4.4, override flag)."""
    return discovery(ends, ADVERTISEMENT, b"\x20\0\0\0" + claimed.packed + b"\x02\x01" + mac_bytes(ends.mac))


def router_advertisement(ends: Ends) -> bytes:
    """Build a router advertisement that makes the sender everybody's default route (RFC 4861 section 4.2)."""
    return discovery(ends, ROUTER_ADVERTISEMENT, struct.pack("!BBHII", HOPS, 0, 1800, 0, 0) + b"\x01\x01" + mac_bytes(ends.mac))


def discovery(ends: Ends, kind: int, body: bytes) -> bytes:
    """Build a neighbour discovery message."""
    raw = struct.pack("!BBH", kind, 0, 0) + body
    return packet(ends, ICMPV6, raw[:2] + struct.pack("!H", covered(ends, ICMPV6, raw)) + raw[4:], ND_HOPS)


def token_of(data: bytes) -> str:
    """Return the token that a payload begins with, or nothing."""
    return data[len(MAGIC) : len(MAGIC) + TOKEN].decode("ascii", "replace") if data.startswith(MAGIC) else ""


def read(frame: bytes) -> SeenFrame:
    """Say what a captured frame is; frames that make no sense are ``other``."""
    sender = mac_text(frame[6:12])
    try:
        kind = struct.unpack_from("!H", frame, 12)[0]
        if kind == ARP:
            return _read_arp(frame[HEAD:])
        if kind == IPV4:
            size = (frame[HEAD] & 15) * 4
            source, destination = ip_address(frame[26:30]), ip_address(frame[30:34])
            return _read_transport(sender, (source, destination), frame[HEAD + 9], frame[HEAD + size :])
        if kind == IPV6:
            source, destination = ip_address(frame[22:38]), ip_address(frame[38:54])
            return _read_transport(sender, (source, destination), frame[HEAD + 6], frame[HEAD + 40 :])
    except (struct.error, IndexError, ValueError):
        pass
    return SeenFrame("other", sender)


def _read_arp(body: bytes) -> SeenFrame:
    operation = struct.unpack_from("!H", body, 6)[0]
    token = token_of(body[28:])
    return SeenFrame("arp", mac_text(body[8:14]), ip_address(body[14:18]), ip_address(body[24:28]), 0, 0, token, operation)


def _read_transport(mac: str, pair: tuple[Address, Address], protocol: int, body: bytes) -> SeenFrame:
    source, destination = pair
    if protocol in {TCP, UDP}:
        source_port, port = struct.unpack_from("!HH", body)
        offset = (body[12] >> 4) * 4 if protocol == TCP else 8
        return SeenFrame("tcp" if protocol == TCP else "udp", mac, source, destination, source_port, port, token_of(body[offset:]))
    if protocol == ICMPV6 and body[0] in {SOLICITATION, ADVERTISEMENT}:
        return SeenFrame("nd", mac, ip_address(body[8:24]), destination, operation=body[0])
    if protocol == ICMPV6 and body[0] == ROUTER_ADVERTISEMENT:
        return SeenFrame("nd", mac, source, destination, operation=body[0])
    if protocol in {ICMP, ICMPV6}:
        return SeenFrame("icmp", mac, source, destination, operation=body[0], token=token_of(body[8:]))
    return SeenFrame("other", mac, source, destination)
