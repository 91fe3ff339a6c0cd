"""Packet sets as text, in minimal ranges, and back: ``tcp/22, tcp/8000-8080 from 10.0.0.0/24, 2001:db8::/64; icmp/8 from anywhere``.

    set      nothing | anything | term; term; ...
    term     service, service, ... from peer, peer, ...      ("to" instead of "from" for egress; no peers: anywhere)
    service  any | tcp | tcp/443 | tcp/8000-8080 | icmp/8 | icmp/3-5 | icmp/3:1 | icmp/3:1-4 | protocol-99 | protocols-18-46
    peer     anywhere | 10.0.0.1 | 10.0.0.0/24 | 10.0.0.1-10.0.0.9 | the same in IPv6

Equal sets have equal text: services with equal peers share a term, and terms stand in the order of their first service.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from infra.packets.axes import (
    ICMP_PROTOCOLS,
    IPV4_POINTS,
    IPV6_BASE,
    L4_POINTS,
    PEER_POINTS,
    PORT_PROTOCOLS,
    PROTOCOL_BITS,
    TYPE_BITS,
    network_interval,
    peer_address,
    peer_point,
)
from infra.packets.errors import PacketTextError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Interval = tuple[int, int]

NOTHING: Final = "nothing"
ANYTHING: Final = "anything"
ANYWHERE: Final = "anywhere"
FAMILIES: Final = ((0, IPV4_POINTS), (IPV6_BASE, PEER_POINTS))
"""All of IPv4 and all of IPv6, on the peer axis."""

PROTOCOL_NAMES: Final = {
    1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 8: "egp", 17: "udp", 33: "dccp", 41: "ipv6-encap", 43: "ipv6-route", 44: "ipv6-frag",
    46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 59: "ipv6-nonxt", 60: "ipv6-opts", 89: "ospf", 112: "vrrp", 113: "pgm",
    132: "sctp", 136: "udplite",
}  # fmt: skip
"""IANA protocol numbers by the names that Neutron's API knows."""

PROTOCOL_NUMBERS: Final = {name: number for number, name in PROTOCOL_NAMES.items()} | {"ipv6-icmp": 58}

SERVICE: Final = re.compile(r"(?:protocols?-(?P<low>\d+)(?:-(?P<high>\d+))?|(?P<name>[a-z][a-z0-9-]*))(?:/(?P<detail>[\d:-]+))?")
DETAIL: Final = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+)|:(?P<code>\d+)(?:-(?P<last_code>\d+))?)?")


class Slab(NamedTuple):
    """Packets of one IP version, in a layer 4 interval, with peers in exact intervals of the peer axis (Python integers)."""

    version: int
    l4: Interval
    peers: tuple[Interval, ...]


def format_slabs(slabs: Iterable[Slab], preposition: str) -> str:
    """Render canonical slabs; ``preposition`` is "from" or "to"."""
    services: dict[tuple[int, tuple[Interval, ...]], list[Interval]] = {}
    for slab in slabs:
        services.setdefault((slab.version, slab.peers), []).append(slab.l4)
    terms: dict[tuple[Interval, ...], list[Interval]] = {}
    for (_, peers), l4 in services.items():
        terms.setdefault(tuple(l4), []).extend(peers)
    if not terms:
        return NOTHING
    if terms == {((0, L4_POINTS),): list(FAMILIES)}:
        return ANYTHING
    return "; ".join(f"{_services(l4)} {preposition} {_peers(peers)}" for l4, peers in sorted(terms.items()))


def _services(intervals: Iterable[Interval]) -> str:
    return ", ".join(text for interval in intervals for text in format_l4(*interval))


def format_l4(lo: int, hi: int) -> Iterator[str]:
    """Yield the services of one layer 4 interval: a partial protocol, whole protocols, a partial protocol."""
    if (lo, hi) == (0, L4_POINTS):
        yield "any"
        return
    for first, last, low, high in _split(lo, hi, 1 << PROTOCOL_BITS):
        if first != last:
            yield f"protocols-{first}-{last}"
            continue
        name = PROTOCOL_NAMES.get(first, f"protocol-{first}")
        if high - low == 1 << PROTOCOL_BITS:
            yield name
        elif first in ICMP_PROTOCOLS:
            yield from (f"{name}/{text}" for text in _format_icmp(low, high))
        else:
            yield f"{name}/{_range(low, high)}"


def format_point(l4: int) -> str:
    """Render one layer 4 point: with its port or ICMP type and code, or as the protocol alone where there are none."""
    protocol = l4 >> PROTOCOL_BITS
    if protocol in ICMP_PROTOCOLS or protocol in PORT_PROTOCOLS:
        return next(format_l4(l4, l4 + 1))
    return PROTOCOL_NAMES.get(protocol, f"protocol-{protocol}")


def _format_icmp(lo: int, hi: int) -> Iterator[str]:
    for first, last, low, high in _split(lo, hi, 1 << TYPE_BITS):
        whole = high - low == 1 << TYPE_BITS
        yield _range(first, last + 1) if first != last or whole else f"{first}:{_range(low, high)}"


def _split(lo: int, hi: int, block: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut ``[lo, hi)`` at blocks: yield (first block, last block, low, high), the latter two within a block.

    Whole blocks come as one run; a partial block comes alone.
    """
    first, last = lo // block, (hi - 1) // block
    if first == last:
        yield first, last, lo - first * block, hi - first * block
        return
    begin, end = -(-lo // block), hi // block
    if lo < begin * block:
        yield first, first, lo - first * block, block
    if begin < end:
        yield begin, end - 1, 0, block
    if end * block < hi:
        yield last, last, 0, hi - last * block


def _range(lo: int, hi: int) -> str:
    return str(lo) if hi - lo == 1 else f"{lo}-{hi - 1}"


def _peers(intervals: list[Interval]) -> str:
    if intervals == list(FAMILIES):
        return ANYWHERE
    return ", ".join(format_peers(*interval) for interval in intervals)


def format_peers(lo: int, hi: int) -> str:
    """Render one exact interval of the peer axis, within a family: an address, a prefix where it is one, else a range."""
    first, size = peer_address(lo), hi - lo
    if size == 1:
        return str(first)
    if size & (size - 1) == 0 and int(first) % size == 0:
        return f"{first}/{first.max_prefixlen - size.bit_length() + 1}"
    return f"{first}-{peer_address(hi - 1)}"


def parse_rectangles(text: str) -> Iterator[tuple[Interval, Interval]]:
    """Yield the (layer 4, peers) rectangles that a text describes. Raises :class:`PacketTextError`."""
    text = text.strip()
    if text == NOTHING:
        return
    for term in [f"any from {ANYWHERE}"] if text == ANYTHING else text.split(";"):
        services, _, peers = re.sub(r"\s+to\s+", " from ", term.strip()).partition(" from ")
        intervals = [interval for peer in (peers or ANYWHERE).split(",") for interval in _parse_peer(peer.strip())]
        for service in services.split(","):
            l4 = parse_l4(service.strip())
            yield from ((l4, interval) for interval in intervals)


def parse_l4(text: str) -> Interval:
    """Read one service. Raises :class:`PacketTextError`."""
    if text == "any":
        return 0, L4_POINTS
    match = SERVICE.fullmatch(text)
    low = int(match["low"] or PROTOCOL_NUMBERS.get(match["name"] or "", 256)) if match else 256
    high = int(match["high"] or low) if match else low
    if match is None or not 0 <= low <= high < L4_POINTS >> PROTOCOL_BITS or (match["detail"] and low != high):
        _refuse(text, "a service such as tcp/443, udp/5000-5010, icmp/8, gre, protocol-99 or any")
    start = low << PROTOCOL_BITS
    if not match["detail"]:
        return start, (high + 1) << PROTOCOL_BITS
    detail = _parse_icmp(match["detail"]) if low in ICMP_PROTOCOLS else _parse_ports(match["detail"])
    if detail is None:
        _refuse(text, "a type 0-255, type:code or a range of types" if low in ICMP_PROTOCOLS else "a port or range of ports 0-65535")
    return start + detail[0], start + detail[1]


def _parse_ports(text: str) -> Interval | None:
    match = DETAIL.fullmatch(text)
    if match is None or match["code"]:
        return None
    return _closed(match["first"], match["last"], 1 << PROTOCOL_BITS)


def _parse_icmp(text: str) -> Interval | None:
    match = DETAIL.fullmatch(text)
    kinds = _closed(match["first"], match["last"], 1 << TYPE_BITS) if match else None
    if match is None or kinds is None:
        return None
    low, high = (bound << TYPE_BITS for bound in kinds)
    if not match["code"]:
        return low, high
    codes = _closed(match["code"], match["last_code"], 1 << TYPE_BITS)
    return codes and (low + codes[0], low + codes[1])


def _closed(first: str, last: str | None, points: int) -> Interval | None:
    low, high = int(first), int(last or first)
    return (low, high + 1) if low <= high < points else None


def _parse_peer(text: str) -> tuple[Interval, ...]:
    if text == ANYWHERE:
        return FAMILIES
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return (network_interval(ip_network(first)),)
        low, high = peer_point(ip_address(first.strip())), peer_point(ip_address(last.strip()))
        if low <= high and (low < IPV6_BASE) == (high < IPV6_BASE):
            return ((low, high + 1),)
    except ValueError:
        pass
    return _refuse(text, "an address, a prefix without host bits, or a range first-last of one family")


def _refuse(got: str, expected: str) -> NoReturn:
    raise PacketTextError.of("not a description of packets", got=repr(got), expected=expected)
