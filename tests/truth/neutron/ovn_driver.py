"""A case in a real OVN, written by Neutron's OVN driver, and packets through it by ovn-trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.truth.neutron.environment import translate
from tests.truth.neutron.model import rules_of

if TYPE_CHECKING:
    from tests.truth.neutron.cases import Case, Packet
    from tests.truth.neutron.daemons import Control, Ovn

PEER = "02:00:00:00:00:01"
NAMED = {6: "tcp", 17: "udp", 132: "sctp"}


def fill(ovn: Ovn, made: Case) -> None:
    """Write the case into OVN as Neutron's driver would: port groups, address sets, ACLs, and the drop group around all cards."""
    groups = {
        group.id: [port.id for port in made.snapshot.ports if group.id in port.security_groups] for group in made.snapshot.security_groups
    }
    told = translate(ovn=rules_of(made), groups=list(groups), address_groups=[group.id for group in made.snapshot.address_groups])
    switch = [["ls-add", "net"], ["lsp-add", "net", "peer"], ["lsp-set-addresses", "peer", PEER, "unknown"]]
    for card in made.cards:
        switch += [["lsp-add", "net", card.name], ["lsp-set-addresses", card.name, f"{card.mac} {card.four} {card.six}"]]
    pools = [["pg-add", told["port_groups"][group], *members] for group, members in groups.items()]
    pools.append(["pg-add", "neutron_pg_drop", *(card.name for card in made.cards)])
    for address_group in made.snapshot.address_groups:
        for family, version in (("ip4", 4), ("ip6", 6)):
            members = [text for text in address_group.addresses if (":" in text) == (version == 6)]
            name = told["address_sets"][address_group.id][family]
            pools.append(["create", "Address_Set", f"name={name}", *([f"addresses={quoted(members)}"] if members else [])])
    acls = [acl_command(acl) for acl in (*told["acls"], *told["drop"])]
    ovn.write([switch, pools, *(acls[start : start + 50] for start in range(0, len(acls), 50))])


def quoted(texts: list[str]) -> str:
    """Render a set of strings for ovn-nbctl."""
    return ",".join(f'"{text}"' for text in texts)


def acl_command(acl: dict[str, Any]) -> list[str]:
    """Return the command that adds an ACL; two rules may well come to the same one."""
    where = ["--may-exist", "--type=port-group", "acl-add", acl["port_group"], acl["direction"], str(acl["priority"])]
    return [*where, acl["match"], acl["action"]]


def microflow(packet: Packet, hops: int = 64) -> str:
    """Render a packet with this hop limit as ovn-trace wants it."""
    card, version = packet.card, packet.peer.version
    inwards = packet.direction == "ingress"
    source, target = packet.ends
    macs = (PEER, card.mac) if inwards else (card.mac, PEER)
    words = [f'inport == "{"peer" if inwards else card.name}"', f"eth.src == {macs[0]}", f"eth.dst == {macs[1]}", f"ip.ttl == {hops}"]
    words += [f"ip{version}.src == {source}", f"ip{version}.dst == {target}"]
    if packet.protocol in {1, 58}:
        name = "icmp4" if packet.protocol == 1 else "icmp6"
        words += [f"{name}.type == {packet.detail >> 8}", f"{name}.code == {packet.detail & 255}"]
    elif packet.protocol in NAMED:
        words.append(f"{NAMED[packet.protocol]}.dst == {packet.detail}")
    else:
        words.append(f"ip.proto == {packet.protocol}")
    return " && ".join(words)


def delivered(tracer: Control, packet: Packet, hops: int = 64) -> bool:
    """Tell whether OVN delivers a packet to the other end."""
    answer = tracer.ask("trace", "net", microflow(packet, hops))
    target = packet.card.name if packet.direction == "ingress" else "peer"
    return f'/* output to "{target}"' in answer
