"""The text of packet sets: stable, minimal, and read back as the same set."""

from __future__ import annotations

import pytest
from hypothesis import given

from infra.packets.errors import PacketTextError
from infra.packets.packetset import PacketSet
from tests.fast.packets.strategies import packet_sets

STABLE = {
    "the empty set": "nothing",
    "the full set": "anything",
    "one port from a prefix": "tcp/443 from 10.0.0.0/24",
    "one address has no prefix length": "udp/53 from 10.0.0.2",
    "services with equal peers share a term": "tcp/22, tcp/8000-8080 from 10.0.0.0/24, 2001:db8::/64",
    "terms in the order of services": "icmp/8 from anywhere; tcp/443 from 10.0.0.0/8",
    "icmp code": "icmp/3:4 from 10.0.0.0/8",
    "icmp codes and types": "icmp/3:2-4, icmp/5-7 from 10.0.0.0/8",
    "range that is no prefix": "tcp/443 from 10.0.0.1-10.0.0.6",
    "whole family": "any from 0.0.0.0/0",
    "protocols without names": "protocol-99, protocols-200-210 from ::/0",
    "portless protocol": "gre from fd00::1",
}

EQUAL = {
    "order and repetition": ("tcp/443 from 10.0.0.1; tcp/22 from 10.0.0.1; tcp/22 from 10.0.0.1", "tcp/22, tcp/443 from 10.0.0.1"),
    "neighbouring ports join": ("tcp/1-5, tcp/6-9 from ::1", "tcp/1-9 from ::1"),
    "neighbouring prefixes join": ("tcp/1 from 10.0.0.0/25, 10.0.0.128/25", "tcp/1 from 10.0.0.0/24"),
    "the last address and the next family do not join": ("any from 255.255.255.255, ::", "any from 255.255.255.255, ::"),
    "to instead of from": ("tcp/1 to 10.0.0.1", "tcp/1 from 10.0.0.1"),
    "no peers is anywhere": ("tcp/1", "tcp/1 from anywhere"),
    "neutron's name of icmpv6": ("ipv6-icmp/128 from ::/0", "icmpv6/128 from ::/0"),
    "protocols side by side": ("tcp, protocol-7 from ::1", "protocols-6-7 from ::1"),
}

REFUSED = {
    "unknown protocol": "tpc/443 from ::1",
    "port beyond the header": "tcp/65536 from ::1",
    "reversed ports": "tcp/9-5 from ::1",
    "code of a port": "tcp/9:5 from ::1",
    "icmp type beyond the header": "icmp/256 from 10.0.0.1",
    "icmp code beyond the header": "icmp/3:256 from 10.0.0.1",
    "icmp nonsense": "icmp/- from 10.0.0.1",
    "ports of several protocols": "protocols-6-7/443 from ::1",
    "protocol beyond the header": "protocol-256 from ::1",
    "host bits": "tcp/1 from 10.0.0.1/24",
    "reversed addresses": "tcp/1 from 10.0.0.9-10.0.0.1",
    "a range across families": "tcp/1 from 10.0.0.1-::1",
    "no address": "tcp/1 from nobody",
    "nothing at all": "",
}


@pytest.mark.parametrize("text", STABLE.values(), ids=STABLE.keys())
def test_canonical_text_is_its_own_image(text: str) -> None:
    """Reading and writing returns the very text."""
    assert text == str(PacketSet.parse(text))


@pytest.mark.parametrize(("loose", "canonical"), EQUAL.values(), ids=EQUAL.keys())
def test_equal_meaning_has_equal_text(loose: str, canonical: str) -> None:
    """Looser ways to write a set come out in the one stable form."""
    assert canonical == str(PacketSet.parse(loose))


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_nonsense_is_refused_with_the_part_at_fault(text: str) -> None:
    """The error shows what was read and what would have been right."""
    with pytest.raises(PacketTextError, match=r"expected: .*\n  got: "):
        PacketSet.parse(text)


@given(packet_sets())
def test_text_and_set_determine_each_other(a: PacketSet) -> None:
    """Every set, both families and all protocols mixed, survives the way through text."""
    assert a == PacketSet.parse(str(a))


def test_egress_is_written_with_to() -> None:
    """The preposition is the reader's choice, the rest is the same."""
    assert PacketSet.parse("tcp/1 from 10.0.0.1").text("to") == "tcp/1 to 10.0.0.1"
