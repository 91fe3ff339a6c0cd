"""Addresses and prefixes as closed integer intervals: parsed once per distinct text, because parsing is what costs.

An interval is ``(family, first, last)`` with family 4 or 6 and both ends as Python integers (0 to 2**32 - 1, or 2**128 - 1).
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

Interval = tuple[int, int, int]
"""(family 4 | 6, first address, last address), both ends included."""

BITS = {4: 32, 6: 128}
_BYTES = {str(value): value for value in range(256)}
EVERYTHING: dict[int, Interval] = {4: (4, 0, 2**32 - 1), 6: (6, 0, 2**128 - 1)}


@lru_cache(maxsize=1 << 20)
def parse_prefix(text: str) -> Interval | None:
    """Parse an address or CIDR to its interval, ``None`` when it is neither.

    Host bits are dropped, as Neutron's drivers do (``normalized_cidr``; row 5 of the semantics).
    """
    address, slash, length = text.partition("/")
    family = 6 if ":" in address else 4
    bits = BITS[family]
    value = _ipv4(address) if family == 4 else _ipv6(address)  # noqa: PLR2004 - the family is its version number
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


def interval(text: str) -> Interval:
    """Parse text that was checked when the snapshot was read.

    Raises:
        ValueError: the text is no address; the snapshot was never checked.
    """
    parsed = parse_prefix(text)
    if parsed is None:
        message = f"not an address or prefix: {text!r}"
        raise ValueError(message)
    return parsed


def prefix_length(span: Interval) -> int:
    """Length of the prefix that covers exactly this interval."""
    family, first, last = span
    return BITS[family] - (last - first + 1).bit_length() + 1


def show_address(family: int, value: int) -> str:
    """Render an address as text."""
    return str(IPv4Address(value) if family == 4 else IPv6Address(value))  # noqa: PLR2004 - the family is its version number
