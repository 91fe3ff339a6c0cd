"""The two axes of the packet space: layer 4 as one line of 2^24 points, and the addresses of both families as another.

A security group rule is a rectangle on these axes. Layer 4 linearises (protocol, port) and (ICMP type, code), so that every match
that Neutron accepts is a single interval:

    protocol << 16 | port              protocols with ports
    protocol << 16 | type << 8 | code  ICMP (RFC 792) and ICMPv6 (RFC 4443)
    the whole block of 65,536 points   protocols that have neither

Addresses are IPv4 first, then, after a gap of one point so that the families never touch, IPv6. Kernels work in int64, where a
128-bit address does not fit; :class:`PeerAxis` replaces IPv6 end points by their rank, which keeps order and therefore meaning.

All intervals are half-open, ``[lo, hi)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.packets.arrays import Floats, Ints, Packed

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

ICMP: Final = 1
ICMPV6: Final = 58
ICMP_PROTOCOLS: Final = frozenset({ICMP, ICMPV6})
PORT_PROTOCOLS: Final = frozenset({6, 17, 33, 132, 136})
"""TCP, UDP, DCCP, SCTP and UDP-Lite: protocols whose headers begin with port numbers."""

PROTOCOL_BITS: Final = 16
TYPE_BITS: Final = 8
L4_POINTS: Final = 1 << 24
"""Length of the layer 4 axis."""

IPV4_POINTS: Final = 1 << 32
IPV6_BASE: Final = IPV4_POINTS + 1
"""Where IPv6 begins on the peer axis; the point before it is the gap between the families."""

IPV6_POINTS: Final = 1 << 128
PEER_POINTS: Final = IPV6_BASE + IPV6_POINTS
"""End of the peer axis when IPv6 addresses stand for themselves (Python integers, not kernels)."""


def l4_interval(protocol: int | None, first: int | None = None, last: int | None = None) -> tuple[int, int]:
    """Return the interval of a match in the words of Neutron's ``port_range_min`` and ``port_range_max``.

    ``protocol`` ``None`` is any protocol. For ICMP ``first`` is the type and ``last`` the code; elsewhere both are ports. ``None`` is
    "all of them"; one port given alone means that port. Raises ``ValueError`` outside the ranges of the IP, TCP and ICMP headers.
    """
    if protocol is None:
        return 0, L4_POINTS
    _demand(protocol, 255, "protocol")
    start = protocol << PROTOCOL_BITS
    if protocol in ICMP_PROTOCOLS:
        return _icmp_interval(start, first, last)
    if first is None and last is None:
        return start, start + (1 << PROTOCOL_BITS)
    low = last if first is None else first
    high = first if last is None else last
    if low is None or high is None or low > high:
        raise ValueError(f"port range {first}-{last} is empty")
    _demand(low, 65535, "port")
    _demand(high, 65535, "port")
    return start + low, start + high + 1


def _icmp_interval(start: int, kind: int | None, code: int | None) -> tuple[int, int]:
    if kind is None:
        return start, start + (1 << PROTOCOL_BITS)
    _demand(kind, 255, "ICMP type")
    low = start + (kind << TYPE_BITS)
    if code is None:
        return low, low + (1 << TYPE_BITS)
    _demand(code, 255, "ICMP code")
    return low + code, low + code + 1


def _demand(value: int, most: int, name: str) -> None:
    if not 0 <= value <= most:
        raise ValueError(f"{name} {value} is outside 0-{most}")


def l4_intervals(protocols: Ints, firsts: Ints, lasts: Ints) -> tuple[Ints, Ints]:
    """Return :func:`l4_interval` of many matches; -1 stands for ``None``. The values must be valid already: nothing is checked."""
    start = protocols << PROTOCOL_BITS
    icmp = np.isin(protocols, list(ICMP_PROTOCOLS))
    shift = np.where(icmp, TYPE_BITS, 0)
    code = icmp & (lasts >= 0)
    low = np.where(firsts < 0, start, start + (firsts << shift) + np.where(code, lasts, 0))
    port_end = start + np.maximum(firsts, lasts) + 1
    icmp_end = np.where(code, low + 1, low + (1 << TYPE_BITS))
    high = np.where(firsts < 0, start + (1 << PROTOCOL_BITS), np.where(icmp, icmp_end, port_end))
    anything = protocols < 0
    return np.where(anything, 0, low), np.where(anything, L4_POINTS, high)


def peer_point(address: Address) -> int:
    """Return the exact place of an address on the peer axis (a Python integer beyond 64 bits for IPv6)."""
    return int(address) if address.version == 4 else IPV6_BASE + int(address)  # noqa: PLR2004 - the IP version


def peer_address(point: int) -> Address:
    """Return the address at an exact place of the peer axis. Raises ``ValueError`` off the axis and in the gap."""
    if 0 <= point < IPV4_POINTS:
        return IPv4Address(point)
    if IPV6_BASE <= point < PEER_POINTS:
        return IPv6Address(point - IPV6_BASE)
    raise ValueError(f"{point} is not on the peer axis")


def network_interval(network: Network) -> tuple[int, int]:
    """Return the exact interval of a prefix on the peer axis."""
    start = peer_point(network.network_address)
    return start, start + network.num_addresses


def _successors(packed: Packed) -> Packed:
    """Add one to 16-byte big-endian integers; the last address wraps to the first."""
    words = packed.view(">u8").reshape(-1, 2).astype(np.uint64)
    words[:, 1] += np.uint64(1)
    words[:, 0] += (words[:, 1] == 0).astype(np.uint64)
    return words.astype(">u8").view("S16").ravel()


_FIRST: Final = np.zeros(1, dtype="S16")


@dataclass(frozen=True, slots=True, eq=False)
class PeerAxis:
    """An order-preserving map from addresses of both families to int64.

    ``points`` are the sorted distinct IPv6 interval bounds, ``S16``: 16 bytes in network order, so that byte order is numeric order.
    An IPv6 coordinate is ``IPV6_BASE + rank``; the end of the address space is ``IPV6_BASE + len(points)``. Two tables can be
    compared only on the same axis; :meth:`merged` and :meth:`translate` bring them there.
    """

    points: Packed

    @classmethod
    def from_packed(cls, firsts: Packed, lasts: Packed) -> PeerAxis:
        """Build the axis on which closed IPv6 ranges (``S16`` arrays of equal length) have exact coordinates."""
        return cls(np.unique(np.concatenate([_FIRST, firsts, _successors(lasts)])))

    @classmethod
    def of(cls, networks: Iterable[Network]) -> PeerAxis:
        """Build the axis on which all these prefixes have exact coordinates; IPv4 prefixes need no place."""
        sixes = [network for network in networks if isinstance(network, IPv6Network)]
        return cls.from_packed(
            np.array([network.network_address.packed for network in sixes], dtype="S16"),
            np.array([network.broadcast_address.packed for network in sixes], dtype="S16"),
        )

    def merged(self, other: PeerAxis) -> PeerAxis:
        """Return the axis that is exact for everything on either."""
        return PeerAxis(np.union1d(self.points, other.points))

    @property
    def end(self) -> int:
        """The coordinate after the last IPv6 address."""
        return IPV6_BASE + len(self.points)

    def intervals6(self, firsts: Packed, lasts: Packed) -> tuple[Ints, Ints]:
        """Return ``[lo, hi)`` of closed IPv6 ranges, ``S16`` arrays. Raises ``ValueError`` for a bound that is not on the axis."""
        ends = _successors(lasts)
        lo = np.searchsorted(self.points, firsts)
        hi = np.where(ends == _FIRST, len(self.points), np.searchsorted(self.points, ends))
        last = len(self.points) - 1
        exact = (self.points[np.minimum(lo, last)] == firsts) & ((hi > last) | (self.points[np.minimum(hi, last)] == ends))
        if not exact.all():
            raise ValueError("an IPv6 range has a bound that this axis was not built with")
        return lo + IPV6_BASE, hi + IPV6_BASE

    def interval(self, network: Network) -> tuple[int, int]:
        """Return ``[lo, hi)`` of one prefix. Raises ``ValueError`` for an IPv6 prefix that the axis was not built with."""
        return self.interval_of_range(network.network_address, network.broadcast_address)

    def interval_of_range(self, first: Address, last: Address) -> tuple[int, int]:
        """Return ``[lo, hi)`` of the closed range from ``first`` to ``last``, of one family."""
        if isinstance(first, IPv4Address):
            return int(first), int(last) + 1
        lo, hi = self.intervals6(np.array([first.packed], dtype="S16"), np.array([last.packed], dtype="S16"))
        return int(lo[0]), int(hi[0])

    def locate(self, address: Address) -> int:
        """Return the coordinate of the cell that holds ``address``: it is in ``[lo, hi)`` exactly when ``lo <= locate < hi``."""
        if isinstance(address, IPv4Address):
            return int(address)
        return IPV6_BASE + int(np.searchsorted(self.points, np.array([address.packed], dtype="S16"), side="right")[0]) - 1

    def exact(self, coordinate: int) -> int:
        """Return the exact place on the peer axis (:func:`peer_point`) of a coordinate, which may be an interval's end."""
        if coordinate < IPV6_BASE:
            return int(coordinate)
        rank = int(coordinate) - IPV6_BASE
        if rank == len(self.points):
            return PEER_POINTS
        return IPV6_BASE + int.from_bytes(bytes(self.points[rank]).ljust(16, b"\0"), "big")

    def address(self, coordinate: int) -> Address:
        """Return the first address at a coordinate."""
        return peer_address(self.exact(coordinate))

    def widths(self, lo: Ints, hi: Ints) -> Floats:
        """Return how many addresses intervals hold, as float64; none may span both families."""
        words = np.vstack([self.points.view(">u8").reshape(-1, 2).astype(np.uint64), np.zeros((1, 2), dtype=np.uint64)])
        six = lo >= IPV6_BASE
        (high, low), (high_end, low_end) = (words[np.where(six, bound - IPV6_BASE, 0)].T for bound in (lo, hi))
        # Modulo 2^128, as the words are: only the whole space comes out as zero.
        borrow = (low_end < low).astype(np.uint64)
        wide = (high_end - high - borrow) * 2.0**64 + (low_end - low)
        return np.where(six, np.where((wide == 0) & (hi > lo), 2.0**128, wide), hi - lo)

    def translate(self, coordinates: Ints, target: PeerAxis) -> Ints:
        """Move coordinates from this axis to ``target``, which must hold all of this axis's points."""
        places = np.append(np.searchsorted(target.points, self.points), len(target.points)) + IPV6_BASE
        six = coordinates >= IPV6_BASE
        return np.where(six, places[np.where(six, coordinates - IPV6_BASE, 0)], coordinates)
