"""Errors of the packet algebra."""

from __future__ import annotations

from infra.errors import RingfenceError


class PacketTextError(RingfenceError, ValueError):
    """A text does not describe a set of packets; the message shows the offending part and the expected form."""


class ComplexityError(RingfenceError, OverflowError):
    """Rules cut the packet space into more cells than the sweep is willing to visit; nothing was decided about them."""
