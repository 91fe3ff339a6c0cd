"""Lies on the wire: frames with a foreign address or MAC, claims on somebody else's address. Pure: what to send and how to judge it.

Every lie has its twin: the same frame with the truth in it, from the same card to the same target in the same round, which must arrive.
Port security is what has to stop the lie (Neutron, "port security"; OVN, ``ls_in_check_port_sec``), so a flow is used that is allowed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from infra.outcome import Outcome, Verdict
from infra.render.expectation import Expected
from ringfence.verify.guest.basics import TOKEN
from ringfence.verify.model import Layer
from ringfence.verify.probes import frames
from ringfence.verify.probes.frames import ARP_REPLY, ARP_REQUEST, BROADCAST, Ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ringfence.verify.model import Card, Case, Node
    from ringfence.verify.probes.frames import Seen
    from ringfence.verify.probes.orders import Sightings

Json = dict[str, Any]
Wire = Sequence[tuple[str, "Seen"]]
"""What one node captured: the card and the frame."""
FOREIGN_MAC = "02:00:00:00:0b:ad"
"""A locally administered MAC (IEEE 802) that no port of Neutron's has."""
FOREIGN_HOST = 250
COPIES = 3
SOURCE_PORTS = range(5_000, 10_000)
"""Each lie takes one at random: a connection that comes twice would be judged by a firewall's memory of the first."""
ALL_NODES = IPv6Address("ff02::1")
ALL_NODES_MAC = "33:33:00:00:00:01"


@dataclass(frozen=True, slots=True)
class Lie:
    """One frame to send. A twin is honest and must be seen by ``witness``; a lie must be seen by nobody but its sender.

    ``needs`` are those without whom nothing can be said: the sender, the witness, and everybody on the sender's link.
    """

    name: str
    source: str
    device: str
    frame: bytes
    token: str
    witness: str
    honest: bool
    twin: str = ""
    needs: frozenset[str] = frozenset()

    def order(self, number: int) -> Json:
        """Return the order for the guest's program."""
        return {"id": number, "kind": "frame", "nic": self.device, "hex": self.frame.hex(), "times": COPIES}


def lies(cases: Iterable[Case], nodes: Mapping[str, Node], next_macs: Mapping[tuple[str, str, str], str]) -> Iterator[Lie]:
    """Yield the lies and their twins: one set for every source and family that has an allowed flow to another server."""
    done: set[tuple[str, int]] = set()
    for case in cases:
        version = case.target.address.version
        usable = case.layer is Layer.NETWORK and case.expected is Expected.ALLOWED and case.via is not None and case.target.node
        if not usable or (case.source, version) in done:
            continue
        done.add((case.source, version))
        yield from _of(case, nodes, next_macs)


def _of(case: Case, nodes: Mapping[str, Node], next_macs: Mapping[tuple[str, str, str], str]) -> Iterator[Lie]:
    assert case.via is not None  # noqa: S101 - the caller chose it so
    card = next(card for card in nodes[case.source].cards if card.device == case.via.card)
    hop = case.via.next_mac or next_macs.get((case.source, card.device, str(case.via.next_hop)), BROADCAST)
    truth = Ends(card.mac, hop, case.via.source, case.target.address)
    network = next(n for n in card.networks if n.version == case.target.address.version)
    foreign = network[FOREIGN_HOST]
    variants = {
        "its own address and MAC": (truth, True),
        f"a source address nobody has ({foreign})": (replace(truth, source=foreign), False),
        "the gateway's source address": (replace(truth, source=network[1]), False),
        "the target's own source address": (replace(truth, source=truth.destination), False),
        "a MAC nobody has": (replace(truth, mac=FOREIGN_MAC), False),
        "the gateway's MAC": (replace(truth, mac=next_macs.get((case.source, card.device, str(network[1])), FOREIGN_MAC)), False),
    }
    needs = frozenset({case.source, case.target.node}) | neighbours(nodes[case.source], card.label, nodes)
    twin = ""
    for words, (ends, honest) in variants.items():
        token = secrets.token_hex(TOKEN // 2)
        name = f"{case.source} -> {case.target.name} {case.protocol} {case.port} with {words}"
        twin = twin or name
        raw = frames.probe(ends, case.protocol, (secrets.choice(SOURCE_PORTS), case.port), token)
        yield Lie(name, case.source, card.device, raw, token, case.target.node, honest, "" if honest else twin, needs)


def neighbours(node: Node, label: str, nodes: Mapping[str, Node]) -> frozenset[str]:
    """Return the other servers of a node's tenant that have a card in the same zone."""
    others = (other for other in nodes.values() if other.tenant == node.tenant and other.name != node.name)
    return frozenset(other.name for other in others if any(card.label == label for card in other.cards))


def _gone(needs: Iterable[str], lost: Mapping[str, str]) -> str:
    """Say who of those that are needed takes no part, and why."""
    return "; ".join(f"{name} takes no part: {lost[name]}" for name in sorted(needs) if name in lost)


NONE_LOST: Mapping[str, str] = MappingProxyType({})


def judge(sent: Iterable[Lie], sightings: Sightings, lost: Mapping[str, str] = NONE_LOST) -> Iterator[Outcome]:
    """Judge lies and twins: a lie that nobody saw counts only when its twin was seen, and when all who could have seen it took part."""
    seen = {lie.name: {sight.node for sight in sightings.of_token(lie.token)} - {lie.source} for lie in sent}
    for lie in sent:
        tenant = lie.source.partition("/")[0]
        if seen[lie.name] and not lie.honest:
            yield Outcome(lie.name, Verdict.FAIL, f"the spoofed frame was seen by {', '.join(sorted(seen[lie.name]))}", tenant)
        elif gone := _gone(lie.needs, lost):
            yield Outcome(lie.name, Verdict.ERROR, gone, tenant)
        elif lie.honest:
            arrived = lie.witness in seen[lie.name]
            yield Outcome(lie.name, *((Verdict.PASS, "") if arrived else (Verdict.FAIL, "the honest frame never arrived")), tenant)
        elif lie.witness not in seen[lie.twin]:
            yield Outcome(lie.name, Verdict.ERROR, "nothing proves it: the honest twin did not arrive either", tenant)
        else:
            yield Outcome(lie.name, Verdict.PASS, "", tenant)


@dataclass(frozen=True, slots=True)
class Claim:
    """A neighbour message: who asks or claims what, and what may come of it."""

    name: str
    source: str
    device: str
    frame: bytes
    token: str
    address: str
    is_question: bool


def claims(nodes: Mapping[str, Node]) -> Iterator[Claim]:
    """Yield questions for every tenant address that is on the source's link, and claims on the gateway's address."""
    tenants = [node for node in nodes.values() if node.cards and node.tenant not in {"platform", "internet"}]
    for node in tenants:
        for card in node.cards:
            if card.label == "management":
                continue
            for address in dict.fromkeys(a for other in tenants for c in other.cards for a in c.addresses if other.name != node.name):
                if card.is_on_link(address) and address not in card.addresses:
                    yield _question(node, card, address)
            yield from _lies_about_gateway(node, card)


def _question(node: Node, card: Card, address: Any) -> Claim:  # noqa: ANN401 - either family
    token = secrets.token_hex(TOKEN // 2)
    own = card.address(address.version)
    if isinstance(address, IPv6Address) and isinstance(own, IPv6Address):
        raw = frames.solicitation(card.mac, own, address)
    else:
        raw = frames.arp(Ends(card.mac, BROADCAST, card.addresses[0], address), ARP_REQUEST, token)
    return Claim(f"{node.name} asks who has {address}", node.name, card.device, raw, token, str(address), is_question=True)


def _lies_about_gateway(node: Node, card: Card) -> Iterator[Claim]:
    for gateway in card.gateways:
        token = secrets.token_hex(TOKEN // 2)
        own = card.address(gateway.version)
        if isinstance(gateway, IPv6Address) and isinstance(own, IPv6Address):
            raw = frames.advertisement(Ends(card.mac, ALL_NODES_MAC, gateway, ALL_NODES), gateway)
        else:
            raw = frames.arp(Ends(card.mac, BROADCAST, gateway, gateway), ARP_REPLY, token)
        yield Claim(f"{node.name} claims to be the gateway {gateway}", node.name, card.device, raw, token, str(gateway), is_question=False)


def judge_claims(
    asked: Iterable[Claim], wire: Mapping[str, Wire], nodes: Mapping[str, Node], lost: Mapping[str, str] = NONE_LOST
) -> Iterator[Outcome]:
    """Judge neighbour messages by what was captured.

    An answer must come from a card of the source's own tenant, or not at all; the gateway's answer, heard on the same card in the same
    round, proves that answers would be heard. A claim on the gateway's address must reach nobody. ``lost`` are those who took no part.
    """
    for claim in asked:
        wrong, proven = (_question_answered, _question_proven) if claim.is_question else (_claim_seen, _claim_proven)
        if reason := wrong(claim, wire, nodes):
            verdict = Verdict.FAIL
        elif reason := _gone(_needs(claim, nodes), lost):
            verdict = Verdict.ERROR
        else:
            verdict, reason = proven(claim, wire, nodes)
        yield Outcome(claim.name, verdict, reason, nodes[claim.source].tenant)


def _needs(claim: Claim, nodes: Mapping[str, Node]) -> frozenset[str]:
    """Return those without whom nothing can be said: the source, and who has the address that it asks for, or is on its link."""
    node = nodes[claim.source]
    if not claim.is_question:
        return frozenset({claim.source}) | neighbours(node, _label(claim, node), nodes)
    owners = (other.name for other in nodes.values() for card in other.cards if claim.address in map(str, card.addresses))
    return frozenset({claim.source, *owners})


def _label(claim: Claim, node: Node) -> str:
    return next(card.label for card in node.cards if card.device == claim.device)


def _claim_seen(claim: Claim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> str:
    """Say who saw a claim on the gateway's address, or nothing."""
    liar = next(card.mac for card in nodes[claim.source].cards if card.device == claim.device)
    others = {name: heard for name, heard in wire.items() if name != claim.source}
    fooled = sorted(name for name, heard in others.items() if any(_is_claim(seen, liar, claim.address) for _, seen in heard))
    return f"the claim was seen by {', '.join(fooled)}" if fooled else ""


def _claim_proven(claim: Claim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> tuple[Verdict, str]:
    """Judge a claim that nobody saw: it counts when a neighbour heard the true gateway on that link."""
    node = nodes[claim.source]
    label = _label(claim, node)
    links = {(name, card.device) for name in neighbours(node, label, nodes) for card in nodes[name].cards if card.label == label}
    if not links:
        return Verdict.NOT_APPLICABLE, "there is no other server on that link to be fooled"
    heard = {(name, device) for name, frames_ in wire.items() for device, seen in frames_ if str(seen.source) == claim.address}
    if not links & heard:
        return Verdict.ERROR, "nothing proves it: no neighbour heard the true gateway"
    return Verdict.PASS, ""


def _is_claim(seen: Seen, mac: str, address: str) -> bool:
    """Tell whether a captured frame says that an address is at a MAC; a solicitation for the address only asks."""
    says = seen.kind == "arp" or (seen.kind == "nd" and seen.operation == frames.ADVERTISEMENT)
    return says and seen.mac == mac and str(seen.source) == address


def _answers(claim: Claim, wire: Mapping[str, Wire]) -> set[str]:
    """Return the MACs that answered a question, as the one who asked heard it."""
    return {
        seen.mac
        for device, seen in wire.get(claim.source, ())
        if device == claim.device and str(seen.source) == claim.address and seen.operation in {ARP_REPLY, frames.ADVERTISEMENT}
    }


def _question_answered(claim: Claim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> str:
    """Say which stranger heard or answered a question, or nothing."""
    tenant = nodes[claim.source].tenant
    strangers = sorted(
        name for name, heard in wire.items() if nodes[name].tenant != tenant and any(seen.token == claim.token for _, seen in heard)
    )
    if strangers:
        return f"the question was heard by {', '.join(strangers)}"
    own = {card.mac for other in nodes.values() if other.tenant == tenant for card in other.cards}
    foreign = sorted(_answers(claim, wire) - own)
    return f"answered by {', '.join(foreign)}, no NIC of {tenant}" if foreign else ""


def _question_proven(claim: Claim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> tuple[Verdict, str]:
    """Judge a question that no stranger heard: its own tenant's server answers, or the gateway does, which proves that answers arrive."""
    node = nodes[claim.source]
    gateways = {str(g) for card in node.cards if card.device == claim.device for g in card.gateways}
    home = any(other.tenant == node.tenant and claim.address in map(str, c.addresses) for other in nodes.values() for c in other.cards)
    if home and not _answers(claim, wire):
        return Verdict.FAIL, "its own tenant's server did not answer"
    if not home and not any(device == claim.device and str(seen.source) in gateways for device, seen in wire.get(claim.source, ())):
        return Verdict.ERROR, "nothing proves it: the gateway did not answer either"
    return Verdict.PASS, ""
