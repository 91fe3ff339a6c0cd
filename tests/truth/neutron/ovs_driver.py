"""A case in a real Open vSwitch, written by Neutron's Open vSwitch driver, and packets through it by ofproto/trace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot.store import seal
from tests.truth.neutron.cases import Case
from tests.truth.neutron.daemons import Switch
from tests.truth.neutron.model import Model, rules_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.truth.neutron.cases import Packet
    from tests.truth.neutron.model import Told

ENTRY = {"ingress": 81, "egress": 71}
LEAVING, VLAN = (91, 94), 1
"""Tables of the agent where its firewall begins and where what leaves a server goes on, and its tag of the network."""
NUMBERS = {6: "tcp", 17: "udp", 132: "sctp"}
ADVERTISEMENT = 58 << 16 | 136 << 8
"""Of a neighbour: the agent looks whose address is told."""
PORTS_IGNORED = {33, 136}
"""DCCP and UDP-Lite."""


def agents(made: Case) -> dict[str, Any]:
    """Return a case as the oracle wants it: ports in the order of their numbers, rules with their groups, address groups."""
    ports = [
        {
            "device": card.name,
            "mac_address": card.mac,
            "fixed_ips": [card.four, card.six],
            "allowed_address_pairs": [{"ip_address": pair.ip_address, "mac_address": card.mac} for pair in port.allowed_address_pairs],
            "security_groups": list(port.security_groups),
            "security_group_rules": [],
        }
        for card, port in zip(made.cards, made.snapshot.ports, strict=True)
    ]
    addresses = {group.id: list(group.addresses) for group in made.snapshot.address_groups}
    rules = [{**rule, "security_group_id": rule["group"]} for rule in rules_of(made)]
    return {"ports": ports, "rules": rules, "address_groups": addresses}


def marked(number: int, direction: str) -> int:
    """Return the mark of a packet to or from the card with this number."""
    return number * 2 + (direction == "egress")


def tables(made: Case, written: list[str]) -> list[str]:
    """Return the agent's flows with a way in, which sets registers as its first tables do, and one way out, the switch's second port.

    The switch has no port for each card: a card is known by its register alone, where the agent looks at the port as well.
    """
    ways = [
        f"table=0,priority=1,pkt_mark={marked(number, direction)},"
        f"actions=load:{number}->NXM_NX_REG5[],load:{VLAN}->NXM_NX_REG6[],resubmit(,{table})"
        for number in range(1, len(made.cards) + 1)
        for direction, table in ENTRY.items()
    ]
    out = [f"table={table},priority=1,actions=output:2" for table in LEAVING]
    return [*ways, *out, *(re.sub(r"output:\d+", "output:2", re.sub(r"\bin_port=\d+,", "", line)) for line in written)]


def ovs_packet(packet: Packet) -> str:
    """Render a packet as ofproto/trace wants it."""
    version, (source, target) = packet.peer.version, packet.ends
    fields = [f"nw_src={source}", f"nw_dst={target}"] if version == 4 else [f"ipv6_src={source}", f"ipv6_dst={target}"]
    if packet.protocol in {1, 58}:
        kind = "icmp" if packet.protocol == 1 else "icmp6"
        prefix = "icmp" if packet.protocol == 1 else "icmpv6"
        fields += [f"{prefix}_type={packet.detail >> 8}", f"{prefix}_code={packet.detail & 255}"]
        fields += [f"nd_target={packet.own}"] if packet.l4 == ADVERTISEMENT else []
    elif packet.protocol in NUMBERS:
        name = NUMBERS[packet.protocol]
        kind = name + ("6" if version == 6 else "")
        fields += [f"{name}_src={packet.source_port}", f"{name}_dst={packet.detail}"]
    else:
        kind = "ip" if version == 4 else "ipv6"
        fields.append(f"nw_proto={packet.protocol}")
    return ",".join([kind, "in_port=1", *([f"dl_src={packet.card.mac}"] if packet.direction == "egress" else []), *fields])


def answers(switch: Switch, made: Case, asked: list[Packet]) -> dict[Packet, bool]:
    """Return whether the switch passes each packet, the first of a connection."""
    numbers = {card: number for number, card in enumerate(made.cards, start=1)}
    tracer = switch.tracer()
    told = {}
    for packet in asked:
        way = f"pkt_mark={marked(numbers[packet.card], packet.direction)}"
        trace = tracer.ask("ofproto/trace", Switch.BRIDGE, f"{ovs_packet(packet)},{way}")
        told[packet] = bool(re.search(r"Datapath actions:.*\b2$", trace, re.MULTILINE))
    tracer.close()
    return told


def lost(made: Case) -> Callable[[Told], bool]:
    """Return what tells whether a difference is a known one, in all of which the model is the wider.

    When an agent merges a card's rules with remote groups, port 0 gets lost (row 5), and of rules for DCCP or UDP-Lite with different ports
    all but the last (row 4). So the packet passes in the model by such rules alone.
    """
    groups = tuple(
        msgspec.structs.replace(
            group, rules=tuple(rule for rule in group.rules if not rule.remote_group_id and not rule.remote_address_group_id)
        )
        for group in made.snapshot.security_groups
    )
    alone = Model(Case(seal(msgspec.structs.replace(made.snapshot, security_groups=groups)), made.cards), Driver.OVS)

    def known(one: Told) -> bool:
        fragile = one.packet.protocol in PORTS_IGNORED or (one.packet.protocol in NUMBERS and one.packet.detail == 0)
        return fragile and one.model and not one.real and not alone.passes(one.packet, implicit=False)

    return known
