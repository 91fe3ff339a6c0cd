"""The smallest words of a declaration: prefixes, names, texts, days and numbers, each with the error of a wrong one."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Callable

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

INTERNET = "internet"
"""The endpoint that stands for every address outside the tenant's own."""

GATEWAY = 1
"""The host number of a zone's gateway, in IPv4 and IPv6."""


IPV4, IPV6 = 4, 6
A_NAME = "up to 31 lower-case letters, digits and hyphens; a letter first, no hyphen last"
A_DAY = "a day, such as 2027-12-31"

_PREFIX: Final = re.compile(r"([0-9.]+|[0-9a-fA-F:]+)/(0|[1-9][0-9]{0,2})")
_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})( 00:00:00 \+0000 UTC)?")


def refuse(what: str, *, expected: str, hint: str = "") -> PydanticCustomError:
    """Build the error of a field: what is wrong, what is expected, and what to do next."""
    # The texts travel in the context: the template would read braces in them as fields.
    return PydanticCustomError("refused", "{what}", {"what": what, "expected": expected, "hint": hint})


def _prefix(family: int) -> Callable[[object], Network]:
    """Return the reader of prefixes of one family, 4 or 6, or of any family: 0."""
    what = f"an IPv{family} prefix" if family else "a prefix"
    example = "such as 10.0.0.0/24" if family != IPV6 else "such as fd00:9:10::/64"
    expected = f"{what} with its length, {example}"

    def read(value: object) -> Network:
        if isinstance(value, IPv4Network | IPv6Network) and family in {0, value.version}:
            return value
        # A bare address would be read as a prefix of one, and what follows the slash as a netmask or a hostmask.
        if not isinstance(value, str) or not _PREFIX.fullmatch(value):
            raise refuse(f"not {what}", expected=expected, hint=_about_prefix(value))
        try:
            network = ip_network(value, strict=False)
        except ValueError as error:
            raise refuse(f"not {what}", expected=expected) from error
        if family not in {0, network.version}:
            raise refuse(f"not {what}", expected=expected, hint=f"this one is IPv{network.version}")
        if network.network_address != ip_address(value.partition("/")[0]):
            raise refuse("the prefix has host bits set", expected=str(network))
        return network

    return read


def _about_prefix(value: object) -> str:
    """Say what to do about something that is written in place of a prefix."""
    if not isinstance(value, str):
        return ""
    address, slash, length = value.partition("/")
    if "%" in address:
        return "leave the scope (%...) out: it means something on one machine only"
    if slash and ("." in length or ":" in length):
        return "write the prefix length after the slash, not a netmask"
    if "." in address and ":" in address:
        return "write all of an IPv6 prefix in hexadecimal groups"
    return "" if slash else "write the prefix length after a slash: /32 or /128 for a single address"


def _day(value: object) -> date:
    """Read a day in the form that ISO 8601 and this manual write it in, and in no other.

    The engine writes the file anew at ``pulumi stack init`` and turns a day without quotes into the text of a point in time.
    """
    if type(value) is date:
        return value
    written = _DAY.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise refuse("not a day", expected=A_DAY, hint=_about_day(value))
    try:
        return date.fromisoformat(written[1])
    except ValueError as error:
        raise refuse("there is no such day", expected=A_DAY) from error


def _about_day(value: object) -> str:
    """Say what to do about something that is written in place of a day."""
    if not isinstance(value, str) or not _DAY.match(value.strip()):
        return "write year, month and day in digits, with hyphens"
    return "leave the spaces around it out" if _DAY.fullmatch(value.strip()) else "a day has neither a time nor a zone"


def _address4(value: object) -> IPv4Address:
    """Read one IPv4 address, as people write it; a prefix or a name is none."""
    if isinstance(value, IPv4Address):
        return value
    if not isinstance(value, str) or not re.fullmatch(ADDRESS4, value):
        hint = "the management network has IPv4 only" if isinstance(value, str) and ":" in value else ""
        raise refuse("not an IPv4 address", expected="an address such as 198.51.100.4", hint=hint)
    return IPv4Address(value)


def written_as(pattern: str, what: str, expected: str) -> AfterValidator:
    """Return the check of a text that has a form of its own; :func:`texts` is the same for the schema."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refuse(f"not {what}", expected=expected)
        return value

    return AfterValidator(check)


def _not_the_gateway(number: int) -> int:
    """Keep servers off the network's own number and the gateway's."""
    if number <= GATEWAY:
        raise refuse("the host number is taken", expected=f"{GATEWAY + 1} or more: {GATEWAY} is the gateway, 0 the network")
    return number


def texts(pattern: str) -> WithJsonSchema:
    """Return the schema of a value that is written as text."""
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})


_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
ADDRESS4: Final = rf"{_BYTE}(\.{_BYTE}){{3}}"
_PATTERN4 = rf"{ADDRESS4}/(3[0-2]|[12]?[0-9])"
_GROUP = "[0-9a-fA-F]{1,4}"
_GROUPS = (
    f"({_GROUP}:){{7}}{_GROUP}",
    f"({_GROUP}:){{1,7}}:",
    *(f"({_GROUP}:){{1,{7 - after}}}(:{_GROUP}){{1,{after}}}" for after in range(1, 7)),
    f":(:{_GROUP}){{1,7}}",
    "::",
)
_PATTERN6 = rf"({'|'.join(_GROUPS)})/(12[0-8]|1[01][0-9]|[1-9]?[0-9])"
_MONTHS = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9])"

Address4 = Annotated[IPv4Address, PlainValidator(_address4), texts(ADDRESS4)]
Prefix4 = Annotated[IPv4Network, PlainValidator(_prefix(IPV4)), texts(_PATTERN4)]
Prefix6 = Annotated[IPv6Network, PlainValidator(_prefix(IPV6)), texts(_PATTERN6)]
Prefix = Annotated[IPv4Network | IPv6Network, PlainValidator(_prefix(0)), texts(f"{_PATTERN4}|{_PATTERN6}")]
Day = Annotated[date, PlainValidator(_day), texts(rf"[0-9]{{4}}-({_MONTHS})( 00:00:00 \+0000 UTC)?")]
NAME = r"^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
"""1 to 31 characters: two of them and a hyphen fit into a host name's 63 (RFC 1123)."""
WORD, TEXT = r"^\s*\S([\s\S]{0,198}\S)?\s*$", r"^\s*\S[\s\S]{1,198}\S\s*$"
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Field(json_schema_extra={"pattern": WORD})]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200), Field(json_schema_extra={"pattern": TEXT})]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Whole = Annotated[int, Field(strict=True)]
"""A number as it is written in decimal digits; a text, a truth value or a fraction is none."""
HostNumber = Annotated[Whole, Field(le=2**16, json_schema_extra={"minimum": GATEWAY + 1}), AfterValidator(_not_the_gateway)]
"""A server's place in a zone: network address + number, the same number in IPv4 and IPv6; 1 is the zone's gateway."""
