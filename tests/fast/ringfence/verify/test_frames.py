from __future__ import annotations

import struct
from ipaddress import IPv6Address, ip_address

import pytest

from ringfence.verify.guest.basics import checksum
from ringfence.verify.probes import capture, frames
from ringfence.verify.probes.frames import ARP_REPLY, ARP_REQUEST, BROADCAST, Ends

pytestmark = pytest.mark.fast

TOKEN = "0123456789abcdef"
FOUR = Ends("fa:16:3e:00:00:01", "fa:16:3e:00:00:02", ip_address("10.0.0.11"), ip_address("10.0.1.12"))
SIX = Ends("fa:16:3e:00:00:01", "fa:16:3e:00:00:02", ip_address("fd00::b"), ip_address("fd00::c"))
PROBES = [(ends, protocol) for ends in (FOUR, SIX) for protocol in ("tcp", "udp", "icmp")]


def kept(frame: bytes, packet_type: int = 0) -> bool:
    """Run the BPF program over a frame, as the kernel would."""
    accumulator, place, lines = 0, 0, capture.program()
    sizes = {capture.LOAD_BYTE: 1, capture.LOAD_HALF: 2, capture.LOAD_WORD: 4}
    while True:
        code, true, false, constant = lines[place]
        place += 1
        if code in sizes:
            if constant == capture.PACKET_TYPE:
                accumulator = packet_type
            elif constant + sizes[code] > len(frame):
                return False
            else:
                accumulator = int.from_bytes(frame[constant : constant + sizes[code]])
        elif code == capture.EQUAL:
            place += true if accumulator == constant else false
        elif code == capture.AND:
            accumulator &= constant
        else:
            assert code == capture.RETURN
            return constant > 0


@pytest.mark.parametrize(("ends", "protocol"), PROBES)
def test_probes_are_read_back_as_built(ends: Ends, protocol: str) -> None:
    """A probe says after the journey what it said before: kind, addresses, ports, token."""
    seen = frames.read(frames.probe(ends, protocol, (10000, 5432), TOKEN))
    ports = (0, 0) if protocol == "icmp" else (10000, 5432)
    expected = (protocol, ends.mac, ends.source, ends.destination, *ports, TOKEN)
    assert expected == (seen.kind, seen.mac, seen.source, seen.destination, seen.source_port, seen.port, seen.token)


@pytest.mark.parametrize(("ends", "protocol"), PROBES)
def test_checksums_hold(ends: Ends, protocol: str) -> None:
    """The checksum over header, pseudo-header and payload comes to zero, so that no receiver throws the probe away."""
    frame = frames.probe(ends, protocol, (10000, 5432), TOKEN)
    if ends is FOUR:
        assert checksum(frame[14:34]) == 0
        size = struct.unpack_from("!H", frame, 16)[0] - 20
        body = frame[34 : 34 + size]
        pseudo = b"" if protocol == "icmp" else frame[26:34] + struct.pack("!BBH", 0, frame[23], len(body))
    else:
        body = frame[54 : 54 + struct.unpack_from("!H", frame, 18)[0]]
        pseudo = frame[22:54] + struct.pack("!IHBB", len(body), 0, 0, frame[20])
    data = pseudo + body
    assert checksum(data + b"\0" * (len(data) % 2)) == 0


@pytest.mark.parametrize(("ends", "protocol"), PROBES)
def test_filter_keeps_probes(ends: Ends, protocol: str) -> None:
    """The kernel's filter hands every probe out, and none that this host sends itself."""
    frame = frames.probe(ends, protocol, (10000, 5432), TOKEN)
    assert kept(frame)
    assert not kept(frame, packet_type=4)


def test_filter_keeps_neighbour_messages() -> None:
    """ARP and neighbour discovery are handed out, because spoofed about neighbours are looked for."""
    assert kept(frames.arp(FOUR, ARP_REQUEST, TOKEN))
    assert kept(frames.solicitation(SIX.mac, IPv6Address("fd00::b"), IPv6Address("fd00::c")))
    assert kept(frames.advertisement(SIX, IPv6Address("fd00::1")))
    assert kept(frames.router_advertisement(SIX))


@pytest.mark.parametrize("protocol", ["udp", "icmp", "tcp"])
def test_filter_drops_the_tenants_own_traffic(protocol: str) -> None:
    """What is no probe stays in the kernel: payloads without the mark, and TCP segments that open nothing."""
    frame = bytearray(frames.probe(FOUR, protocol, (10000, 5432), TOKEN))
    if protocol == "tcp":
        frame[47] = 0x18
    else:
        frame[42:46] = b"\0\0\0\0"
    assert not kept(bytes(frame))


def test_arp_carries_the_token_and_the_claim() -> None:
    """An ARP reply is read back as a claim of the sender's on an address."""
    seen = frames.read(frames.arp(FOUR, ARP_REPLY, TOKEN))
    assert (seen.kind, seen.operation, seen.mac, seen.source, seen.token) == ("arp", ARP_REPLY, FOUR.mac, FOUR.source, TOKEN)


def test_nonsense_is_other() -> None:
    """Frames that are cut off or of another kind are no observation of anything."""
    assert frames.read(b"\0" * 14).kind == "other"
    assert frames.read(frames.probe(FOUR, "tcp", (1, 2), TOKEN)[:36]).kind == "other"
    assert frames.read(bytes.fromhex("ffffffffffff") + bytes(6) + b"\x88\xcc").kind == "other"
    assert frames.mac_text(b"\xff" * 6) == BROADCAST
