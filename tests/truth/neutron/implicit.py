"""What drivers do without a rule: what they let pass by themselves, and whose packets they take for a card's own."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

import netaddr

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.drivers import dhcp_answers
from infra.ranges import touches
from tests.truth.neutron.cases import Direction, Packet
from tests.truth.neutron.model import Model, compare, disagreements

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.semantics.services import Driver
    from infra.neutron.snapshot import Port
    from tests.truth.neutron.cases import Address, Card, Case
    from tests.truth.neutron.model import Told

BOTH: Final[tuple[Direction, ...]] = ("ingress", "egress")
NEIGHBOURS = (ip_address("fe80::1"), ip_address("2001:db8:0:1::9"), ip_address("10.0.0.9"))
DHCP = tuple((17, port) for port in (67, 68, 546, 547))
ICMPV6 = tuple((58, kind << 8) for kind in range(256))
SERVERS = (17 << 16 | 68, 17 << 16 | 546)
"""What DHCP's servers send to."""
ROUTER = 58 << 16 | 134 << 8
"""A router's advertisement."""


def without_rules(made: Case) -> list[Packet]:
    """Return packets that may pass without a rule: every ICMPv6 type, and DHCP's."""
    return [
        Packet(card, direction, peer, *what)
        for card in made.cards
        for direction in BOTH
        for peer in NEIGHBOURS
        for what in (*(ICMPV6 if peer.version == 6 else ()), *DHCP)
    ]


def as_a_server(driver: Driver) -> Callable[[Told], bool]:
    """Return what tells whether a difference is one about routers and DHCP servers, of which the model knows apart from its rules.

    Agents drop what these send from a filtered port, whatever the rules say: the model is the wider (row 10). And they let DHCP servers'
    answers in, which the model takes for sent by unfiltered ports only (rows 10 and 11).
    """
    answers = {(item.family, item.span.lo) for item in dhcp_answers(driver)}

    def known(one: Told) -> bool:
        packet = one.packet
        if packet.direction == "egress":
            return packet.l4 in {ROUTER, *SERVERS} and one.model and not one.real
        return (packet.peer.version, packet.l4) in answers and one.real and not one.model

    return known


def unforeseen(made: Case, driver: Driver, truth: dict[Packet, bool], known: Callable[[Told], bool] | None = None) -> list[str]:
    """Return the packets on which driver and model differ, but for routers and DHCP servers, or what else is known."""
    told = compare(list(truth), truth.__getitem__, Model(made, driver), implicit=True)
    return disagreements(told, known or as_a_server(driver))


def corners(port: Port) -> list[Address]:
    """Return the ends, plus and minus one, of what a port is given: addresses, address pairs, and what its MAC makes (RFC 4291)."""
    texts = [fixed.ip_address or "" for fixed in port.fixed_ips] + [pair.ip_address for pair in port.allowed_address_pairs]
    spans = [ip_network(text, strict=False) for text in (*texts, str(netaddr.EUI(port.mac_address).ipv6_link_local()))]
    return [span[end] + step for span in spans for end in (0, -1) for step in (-1, 0, 1)]


def from_anywhere(made: Case) -> list[Packet]:
    """Return packets that need no rule, from the corners of what each card is given and of what another one is given."""
    given = [corners(port) for port in made.snapshot.ports]
    return [sent_from(card, own) for number, card in enumerate(made.cards) for own in dict.fromkeys(given[number] + given[number - 1])]


def sent_from(card: Card, own: Address) -> Packet:
    """Return a DHCP client's packet, or one that asks for a neighbour: every driver lets them out (row 10)."""
    if own.version == 4:
        return Packet(card, "egress", ip_address("10.0.0.9"), 17, 67, own)
    return Packet(card, "egress", ip_address("2001:db8:0:1::9"), 58, 135 << 8, own)


def strangers(made: Case, driver: Driver, truth: dict[Packet, bool]) -> list[Packet]:
    """Return the packets that pass though the model says that the card cannot send from there, or the other way round; both occur."""
    sources = compile_fabric(made.snapshot, driver).builder.sources
    own = {card: sources(number) for number, card in enumerate(made.cards)}
    assert set(truth.values()) == {True, False}
    return [one for one, real in truth.items() if touches(((one.own.version, int(one.own), int(one.own)),), own[one.card]) is not real]
