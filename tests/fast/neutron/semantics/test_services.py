"""Rows 1 to 6 of the semantics: what a rule's protocol and ports mean, and what each driver makes of them."""

from __future__ import annotations

import pytest

from infra.neutron.semantics.services import Driver, NotAcceptedError, Service, Span, enforced, intended

pytestmark = pytest.mark.fast

EVERYTHING = Span(0, 1 << 24)
OVN, OVS, IPTABLES = Driver.OVN, Driver.OVS, Driver.IPTABLES_HYBRID


def protocol(number: int, first: int = 0, last: int = 65535) -> Span:
    """Return points ``first`` to ``last`` of a protocol."""
    return Span((number << 16) + first, (number << 16) + last + 1)


def icmp(number: int, kind: int, code: int | None = None) -> Span:
    """Return an ICMP type, or one code of it."""
    return protocol(number, kind << 8, (kind << 8) + 255) if code is None else protocol(number, (kind << 8) + code, (kind << 8) + code)


INTENDED = {
    "row 3: null is every protocol": (Service(4, None, None, None), EVERYTHING),
    "row 3: any is every protocol": (Service(4, "any", None, None), EVERYTHING),
    "row 3: 0 is one protocol": (Service(4, "0", None, None), protocol(0)),
    "row 1: an ICMP type": (Service(4, "icmp", 8, None), icmp(1, 8)),
    "row 1: an ICMP type and code": (Service(4, "icmp", 3, 4), icmp(1, 3, 4)),
    "row 1: ICMP type 0, the echo reply": (Service(4, "1", 0, 0), icmp(1, 0, 0)),
    "row 2: icmp in an IPv6 rule is ICMPv6": (Service(6, "icmp", 128, None), icmp(58, 128)),
    "row 2: 1 in an IPv6 rule is ICMPv6": (Service(6, "1", None, None), protocol(58)),
    "row 2: the legacy name": (Service(6, "icmpv6", 135, 0), icmp(58, 135, 0)),
    "row 5: one port": (Service(4, "tcp", 22, 22), protocol(6, 22, 22)),
    "row 5: a protocol by number": (Service(6, "17", 53, 54), protocol(17, 53, 54)),
    "row 5: 1 to 65535 is stored as all, port 0 too": (Service(4, "tcp", 1, 65535), protocol(6)),
    "row 4: what the API says of DCCP": (Service(4, "dccp", 5000, 5001), protocol(33, 5000, 5001)),
    "a protocol without ports": (Service(4, "112", None, None), protocol(112)),
}

REFUSED = {
    "row 1: a code without a type": Service(4, "icmp", None, 3),
    "a digit that is no number": Service(4, "²", None, None),
    "digits of another script": Service(4, "٦", None, None),
    "row 1: a type beyond 255": Service(4, "icmp", 256, None),
    "row 1: a code beyond 255": Service(4, "icmp", 3, 256),
    "row 2: ICMPv6 in an IPv4 rule": Service(4, "ipv6-icmp", None, None),
    "row 2: number 58 in an IPv4 rule": Service(4, "58", None, None),
    "row 5: port 0": Service(4, "tcp", 0, 10),
    "row 5: the first port alone": Service(4, "tcp", 22, None),
    "row 5: a range upside down": Service(4, "udp", 20, 10),
    "row 5: a port beyond 65535": Service(4, "udp", 20, 65536),
    "ports without a protocol": Service(4, None, 1, 2),
    "ports of a protocol without ports": Service(4, "gre", 1, 2),
    "a protocol beyond 255": Service(4, "256", None, None),
    "a name that is none": Service(4, "tpc", None, None),
    "a negative number": Service(4, "-1", None, None),
}

ENFORCED = {
    "row 3: iptables leaves -p out for 0": (IPTABLES, Service(4, "0", None, None), EVERYTHING),
    "row 3: iptables, 0 by its name": (IPTABLES, Service(4, "ip", None, None), EVERYTHING),
    "row 3: OVN matches ip.proto == 0": (OVN, Service(4, "0", None, None), protocol(0)),
    "row 3: Open vSwitch matches nw_proto=0": (OVS, Service(4, "0", None, None), protocol(0)),
    "row 4: OVN drops DCCP's ports": (OVN, Service(4, "dccp", 5000, 5001), protocol(33)),
    "row 4: Open vSwitch drops UDP-Lite's ports": (OVS, Service(6, "136", 1, 1), protocol(136)),
    "row 4: iptables keeps them": (IPTABLES, Service(4, "dccp", 5000, 5001), protocol(33, 5000, 5001)),
    "row 4: SCTP's ports are kept by all": (OVN, Service(4, "sctp", 1, 1), protocol(132, 1, 1)),
    "iptables takes ICMP type 255 for every type": (IPTABLES, Service(4, "icmp", 255, None), protocol(1)),
    "OVN does not": (OVN, Service(4, "icmp", 255, None), icmp(1, 255)),
    "nor does iptables in IPv6": (IPTABLES, Service(6, "icmpv6", 255, None), icmp(58, 255)),
}


@pytest.mark.parametrize(("service", "span"), INTENDED.values(), ids=INTENDED)
def test_the_words_of_the_api(service: Service, span: Span) -> None:
    """A rule's words mean one interval of the layer-4 axis."""
    assert intended(service) == span


@pytest.mark.parametrize("service", REFUSED.values(), ids=REFUSED)
def test_what_the_api_refuses(service: Service) -> None:
    """A rule that Neutron would not accept is not given a meaning."""
    with pytest.raises(NotAcceptedError):
        intended(service)
    with pytest.raises(NotAcceptedError):
        enforced(OVN, service)


@pytest.mark.parametrize(("driver", "service", "span"), ENFORCED.values(), ids=ENFORCED)
def test_what_a_driver_enforces(driver: Driver, service: Service, span: Span) -> None:
    """Where a driver lets more pass than the words say, the profile says so."""
    assert enforced(driver, service) == span


@pytest.mark.parametrize("driver", Driver)
def test_a_driver_never_enforces_less_than_the_words(driver: Driver) -> None:
    """Being wider than the words is what makes a profile safe to prove with."""
    for service, span in INTENDED.values():
        found = enforced(driver, service)
        assert found.lo <= span.lo
        assert span.hi <= found.hi
