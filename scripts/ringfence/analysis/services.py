"""How a service is written on the command line: as packets are written everywhere, and types of ICMP by their names as well."""

from __future__ import annotations

from infra.errors import QuestionError
from infra.packets.errors import PacketTextError
from infra.packets.text import parse_l4
from infra.queries.answers import AskedService

ICMP = {
    "echo-reply": 0, "destination-unreachable": 3, "redirect": 5, "echo-request": 8, "router-advertisement": 9, "router-solicitation": 10,
    "time-exceeded": 11, "parameter-problem": 12, "timestamp-request": 13, "timestamp-reply": 14,
}  # fmt: skip
ICMPV6 = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128, "echo-reply": 129,
    "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137,
}  # fmt: skip
"""Types by the names that nftables has for them."""
TYPES = {"icmp": ICMP, "icmpv6": ICMPV6, "ipv6-icmp": ICMPV6}
EXAMPLES = "tcp/443, udp/5000-5010, icmp/8, icmp/echo-request, icmp/3:1, gre, protocol-99 or any"


def service(text: str) -> AskedService:
    """Read ``tcp/443``, ``udp/5000-5010``, ``icmp/8``, ``icmpv6/echo-request``, ``icmp/3:1``, ``gre``. Raises :class:`QuestionError`."""
    protocol, slash, detail = text.partition("/")
    types = TYPES.get(protocol, {})
    kind, _, code = detail.partition("/")
    number = str(types.get(kind, kind))
    plain = f"{protocol}{slash}{number}{f':{code}' if types and code else detail.removeprefix(kind)}"
    try:
        lo, hi = parse_l4(plain)
    except PacketTextError as error:
        named = f"; or a type by its name: {', '.join(types)}" if types else ""
        said = error.problems[0].expected
        expected = f"{EXAMPLES if said.startswith('a service') else said}{named}"
        raise QuestionError.of("this is no service", where=text, expected=expected, hint=f"write it as {EXAMPLES}") from error
    return AskedService(lo, hi, text)
