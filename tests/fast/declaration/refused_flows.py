"""What a flow may not say: for each case one change to a right declaration, and all that must be said about it."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from tests.fast.declaration.declared import ABSENT, flow


class Refused(NamedTuple):
    """A change (dotted key path -> value) and the mistakes it makes: key path, what, and a part of what is expected or said next."""

    changes: dict[str, Any]
    mistakes: tuple[tuple[str, str, str], ...]


def one(changes: dict[str, Any], path: str, what: str, expected: str = "") -> Refused:
    """Return a case with a single mistake."""
    return Refused(changes, ((path, what, expected),))


EXTRA = "flows.extra"

FLOWS: dict[str, Refused] = {
    "an unknown source": one({"flows.sql.from": "ap"}, "flows.sql.from", "unknown endpoint", "did you mean app?"),
    "an unknown destination": one({"flows.sql.to": "10.0.0.5"}, "flows.sql.to", "unknown endpoint", "declared as an external"),
    "a flow to the bastion": one(
        {EXTRA: flow("web", "bastion", ports=[80])}, f"{EXTRA}.to", "unknown endpoint", "management is not reached by flows"
    ),
    "ports are inverted": one({"flows.sql.ports": ["20-10"]}, "flows.sql.ports[0]", "the port range is inverted", "10-20"),
    "a port is out of range": one({"flows.sql.ports": [70000]}, "flows.sql.ports[0]", "not a port", "1 to 65535"),
    "a port is zero": one({"flows.sql.ports": [0]}, "flows.sql.ports[0]", "not a port", "1 to 65535"),
    "a port is a word": one({"flows.sql.ports": ["https"]}, "flows.sql.ports[0]", "not a port", "8000-8010"),
    "a port is true": one({"flows.sql.ports": [True]}, "flows.sql.ports[0]", "true or false", "quotes"),
    "ports are not a list": one({"flows.sql.ports": 443}, "flows.sql.ports", "not a list", "a list of ports"),
    "ports on a protocol without ports": one({EXTRA: flow("app", "db", "esp", ports=[500])}, f"{EXTRA}.ports", "esp has no ports"),
    "ports on ICMP": one({EXTRA: flow("app", "db", "icmp", ports=[8])}, f"{EXTRA}.ports", "icmp has no ports"),
    "no ports on TCP": one({EXTRA: flow("app", "db")}, f"{EXTRA}.ports", "a tcp flow names its ports", "[443]"),
    "an ICMP type on TCP": one({EXTRA: flow("app", "db", ports=[80], icmp={"type": 8})}, f"{EXTRA}.icmp", "tcp has no ICMP type"),
    "an ICMP code without a type": one({EXTRA: flow("app", "db", "icmp", icmp={"code": 3})}, f"{EXTRA}.icmp.type", "type is missing"),
    "an ICMP type out of range": one(
        {EXTRA: flow("app", "db", "icmp", icmp={"type": 256})}, f"{EXTRA}.icmp.type", "the number is too large", "255 or less"
    ),
    "an ICMP type that cannot be asked for": one(
        {EXTRA: flow("app", "db", "icmp", icmp={"type": 0})}, f"{EXTRA}.icmp.type", "type 0 cannot be asked for"
    ),
    "an ICMP code that cannot be asked for": one(
        {EXTRA: flow("app", "db", "icmp", icmp={"type": 8, "code": 0})},
        f"{EXTRA}.icmp.code",
        "code 0 cannot be told from every code",
        "leave the code out",
    ),
    "an ICMP error as a flow": one(
        {EXTRA: flow("app", "db", "icmp", icmp={"type": 3})}, f"{EXTRA}.icmp.type", "no flow may name this ICMP type"
    ),
    "neighbour discovery as a flow": one(
        {EXTRA: flow("web", "both", "icmpv6", icmp={"type": 135})}, f"{EXTRA}.icmp.type", "no flow may name this ICMP type"
    ),
    "an unknown protocol": one({"flows.sql.protocol": "tpc"}, "flows.sql.protocol", "not one of the known values", "tcp"),
    "ICMPv6 to a zone without IPv6": one({EXTRA: flow("web", "data", "icmpv6")}, EXTRA, "mixed address families", "one address family"),
    "ends without a common family": one(
        {"externals.six": {"cidrs": ["2001:db8::/32"]}, EXTRA: flow("db", "six", ports=[80])}, EXTRA, "mixed address families"
    ),
    "a duplicate flow": one(
        {EXTRA: flow("app", "db", ports=[5432], owner="shop team")}, EXTRA, "the flow allows again what flow sql allows"
    ),
    "a flow that allows a part again": one(
        {EXTRA: flow("app", "db", ports=["5000-6000"], owner="shop team")}, EXTRA, "the flow allows again what flow sql allows"
    )._replace(
        mistakes=(
            (EXTRA, "the flow allows again what flow sql allows", ""),
            (f"{EXTRA}.ports[0]", "no flow may open a management port", ""),
        )
    ),
    "an ICMP flow that allows a part again": one(
        {"flows.ping": flow("app", "db", "icmp"), EXTRA: flow("app", "db", "icmp", icmp={"type": 8})},
        EXTRA,
        "the flow allows again what flow ping allows",
    ),
    "the same flow with another owner": one({EXTRA: flow("app", "db", ports=[5432])}, EXTRA, "the flow contradicts flow sql", "shop team"),
    "the same flow with another expiry": one(
        {EXTRA: flow("app", "db", ports=[5432], owner="shop team", expires=date(2027, 1, 1))}, EXTRA, "the flow contradicts flow sql"
    ),
    "an expiry that a wider flow makes void": one(
        {EXTRA: flow("web", "db", ports=[5432], expires=date(2027, 1, 1))},
        f"{EXTRA}.expires",
        "the expiry contradicts flow sql",
        "for good",
    )._replace(mistakes=((f"{EXTRA}.expires", "the expiry contradicts flow sql, which allows the same packets for good", ""),)),
    "an expiry that a flow for everybody outside makes void": one(
        {EXTRA: flow("partner", "web", ports=[443], expires=date(2027, 1, 1))}, f"{EXTRA}.expires", "the expiry contradicts flow shop"
    ),
    "an ICMP expiry that a wider flow makes void": one(
        {"flows.ping": flow("app", "db", "icmp"), EXTRA: flow("web", "db", "icmp", icmp={"type": 8}, expires=date(2027, 1, 1))},
        f"{EXTRA}.expires",
        "the expiry contradicts flow ping",
    ),
    "a port twice in one flow": one(
        {"flows.sql.ports": [5432, "5430-5433"]}, "flows.sql.ports[1]", "the ports overlap 5432 in the same flow"
    ),
    "an expiry that is a number": one({"flows.sql.expires": 2027}, "flows.sql.expires", "not a day", "2027-12-31"),
    "an expiry that is a word": one({"flows.sql.expires": "soon"}, "flows.sql.expires", "not a day", "2027-12-31"),
    "a flow without a reason": one({"flows.sql.reason": ABSENT}, "flows.sql.reason", "reason is missing"),
    "a flow without an owner": one({"flows.sql.owner": ABSENT}, "flows.sql.owner", "owner is missing"),
    "a flow with an empty reason": one({"flows.sql.reason": "  "}, "flows.sql.reason", "the text is blank", "3 characters"),
    "SSH from a zone": one({EXTRA: flow("app", "data", ports=[22])}, f"{EXTRA}.ports[0]", "no flow may open a management port", "22"),
    "SSH from a server": one({EXTRA: flow("web", "db", ports=[22])}, f"{EXTRA}.ports[0]", "no flow may open a management port"),
    "SSH from the internet": one({EXTRA: flow("internet", "web", ports=[22])}, f"{EXTRA}.ports[0]", "no flow may open a management port"),
    "SSH within a range": one({EXTRA: flow("internet", "web", ports=["20-25"])}, f"{EXTRA}.ports[0]", "no flow may open a management port"),
    "remote desktop from the internet": one(
        {EXTRA: flow("internet", "web", ports=[443, 3389])}, f"{EXTRA}.ports[1]", "no flow may open a management port", "3389"
    )._replace(
        mistakes=((EXTRA, "the flow contradicts flow shop", ""), (f"{EXTRA}.ports[1]", "no flow may open a management port", "3389"))
    ),
    "remote desktop over UDP": one(
        {EXTRA: flow("partner", "web", "udp", ports=[3389])}, f"{EXTRA}.ports[0]", "no flow may open a management port"
    ),
    "any to any": Refused(
        {EXTRA: flow("any", "any", ports=[80])},
        (
            (f"{EXTRA}.from", "a flow from or to anything is refused", ""),
            (f"{EXTRA}.to", "a flow from or to anything is refused", "say who is meant"),
        ),
    ),
    "every address to a server": one(
        {EXTRA: flow("0.0.0.0/0", "web", ports=[80])}, f"{EXTRA}.from", "a flow from or to anything is refused"
    ),
    "the internet to itself": one({EXTRA: flow("internet", "internet", ports=[80])}, EXTRA, "any-to-any: neither end is in the tenant"),
    "an external to the internet": one({EXTRA: flow("partner", "internet", ports=[80])}, EXTRA, "any-to-any: neither end is in the tenant"),
    "a server to itself": one({EXTRA: flow("web", "web", ports=[80])}, f"{EXTRA}.to", "a server needs no flow to itself"),
}
