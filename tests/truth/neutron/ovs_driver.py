"""A case in a real Open vSwitch, written by Neutron's Open vSwitch driver, and packets through it by ofproto/trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from infra.neutron.services import Driver
from infra.neutron.store import seal
from tests.truth.neutron.cases import Case, plain
from tests.truth.neutron.daemons import Switch
from tests.truth.neutron.model import Model

if TYPE_CHECKING:
    from tests.truth.neutron.cases import Packet

ENTRY = {"ingress": 82, "egress": 72}
NUMBERS = {6: "tcp", 17: "udp", 132: "sctp"}


def flow_line(flow: dict[str, Any], card: int) -> str:
    """Render a flow as ovs-ofctl wants it; register 5 has the card's number, as in the agent's tables."""
    parts = [f"table={flow['table']}", f"priority={flow['priority']}"]
    version = 6 if flow["dl_type"] == 0x86DD else 4
    parts.append("ipv6" if version == 6 else "ip")
    for name, value in flow.items():
        if name in {"table", "priority", "dl_type", "actions"}:
            continue
        parts.append(f"reg5={card}" if name == "reg_port" else f"{name}={value}")
    return f"{','.join(parts)},actions=output:2"


def prefixes_only(made: Case) -> list[tuple[int, dict[str, Any]]]:
    """Return (card number, rule) of the rules that the flow translator writes by itself: groups are another mechanism (conjunctions)."""
    groups = {group.id: group.rules for group in made.snapshot.security_groups}
    return [
        (number, {**plain(rule), "group": group})
        for number, port in enumerate(made.snapshot.ports, start=1)
        for group in port.security_groups
        for rule in groups[group]
        if not rule.remote_group_id and not rule.remote_address_group_id
    ]


def ovs_packet(packet: Packet) -> str:
    """Render a packet as ofproto/trace wants it."""
    version = packet.peer.version
    own = packet.card.four if version == 4 else packet.card.six
    source, target = (packet.peer, own) if packet.direction == "ingress" else (own, packet.peer)
    fields = [f"nw_src={source}", f"nw_dst={target}"] if version == 4 else [f"ipv6_src={source}", f"ipv6_dst={target}"]
    if packet.protocol in {1, 58}:
        kind = "icmp" if packet.protocol == 1 else "icmp6"
        prefix = "icmp" if packet.protocol == 1 else "icmpv6"
        fields += [f"{prefix}_type={packet.detail >> 8}", f"{prefix}_code={packet.detail & 255}"]
    elif packet.protocol in NUMBERS:
        kind = NUMBERS[packet.protocol] + ("6" if version == 6 else "")
        fields.append(f"{NUMBERS[packet.protocol]}_dst={packet.detail}")
    else:
        kind = "ip" if version == 4 else "ipv6"
        fields.append(f"nw_proto={packet.protocol}")
    return ",".join([kind, "in_port=1", *fields])


def answers(switch: Switch, made: Case, lines: list[str], asked: list[Packet]) -> dict[Packet, bool]:
    """Return whether the switch passes each packet; the flows of one card are loaded at a time, as its register would choose them."""
    tracer = switch.tracer()
    told = {}
    for number, card in enumerate(made.cards, start=1):
        own = [line for line in lines if f"reg5={number}," in line]
        for direction, table in ENTRY.items():
            switch.flows([f"table=0,priority=1,actions=load:{number}->NXM_NX_REG5[],resubmit(,{table})", *own])
            for packet in asked:
                if packet.card is card and packet.direction == direction:
                    told[packet] = "Datapath actions: 2" in tracer.ask("ofproto/trace", Switch.BRIDGE, ovs_packet(packet))
    tracer.close()
    return told


def only(made: Case, numbered: list[tuple[int, dict[str, Any]]]) -> Model:
    """Return the model of a case with those rules only."""
    kept = {rule["id"] for _, rule in numbered}
    groups = tuple(
        msgspec.structs.replace(group, rules=tuple(rule for rule in group.rules if rule.id in kept))
        for group in made.snapshot.security_groups
    )
    return Model(Case(seal(msgspec.structs.replace(made.snapshot, security_groups=groups)), made.cards), Driver.OVS)
