"""What the layer-4 part of a security group rule means, in the API's words and as each driver enforces it.

Rows 1 to 6 of the semantics (docs/proof.md). Read from openstack/neutron 29.0.0: ``neutron/db/securitygroups_db.py``,
``neutron/common/ovn/acl.py``, ``neutron/agent/linux/openvswitch_firewall/rules.py``, ``neutron/agent/linux/iptables_firewall.py``; and from
Linux ``net/ipv4/netfilter/ip_tables.c``. A match is a closed-open interval on the layer-4 axis of :mod:`infra.packets.axes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from infra.packets.axes import ICMP, ICMP_PROTOCOLS, ICMPV6, L4_POINTS, l4_interval

ICMP_ANY_TYPE = 255
"""Type 255 is "every type" to iptables' IPv4 match (``icmp_type_code_match`` in ip_tables.c), one type to everybody else."""

_NUMBERS = {
    "hopopt": 0,
    "ip": 0,
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "egp": 8,
    "udp": 17,
    "dccp": 33,
    "ipv6-encap": 41,
    "ipv6-route": 43,
    "ipv6-frag": 44,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ospf": 89,
    "vrrp": 112,
    "pgm": 113,
    "sctp": 132,
    "udplite": 136,
}
"""Names that the API takes (``neutron_lib.constants.IP_PROTOCOL_MAP``) and their IANA numbers."""

_IPV6_ONLY = frozenset({41, 43, 44, 58, 59, 60})
_PORT_PROTOCOLS = frozenset({6, 17, 33, 132, 136})
_RANGES_DROPPED = frozenset({33, 136})
_MAX_PROTOCOL = 255
_MAX_PORT = 65535
_IPV6 = 6


class Driver(StrEnum):
    """Firewall drivers with a profile; ``widest`` is none of them: whatever any of them lets pass, for where nobody tells which it is."""

    OVN = "ovn"
    OVS = "ovs"
    IPTABLES_HYBRID = "iptables_hybrid"
    WIDEST = "widest"


class Service(NamedTuple):
    """The part of a rule that says which packets, not whose: as the API prints it. ``family`` is 4 or 6."""

    family: int
    protocol: str | None
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """A closed-open interval ``[lo, hi)`` of the layer-4 axis."""

    lo: int
    hi: int


class NotAcceptedError(ValueError):
    """Neutron would have refused such a rule: what a driver makes of it is unknown."""


def protocol_number(service: Service) -> int | None:
    """Return the protocol's number, ``None`` for any.

    Rows 2 and 3: "any" and null are every protocol, but "0" is not; ICMP in an IPv6 rule is ICMPv6 whichever name it has.

    Raises:
        NotAcceptedError: the name is none, or belongs to the other family.
    """
    text = service.protocol
    if text is None or text in {"", "any"}:
        return None
    number = _NUMBERS.get(text.lower())
    if number is None:
        if not (text.isascii() and text.isdecimal()) or int(text) > _MAX_PROTOCOL:
            message = f"protocol {text!r} is neither a name nor a number up to 255"
            raise NotAcceptedError(message)
        number = int(text)
    if service.family == _IPV6 and number == ICMP:
        return ICMPV6
    if service.family != _IPV6 and number in _IPV6_ONLY:
        message = f"protocol {text!r} does not exist in IPv4"
        raise NotAcceptedError(message)
    return number


def intended(service: Service) -> Span:
    """Return what the API's words say.

    Rows 1 and 5: ICMP's "ports" are type and code; a code needs a type; ports run from 1, and 1 to 65535 is stored as "all", which
    includes port 0.

    Raises:
        NotAcceptedError: the API refuses such a rule.
    """
    number = protocol_number(service)
    first, last = service.first, service.last
    if number is None or (first is None and last is None):
        if number is None and (first is not None or last is not None):
            message = "ports without a protocol"
            raise NotAcceptedError(message)
        return Span(*l4_interval(number))
    if number in ICMP_PROTOCOLS:
        if first is None:
            message = "an ICMP code without a type"
            raise NotAcceptedError(message)
        return _checked(number, first, last, most=_MAX_PROTOCOL)
    if number not in _PORT_PROTOCOLS or first is None or last is None or not 1 <= first <= last:
        message = f"protocol {service.protocol} with ports {first}-{last}"
        raise NotAcceptedError(message)
    if (first, last) == (1, _MAX_PORT):
        return Span(*l4_interval(number))
    return _checked(number, first, last, most=_MAX_PORT)


def _checked(number: int, first: int, last: int | None, *, most: int) -> Span:
    if not 0 <= first <= most or (last is not None and not 0 <= last <= most):
        message = f"{first}-{last} is outside 0-{most}"
        raise NotAcceptedError(message)
    return Span(*l4_interval(number, first, last))


def enforced(driver: Driver, service: Service) -> Span:
    """Return what the driver lets pass for a rule with these words.

    Raises:
        NotAcceptedError: the API refuses such a rule.
    """
    if driver is Driver.WIDEST:  # each holds what the words say, so together they are one interval
        spans = [enforced(one, service) for one in Driver if one is not Driver.WIDEST]
        return Span(min(span.lo for span in spans), max(span.hi for span in spans))
    span = intended(service)
    number = protocol_number(service)
    if driver is Driver.IPTABLES_HYBRID:
        return _iptables(number, service, span)
    if number in _RANGES_DROPPED:
        return Span(*l4_interval(number))  # row 4: OVN and Open vSwitch have no match for the ports, so all of them are open
    return span


def _iptables(number: int | None, service: Service, span: Span) -> Span:
    if number == 0:
        return Span(0, L4_POINTS)  # row 3: `_iptables_protocol_name` leaves `-p` out, so every protocol passes
    if number == ICMP and service.first == ICMP_ANY_TYPE:
        return Span(*l4_interval(ICMP))
    return span
