"""Addresses as closed ranges of integers, and sets of them: small exact sets for routing, where a handful of prefixes is the rule.

A range is ``(family, first, last)``, family 4 or 6, ends included; a set is sorted and disjoint. Each distinct text is parsed once, because
parsing is what costs. Sets that are large or have a layer-4 side are the business of :mod:`infra.packets`.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import TYPE_CHECKING, Final

from infra.declaration import reserved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Network

IPV4: Final = 4
_BEYOND = 1 << 129
"""More than any address."""

Range = tuple[int, int, int]
Ranges = tuple[Range, ...]

_BITS = {4: 32, 6: 128}
_BYTES = {str(value): value for value in range(256)}
EVERYTHING: dict[int, Range] = {family: (family, 0, 2**bits - 1) for family, bits in _BITS.items()}
"""Every address of a family."""

ANY: Ranges = tuple(EVERYTHING.values())
"""Every address of both families."""


@lru_cache(maxsize=1 << 20)
def parse_prefix(text: str) -> Range | None:
    """Parse an address or CIDR to its range, ``None`` when it is neither.

    Host bits are dropped, as Neutron's drivers do (``normalized_cidr``; row 5 of the semantics).
    """
    address, slash, length = text.partition("/")
    family = 6 if ":" in address else 4
    bits = _BITS[family]
    value = _ipv4(address) if family == IPV4 else _ipv6(address)
    if value is None or (slash and not (length.isascii() and length.isdigit())):
        return None
    prefix = int(length) if slash else bits
    if prefix > bits:
        return None
    size = 1 << (bits - prefix)
    first = value & ~(size - 1)
    return family, first, first + size - 1


def _ipv4(text: str) -> int | None:
    """Parse four decimal numbers; quicker than :mod:`ipaddress`, as strict: no leading zeros, no signs."""
    try:
        first, second, third, fourth = map(_BYTES.__getitem__, text.split("."))
    except (KeyError, ValueError):
        return None
    return first << 24 | second << 16 | third << 8 | fourth


def _ipv6(text: str) -> int | None:
    try:
        return int(IPv6Address(text)) if "%" not in text else None
    except ValueError:
        return None


def range_of(text: str) -> Range:
    """Parse text that was checked when the snapshot was read.

    Raises:
        ValueError: the text is no address; the snapshot was never checked.
    """
    parsed = parse_prefix(text)
    if parsed is None:
        message = f"not an address or prefix: {text!r}"
        raise ValueError(message)
    return parsed


def normal(ranges: Iterable[Range]) -> Ranges:
    """Return the same set, sorted, with overlapping and touching ranges merged."""
    ordered = sorted(ranges)
    if len(ordered) <= 1:  # nearly always: one address, or one subnet
        return tuple(ordered)
    merged: list[Range] = []
    for family, first, last in ordered:
        if merged and merged[-1][0] == family and first <= merged[-1][2] + 1:
            if last > merged[-1][2]:
                merged[-1] = (family, merged[-1][1], last)
        else:
            merged.append((family, first, last))
    return tuple(merged)


def intersection(left: Iterable[Range], right: Ranges) -> Ranges:
    """Return what is in both."""
    found = [
        (family, max(first, other_first), min(last, other_last))
        for family, first, last in left
        for other, other_first, other_last in right
        if family == other and first <= other_last and other_first <= last
    ]
    return normal(found) if len(found) > 1 else tuple(found)


def touches(left: Ranges, right: Ranges) -> bool:
    """Tell whether two sets share an address: cheaper than asking which."""
    for family, first, last in left:
        for other, other_first, other_last in right:
            if other_first <= last and first <= other_last and family == other:
                return True
    return False


def touches_one(span: Range, right: Ranges) -> bool:
    """Tell whether one range shares an address with a normal set, however many ranges that has."""
    place = bisect_right(right, (span[0], span[2], _BEYOND))
    return bool(place) and right[place - 1][0] == span[0] and right[place - 1][2] >= span[1]


def covers_one(outer: Ranges, span: Range) -> bool:
    """Tell whether one range is a subset of a normal set, however many ranges that has."""
    place = bisect_right(outer, (span[0], span[1], _BEYOND))
    return bool(place) and outer[place - 1][0] == span[0] and outer[place - 1][2] >= span[2]


def difference(left: Ranges, right: Ranges) -> Ranges:
    """Return what is in ``left`` and not in ``right``."""
    rest: list[Range] = []
    for family, first, last in left:
        start = first
        for other, other_first, other_last in right:
            if other != family or other_last < start or other_first > last:
                continue
            if other_first > start:
                rest.append((family, start, other_first - 1))
            start = other_last + 1
        if start <= last:
            rest.append((family, start, last))
    return tuple(rest)


def of(networks: Iterable[Network]) -> Ranges:
    """Return the addresses of prefixes."""
    return normal((network.version, int(network.network_address), int(network.broadcast_address)) for network in networks)


PRIVATE: Ranges = of((*reserved.PRIVATE, *reserved.LINK_LOCAL))
"""Addresses that the networks outside do not route: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 link-local."""

_NOBODYS: Ranges = of(network for network in reserved.NEVER_FORWARDED if network not in reserved.LINK_LOCAL)

SPECIAL: Ranges = normal((*(span for span in _NOBODYS if span[0] == IPV4), *difference(ANY[1:], of((reserved.GLOBAL_UNICAST6,)))))
"""Addresses that no server outside has: RFC 6890 (this network, loopback, multicast, reserved); beyond global unicast (RFC 4291)."""

NEVER_ROUTED: Ranges = normal((*_NOBODYS, *(span for span in of(reserved.LINK_LOCAL) if span[0] != IPV4)))
"""Sources with which no router passes a packet on: the same of IPv4, and loopback, link-local and multicast of IPv6."""

GLOBAL: Ranges = difference(difference(ANY, PRIVATE), SPECIAL)
"""Every address that the networks outside route to a server: the word ``outside``, see :mod:`infra.declaration.reserved`."""


def covers(outer: Ranges, inner: Ranges) -> bool:
    """Tell whether ``inner`` is a subset of ``outer``."""
    return outer is ANY or not difference(inner, outer)


def show(ranges: Ranges) -> list[str]:
    """Render as the fewest prefixes, sorted."""
    prefixes: list[str] = []
    for family, first, last in ranges:
        kind = IPv4Address if family == 4 else IPv6Address  # noqa: PLR2004 - the family is its version number
        prefixes.extend(map(str, summarize_address_range(kind(first), kind(last))))
    return prefixes


def show_address(family: int, value: int) -> str:
    """Render one address."""
    return str(IPv4Address(value) if family == 4 else IPv6Address(value))  # noqa: PLR2004 - the family is its version number
