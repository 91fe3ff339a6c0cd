"""Lies on the wire: frames with a foreign address or MAC, claims on somebody else's address. Pure: what to send and how to judge it.

Every lie has its twin: the same frame with the truth in it, from the same card to the same target in the same round, which must arrive.
Port security is what has to stop the lie (Neutron, "port security"; OVN, ``ls_in_check_port_sec``), so a flow is used that is allowed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
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
    """One frame to send. A twin is honest and must be seen by ``witness``; a lie must be seen by nobody but its sender."""

    name: str
    source: str
    device: str
    frame: bytes
    token: str
    witness: str
    honest: bool
    twin: str = ""

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
    twin = ""
    for words, (ends, honest) in variants.items():
        token = secrets.token_hex(TOKEN // 2)
        name = f"{case.source} -> {case.target.name} {case.protocol} {case.port} with {words}"
        twin = twin or name
        raw = frames.probe(ends, case.protocol, (secrets.choice(SOURCE_PORTS), case.port), token)
        yield Lie(name, case.source, card.device, raw, token, case.target.node, honest, "" if honest else twin)


def judge(sent: Iterable[Lie], sightings: Sightings) -> Iterator[Outcome]:
    """Judge lies and twins: a lie that nobody saw counts only when its twin was seen."""
    seen = {lie.name: {sight.node for sight in sightings.of_token(lie.token)} - {lie.source} for lie in sent}
    for lie in sent:
        tenant = lie.source.partition("/")[0]
        if lie.honest:
            arrived = lie.witness in seen[lie.name]
            yield Outcome(lie.name, *((Verdict.PASS, "") if arrived else (Verdict.FAIL, "the honest frame never arrived")), tenant)
        elif seen[lie.name]:
            yield Outcome(lie.name, Verdict.FAIL, f"the lie was seen by {', '.join(sorted(seen[lie.name]))}", tenant)
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


def judge_claims(asked: Iterable[Claim], wire: Mapping[str, Iterable[tuple[str, Seen]]], nodes: Mapping[str, Node]) -> Iterator[Outcome]:
    """Judge neighbour messages by what was captured.

    An answer must come from a card of the source's own tenant, or not at all; the gateway's answer, heard on the same card in the same
    round, proves that answers would be heard. A claim on the gateway's address must reach nobody.
    """
    for claim in asked:
        node = nodes[claim.source]
        if claim.is_question:
            strangers = sorted(
                name for name, heard in wire.items() if nodes[name].tenant != node.tenant and any(s.token == claim.token for _, s in heard)
            )
            if strangers:
                yield Outcome(claim.name, Verdict.FAIL, f"the question was heard by {', '.join(strangers)}", node.tenant)
                continue
            yield _judge_question(claim, node, list(wire.get(claim.source, ())), nodes)
        else:
            liar = next(card.mac for card in node.cards if card.device == claim.device)
            fooled = sorted(
                name
                for name, heard in wire.items()
                if name != claim.source and any(_is_claim(seen, liar, claim.address) for _, seen in heard)
            )
            yield Outcome(claim.name, *_judge_claim(claim, fooled, wire, nodes), node.tenant)


def _judge_claim(
    claim: Claim, fooled: list[str], wire: Mapping[str, Iterable[tuple[str, Seen]]], nodes: Mapping[str, Node]
) -> tuple[Verdict, str]:
    """Judge a claim that ``fooled`` saw; that nobody saw it counts when a neighbour heard the true gateway on that link."""
    if fooled:
        return Verdict.FAIL, f"the claim was seen by {', '.join(fooled)}"
    node = nodes[claim.source]
    label = next(card.label for card in node.cards if card.device == claim.device)
    links = {
        (other.name, card.device)
        for other in nodes.values()
        for card in other.cards
        if other.tenant == node.tenant and other.name != node.name and card.label == label
    }
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


def _judge_question(claim: Claim, node: Node, heard: list[tuple[str, Seen]], nodes: Mapping[str, Node]) -> Outcome:
    owners = {card.mac for other in nodes.values() if other.tenant == node.tenant for card in other.cards}
    answers = {
        s.mac
        for device, s in heard
        if device == claim.device and str(s.source) == claim.address and s.operation in {ARP_REPLY, frames.ADVERTISEMENT}
    }
    gateways = {str(g) for card in node.cards if card.device == claim.device for g in card.gateways}
    if answers - owners:
        return Outcome(
            claim.name, Verdict.FAIL, f"answered by {', '.join(sorted(answers - owners))}, no card of {node.tenant}", node.tenant
        )
    home = any(other.tenant == node.tenant and claim.address in map(str, c.addresses) for other in nodes.values() for c in other.cards)
    if home and not answers:
        return Outcome(claim.name, Verdict.FAIL, "its own tenant's server did not answer", node.tenant)
    if not home and not any(device == claim.device and str(s.source) in gateways for device, s in heard):
        return Outcome(claim.name, Verdict.ERROR, "nothing proves it: the gateway did not answer either", node.tenant)
    return Outcome(claim.name, Verdict.PASS, "", node.tenant)
