"""What packets look like in a declaration: protocols, ports and ICMP types."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from infra.declaration.values import Port, Whole, refuse


class Protocol(StrEnum):
    """Protocols that a flow may name; ``icmp`` is IPv4's, ``icmpv6`` IPv6's."""

    TCP = "tcp"
    UDP = "udp"
    SCTP = "sctp"
    ICMP = "icmp"
    ICMPV6 = "icmpv6"
    ESP = "esp"
    AH = "ah"
    GRE = "gre"

    @property
    def number(self) -> int:
        """The protocol's number in the IP header (IANA protocol numbers)."""
        return {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58, "esp": 50, "ah": 51, "gre": 47}[self.value]

    @property
    def has_ports(self) -> bool:
        """Whether the protocol's packets carry port numbers."""
        return self in {Protocol.TCP, Protocol.UDP, Protocol.SCTP}

    @property
    def has_types(self) -> bool:
        """Whether the protocol's packets carry an ICMP type and code."""
        return self in {Protocol.ICMP, Protocol.ICMPV6}


_RANGE: Final = re.compile(r"([1-9][0-9]{0,4})(?: ?- ?([1-9][0-9]{0,4}))?")
PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
"""A port as a pattern."""
LAST_PORT = 65535


def _port_range(value: object) -> object:
    """Read ``443`` and ``8000-8010``."""
    if isinstance(value, PortRange):
        return value
    # Digits of other scripts are digits to Python, too, and a leading zero is octal to some.
    written = _RANGE.fullmatch(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    first, last = (int(written[1]), int(written[2] or written[1])) if written else (0, 0)
    if not written or max(first, last) > LAST_PORT:
        raise refuse("not a port", expected=f"a port from 1 to {LAST_PORT} such as 443, or a range such as 8000-8010")
    if first > last:
        raise refuse("the port range is inverted", expected=f"{last}-{first}")
    return {"first": first, "last": last}


class Declared(BaseModel):
    """Base of everything declared: frozen, and unknown keys are mistakes. A model is made ready when something is judged by it first."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class PortRange(Declared):
    """A closed range of ports, 1 to 65535."""

    first: Port
    last: Port

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise refuse("the port range is inverted", expected=f"{self.last}-{self.first}")
        return self

    def overlaps(self, other: PortRange) -> bool:
        """Whether a port is in both ranges."""
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        """Render as a person writes it: ``443`` or ``8000-8010``."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


PortOrRange = Annotated[
    PortRange,
    BeforeValidator(_port_range),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": LAST_PORT},
                {"type": "string", "pattern": f"^{PORT}( ?- ?{PORT})?$"},
            ]
        }
    ),
]


class IcmpMatch(Declared):
    """An ICMP type, optionally narrowed to one code (RFC 792, RFC 4443)."""

    type: Annotated[Whole, Field(ge=0, le=255)]
    """the ICMP type: 8 is IPv4's echo request, 128 IPv6's"""
    code: Annotated[Whole, Field(ge=0, le=255)] | None = None
    """one code of the type; every code when it is left out"""
