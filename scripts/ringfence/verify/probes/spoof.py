"""Spoofed frames: with a foreign address or MAC, and claims on somebody else's address. Pure: what to send and how to judge it.

Every spoofed frame has its twin: the same frame with the truth in it, from the same NIC to the same target in the same batch, which must
arrive. Port security is what has to stop the spoofed one (Neutron, "port security"; OVN, ``ls_in_check_port_sec``), so the flow is an
allowed one.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from infra.outcome import CheckVerdict, Outcome
from infra.render.expectation import Expected
from ringfence.verify.guest.basics import TOKEN
from ringfence.verify.model import Layer
from ringfence.verify.probes import frames
from ringfence.verify.probes.frames import ARP_REPLY, ARP_REQUEST, BROADCAST, Ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from infra.declaration.values import Address, Network
    from ringfence.verify.model import Case, Node, NodeNic, SeenFrame
    from ringfence.verify.probes.orders import Observations

Json = dict[str, Any]
Wire = Sequence[tuple[str, "SeenFrame"]]
"""What one node captured: the NIC and the frame."""
FOREIGN_MAC = "02:00:00:00:0b:ad"
"""A locally administered MAC (IEEE 802) that no port of Neutron's has."""
COPIES = 3
SOURCE_PORTS = range(5_000, 10_000)
"""Each frame takes one at random: a connection that comes twice would be judged by a firewall's memory of the first."""
ALL_NODES = IPv6Address("ff02::1")
ALL_NODES_MAC = "33:33:00:00:00:01"


@dataclass(frozen=True, slots=True)
class SpoofedFrame:
    """One frame to send. A twin is honest and must be seen by ``witness``; a spoofed frame must be seen by nobody but its sender.

    ``needs`` are those without whom nothing can be said: the sender, the witness, and everybody on the sender's link. ``frame`` is
    empty when the gateway, whose MAC it should have, did not answer: it cannot be sent.
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


def spoofed_frames(
    cases: Iterable[Case], nodes: Mapping[str, Node], next_macs: Mapping[tuple[str, str, str], str]
) -> Iterator[SpoofedFrame]:
    """Yield the spoofed frames and their twins: one set for every source and family that has an allowed flow to another server."""
    done: set[tuple[str, int]] = set()
    for case in cases:
        version = case.target.address.version
        usable = case.layer is Layer.NETWORK and case.expected is Expected.ALLOWED and case.via is not None and case.target.node
        if not usable or (case.source, version) in done:
            continue
        done.add((case.source, version))
        yield from _of(case, nodes, next_macs)


def _of(case: Case, nodes: Mapping[str, Node], next_macs: Mapping[tuple[str, str, str], str]) -> Iterator[SpoofedFrame]:
    assert case.via is not None  # noqa: S101 - the caller chose it so
    nic = next(nic for nic in nodes[case.source].nics if nic.device == case.via.nic)
    hop = case.via.next_mac or next_macs.get((case.source, nic.device, str(case.via.next_hop)), BROADCAST)
    truth = Ends(nic.mac, hop, case.via.source, case.target.address)
    network = next(n for n in nic.networks if n.version == case.target.address.version)
    foreign = _nobodys(network, {address for node in nodes.values() for nic in node.nics for address in (*nic.addresses, *nic.gateways)})
    variants: dict[str, Ends | None] = {
        "its own address and MAC": truth,
        f"a source address nobody has ({foreign})": replace(truth, source=foreign),
        "the target's own source address": replace(truth, source=truth.destination),
        "a MAC nobody has": replace(truth, mac=FOREIGN_MAC),
    }
    if gateway := nic.gateway(case.target.address.version):
        mac = next_macs.get((case.source, nic.device, str(gateway)))
        variants["the gateway's source address"] = replace(truth, source=gateway)
        variants["the gateway's MAC"] = replace(truth, mac=mac) if mac else None
    needs = frozenset({case.source, case.target.node}) | neighbours(nodes[case.source], nic.label, nodes)
    twin = ""
    for words, ends in variants.items():
        token = secrets.token_hex(TOKEN // 2)
        name = f"{case.source} -> {case.target.name} {case.protocol} {case.port} with {words}"
        raw = frames.probe(ends, case.protocol, (secrets.choice(SOURCE_PORTS), case.port), token) if ends else b""
        yield SpoofedFrame(name, case.source, nic.device, raw, token, case.target.node, ends is truth, twin, needs)
        twin = twin or name


def _nobodys(network: Network, taken: AbstractSet[Address]) -> Address:
    """Return the last host address of a prefix that no node and no gateway has; its first address, which no host has, where all are."""
    last = min(network.num_addresses, len(taken) + 3)
    for place in range(2, last):
        address: Address = network[-place]
        if address not in taken:
            return address
    return network[0]


def neighbours(node: Node, label: str, nodes: Mapping[str, Node]) -> frozenset[str]:
    """Return the other servers of a node's tenant that have a NIC in the same zone."""
    others = (other for other in nodes.values() if other.tenant == node.tenant and other.name != node.name)
    return frozenset(other.name for other in others if any(nic.label == label for nic in other.nics))


def _gone(needs: Iterable[str], lost: Mapping[str, str]) -> str:
    """Say who of those that are needed takes no part, and why."""
    return "; ".join(f"{name} takes no part: {lost[name]}" for name in sorted(needs) if name in lost)


NONE_LOST: Mapping[str, str] = MappingProxyType({})


def judge(sent: Iterable[SpoofedFrame], observations: Observations, lost: Mapping[str, str] = NONE_LOST) -> Iterator[Outcome]:
    """Judge spoofed frames and twins: one that nobody saw counts only when its twin was seen and all who could have seen it took part."""
    seen = {spoofed.name: {observation.node for observation in observations.of_token(spoofed.token)} - {spoofed.source} for spoofed in sent}
    for spoofed in sent:
        tenant = spoofed.source.partition("/")[0]
        if seen[spoofed.name] and not spoofed.honest:
            yield Outcome(spoofed.name, CheckVerdict.FAIL, f"the spoofed frame was seen by {', '.join(sorted(seen[spoofed.name]))}", tenant)
        elif gone := _gone(spoofed.needs, lost):
            yield Outcome(spoofed.name, CheckVerdict.ERROR, gone, tenant)
        elif not spoofed.frame:
            yield Outcome(spoofed.name, CheckVerdict.ERROR, "not sent: the gateway did not tell its MAC", tenant)
        elif spoofed.honest:
            arrived = spoofed.witness in seen[spoofed.name]
            yield Outcome(
                spoofed.name, *((CheckVerdict.PASS, "") if arrived else (CheckVerdict.FAIL, "the honest frame never arrived")), tenant
            )
        elif spoofed.witness not in seen[spoofed.twin]:
            yield Outcome(spoofed.name, CheckVerdict.ERROR, "nothing proves it: the honest twin did not arrive either", tenant)
        else:
            yield Outcome(spoofed.name, CheckVerdict.PASS, "", tenant)


@dataclass(frozen=True, slots=True)
class NeighbourClaim:
    """A neighbour message: who asks or claims what, and what may come of it."""

    name: str
    source: str
    device: str
    frame: bytes
    token: str
    address: str
    is_question: bool


def claims(nodes: Mapping[str, Node]) -> Iterator[NeighbourClaim]:
    """Yield questions for every tenant address that is on the source's link, and claims on the gateway's address."""
    tenants = [node for node in nodes.values() if node.nics and node.tenant not in {"platform", "internet"}]
    for node in tenants:
        for nic in node.nics:
            if nic.label == "management":
                continue
            for address in dict.fromkeys(a for other in tenants for c in other.nics for a in c.addresses if other.name != node.name):
                if nic.is_on_link(address) and address not in nic.addresses:
                    yield _question(node, nic, address)
            yield from _claims_to_be_gateway(node, nic)


def _question(node: Node, nic: NodeNic, address: Any) -> NeighbourClaim:  # noqa: ANN401 - either family
    token = secrets.token_hex(TOKEN // 2)
    own = nic.address(address.version)
    if isinstance(address, IPv6Address) and isinstance(own, IPv6Address):
        raw = frames.solicitation(nic.mac, own, address)
    else:
        raw = frames.arp(Ends(nic.mac, BROADCAST, nic.addresses[0], address), ARP_REQUEST, token)
    return NeighbourClaim(f"{node.name} asks who has {address}", node.name, nic.device, raw, token, str(address), is_question=True)


def _claims_to_be_gateway(node: Node, nic: NodeNic) -> Iterator[NeighbourClaim]:
    for gateway in nic.gateways:
        token = secrets.token_hex(TOKEN // 2)
        own = nic.address(gateway.version)
        if isinstance(gateway, IPv6Address) and isinstance(own, IPv6Address):
            raw = frames.advertisement(Ends(nic.mac, ALL_NODES_MAC, gateway, ALL_NODES), gateway)
        else:
            raw = frames.arp(Ends(nic.mac, BROADCAST, gateway, gateway), ARP_REPLY, token)
        yield NeighbourClaim(
            f"{node.name} claims to be the gateway {gateway}", node.name, nic.device, raw, token, str(gateway), is_question=False
        )


def judge_claims(
    asked: Iterable[NeighbourClaim], wire: Mapping[str, Wire], nodes: Mapping[str, Node], lost: Mapping[str, str] = NONE_LOST
) -> Iterator[Outcome]:
    """Judge neighbour messages by what was captured.

    An answer must come from a NIC of the source's own tenant, or not at all; the gateway's answer, heard on the same NIC in the same
    batch, proves that answers would be heard. A claim on the gateway's address must reach nobody. ``lost`` are those who took no part.
    """
    for claim in asked:
        wrong, proven = (_question_answered, _question_proven) if claim.is_question else (_claim_seen, _claim_proven)
        if reason := wrong(claim, wire, nodes):
            verdict = CheckVerdict.FAIL
        elif reason := _gone(_needs(claim, nodes), lost):
            verdict = CheckVerdict.ERROR
        else:
            verdict, reason = proven(claim, wire, nodes)
        yield Outcome(claim.name, verdict, reason, nodes[claim.source].tenant)


def _needs(claim: NeighbourClaim, nodes: Mapping[str, Node]) -> frozenset[str]:
    """Return those without whom nothing can be said: the source, and who has the address that it asks for, or is on its link."""
    node = nodes[claim.source]
    if not claim.is_question:
        return frozenset({claim.source}) | neighbours(node, _label(claim, node), nodes)
    owners = (other.name for other in nodes.values() for nic in other.nics if claim.address in map(str, nic.addresses))
    return frozenset({claim.source, *owners})


def _label(claim: NeighbourClaim, node: Node) -> str:
    return next(nic.label for nic in node.nics if nic.device == claim.device)


def _claim_seen(claim: NeighbourClaim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> str:
    """Say who saw a claim on the gateway's address, or nothing."""
    claimant = next(nic.mac for nic in nodes[claim.source].nics if nic.device == claim.device)
    others = {name: heard for name, heard in wire.items() if name != claim.source}
    fooled = sorted(name for name, heard in others.items() if any(_is_claim(seen, claimant, claim.address) for _, seen in heard))
    return f"the claim was seen by {', '.join(fooled)}" if fooled else ""


def _claim_proven(claim: NeighbourClaim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> tuple[CheckVerdict, str]:
    """Judge a claim that nobody saw: it counts when a neighbour heard the true gateway on that link."""
    node = nodes[claim.source]
    label = _label(claim, node)
    links = {(name, nic.device) for name in neighbours(node, label, nodes) for nic in nodes[name].nics if nic.label == label}
    if not links:
        return CheckVerdict.NOT_APPLICABLE, "there is no other server on that link to be fooled"
    heard = {(name, device) for name, frames_ in wire.items() for device, seen in frames_ if str(seen.source) == claim.address}
    if not links & heard:
        return CheckVerdict.ERROR, "nothing proves it: no neighbour heard the true gateway"
    return CheckVerdict.PASS, ""


def _is_claim(seen: SeenFrame, mac: str, address: str) -> bool:
    """Tell whether a captured frame says that an address is at a MAC; a solicitation for the address only asks."""
    says = seen.kind == "arp" or (seen.kind == "nd" and seen.operation == frames.ADVERTISEMENT)
    return says and seen.mac == mac and str(seen.source) == address


def _answers(claim: NeighbourClaim, wire: Mapping[str, Wire]) -> set[str]:
    """Return the MACs that answered a question, as the one who asked heard it."""
    return {
        seen.mac
        for device, seen in wire.get(claim.source, ())
        if device == claim.device and str(seen.source) == claim.address and seen.operation in {ARP_REPLY, frames.ADVERTISEMENT}
    }


def _question_answered(claim: NeighbourClaim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> str:
    """Say which stranger heard or answered a question, or nothing."""
    tenant = nodes[claim.source].tenant
    strangers = sorted(
        name for name, heard in wire.items() if nodes[name].tenant != tenant and any(seen.token == claim.token for _, seen in heard)
    )
    if strangers:
        return f"the question was heard by {', '.join(strangers)}"
    own = {nic.mac for other in nodes.values() if other.tenant == tenant for nic in other.nics}
    foreign = sorted(_answers(claim, wire) - own)
    return f"answered by {', '.join(foreign)}, no NIC of {tenant}" if foreign else ""


def _question_proven(claim: NeighbourClaim, wire: Mapping[str, Wire], nodes: Mapping[str, Node]) -> tuple[CheckVerdict, str]:
    """Judge a question that no stranger heard: its own tenant's server answers, or the gateway does, which proves that answers arrive."""
    node = nodes[claim.source]
    gateways = {str(g) for nic in node.nics if nic.device == claim.device for g in nic.gateways}
    home = any(other.tenant == node.tenant and claim.address in map(str, c.addresses) for other in nodes.values() for c in other.nics)
    if home and not _answers(claim, wire):
        return CheckVerdict.FAIL, "its own tenant's server did not answer"
    if not home and not any(device == claim.device and str(seen.source) in gateways for device, seen in wire.get(claim.source, ())):
        return CheckVerdict.ERROR, "nothing proves it: the gateway did not answer either"
    return CheckVerdict.PASS, ""
