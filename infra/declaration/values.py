"""The smallest words of a declaration: prefixes, names, texts, days and numbers, each with the error of a wrong one."""

from __future__ import annotations

from datetime import date, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

INTERNET = "internet"
"""The endpoint that stands for every address outside the tenant's own."""

GATEWAY = 1
"""The host number of a zone's gateway, in IPv4 and IPv6."""


def refuse(what: str, *, expected: str, hint: str = "") -> PydanticCustomError:
    """Build the error of a field: what is wrong, what is expected, and what to do next."""
    # The texts travel in the context: the template would read braces in them as fields.
    return PydanticCustomError("refused", "{what}", {"what": what, "expected": expected, "hint": hint})


def _prefix(value: object) -> object:
    """Hold a prefix to text with a length: a bare number or address would be read as a prefix of one address."""
    if not isinstance(value, str) or "/" not in value:
        raise refuse("not a prefix", expected="a prefix in quotes or plain, such as 10.0.0.0/24")
    try:
        ip_network(value)
    except ValueError as error:
        expected = "a prefix such as 10.0.0.0/24"
        if "host bits" in str(error):
            raise refuse("the prefix has host bits set", expected=str(ip_network(value, strict=False))) from error
        raise refuse("not a prefix", expected=expected) from error
    return value


def _iso_date(value: object) -> object:
    """Hold a date to ISO 8601: pydantic alone would read a number as seconds since 1970.

    The engine writes the file anew at ``pulumi stack init`` and turns a date without quotes into the text of a point in time.
    """
    if isinstance(value, str):
        return value.removesuffix(" 00:00:00 +0000 UTC")
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise refuse("not a date", expected="a day, such as 2027-12-31")
    return value


def _not_the_gateway(number: int) -> int:
    """Keep servers off the network's own number and the gateway's."""
    if number <= GATEWAY:
        raise refuse("the host number is taken", expected=f"{GATEWAY + 1} or more: {GATEWAY} is the gateway, 0 the network")
    return number


Prefix4 = Annotated[IPv4Network, BeforeValidator(_prefix)]
Prefix6 = Annotated[IPv6Network, BeforeValidator(_prefix)]
Prefix = Annotated[IPv4Network | IPv6Network, BeforeValidator(_prefix)]
Day = Annotated[date, BeforeValidator(_iso_date)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$")]
"""1 to 31 characters: two of them and a hyphen fit into a host name's 63 (RFC 1123)."""
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
Port = Annotated[int, Field(ge=1, le=65535)]
HostNumber = Annotated[int, Field(le=2**16, json_schema_extra={"minimum": GATEWAY + 1}), AfterValidator(_not_the_gateway)]
"""A server's place in a zone: network address + number, the same number in IPv4 and IPv6; 1 is the zone's gateway."""
