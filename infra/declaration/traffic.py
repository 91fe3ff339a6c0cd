"""What packets look like in a declaration: protocols, ports and ICMP types."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from infra.declaration.values import Port, refuse


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


def _port_range(value: object) -> object:
    """Read ``443`` and ``"8000-8010"``."""
    if isinstance(value, PortRange):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return {"first": value, "last": value}
    first, dash, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not first.strip().isdecimal() or (dash and not last.strip().isdecimal()):
        raise refuse("not a port", expected='a port such as 443, or a range such as "8000-8010"')
    return {"first": int(first), "last": int(last or first)}


class Declared(BaseModel):
    """Base of everything declared: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


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
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": "^[0-9]+(-[0-9]+)?$"},
            ]
        }
    ),
]


class IcmpMatch(Declared):
    """An ICMP type, optionally narrowed to one code (RFC 792, RFC 4443)."""

    type: Annotated[int, Field(ge=0, le=255)]
    """the ICMP type: 8 is IPv4's echo request, 128 IPv6's"""
    code: Annotated[int, Field(ge=0, le=255)] | None = None
    """one code of the type; every code when it is left out"""
