"""The words of a policy: what a match admits and how it reads."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from infra.declaration.model import PortRange, Protocol
from infra.policy.flows import merged
from infra.policy.rules import Match
from infra.render.expectation import Packet

ADMITS: dict[str, tuple[Match, tuple[Protocol, int | None, int | None], bool]] = {
    "the port itself": (Match(Protocol.TCP, 443, 443), (Protocol.TCP, 443, None), True),
    "the port below": (Match(Protocol.TCP, 443, 443), (Protocol.TCP, 442, None), False),
    "the port above": (Match(Protocol.TCP, 443, 443), (Protocol.TCP, 444, None), False),
    "the first port of a range": (Match(Protocol.UDP, 10, 20), (Protocol.UDP, 10, None), True),
    "the last port of a range": (Match(Protocol.UDP, 10, 20), (Protocol.UDP, 20, None), True),
    "another protocol": (Match(Protocol.UDP, 10, 20), (Protocol.TCP, 10, None), False),
    "no port where one is asked for": (Match(Protocol.UDP, 10, 20), (Protocol.UDP, None, None), False),
    "a protocol without ports": (Match(Protocol.ESP), (Protocol.ESP, None, None), True),
    "every ICMP type": (Match(Protocol.ICMP), (Protocol.ICMP, 13, 0), True),
    "the ICMP type with any code": (Match(Protocol.ICMP, 8), (Protocol.ICMP, 8, 3), True),
    "another ICMP type": (Match(Protocol.ICMP, 8), (Protocol.ICMP, 13, 0), False),
    "the ICMP code": (Match(Protocol.ICMP, 8, 1), (Protocol.ICMP, 8, 1), True),
    "another ICMP code": (Match(Protocol.ICMP, 8, 1), (Protocol.ICMP, 8, 0), False),
}


@pytest.mark.parametrize("name", ADMITS)
def test_a_match_admits_what_it_says(name: str) -> None:
    """Ports are closed ranges, and an ICMP type without a code is every code of that type."""
    match, packet, expected = ADMITS[name]
    assert match.admits(*packet) is expected


@pytest.mark.parametrize(
    ("match", "text"),
    [
        (Match(Protocol.TCP, 443, 443), "tcp 443"),
        (Match(Protocol.UDP, 10, 20), "udp 10-20"),
        (Match(Protocol.ESP), "esp"),
        (Match(Protocol.ICMP, 8), "icmp type 8"),
        (Match(Protocol.ICMPV6, 128, 1), "icmpv6 type 128 code 1"),
    ],
)
def test_a_match_reads_as_people_say_it(match: Match, text: str) -> None:
    """Reports and names show protocol and ports in one way."""
    assert str(match) == text


def test_port_ranges_that_touch_are_one() -> None:
    """Neighbouring and overlapping ranges come out as the fewest rules."""
    ranges = [PortRange(first=first, last=last) for first, last in ((9, 9), (1, 3), (4, 5), (2, 2), (7, 8))]
    assert [str(one) for one in merged(ranges)] == ["1-5", "7-9"]


def test_a_packet_is_of_one_family() -> None:
    """No host could send a packet from an IPv4 to an IPv6 address."""
    with pytest.raises(ValueError, match="two address families"):
        Packet(ip_address("10.0.0.1"), ip_address("fd00::1"), Protocol.TCP, 80)
