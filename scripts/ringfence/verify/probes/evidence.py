"""The positive twins of a batch: listeners that answered their own server, NICs that heard their gateways, flows that passed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from infra.outcome import CheckVerdict
from infra.render.expectation import Expected
from ringfence.verify.model import Layer, Place, ProbeProof, ProbeResult, Reach
from ringfence.verify.probes import frames
from ringfence.verify.probes.frames import ADVERTISEMENT, ARP_REPLY, ARP_REQUEST, BROADCAST, Ends
from ringfence.verify.probes.judge import judge
from ringfence.verify.probes.orders import Observations, probe_result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infra.outcome import Outcome
    from ringfence.verify.model import Case, Node, NodeNic, SeenFrame
    from ringfence.verify.probes.orders import NodeReport, ProbeOrder

Json = dict[str, Any]
Listener = tuple[str, str, str, int]
"""(node, address, protocol, port)"""
NO_TOKEN = "0" * 16
OWN_COPIES = 8
BOUND = "bound"
"""The guest's program says so of a listener that shares its port with one on another NIC: it is up, but not to be reached from within."""

ROUTERS = frozenset({Place.GATEWAY, Place.ROUTER})
TAKEN = "EADDRINUSE"
MANAGEMENT_DEVICE = "mgmt0"


@dataclass(frozen=True, slots=True)
class Proofs:
    """What was proven at one moment, before or after a batch's probes."""

    listeners: frozenset[Listener] = frozenset()
    neighbours: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(node, device, address that was asked for) -> the MAC that answered."""

    @property
    def nics(self) -> frozenset[tuple[str, str]]:
        """NICs (node, device) that sent a question and captured its answer."""
        return frozenset((node, device) for node, device, _ in self.neighbours)

    @property
    def addresses(self) -> frozenset[str]:
        """Addresses that somebody's question was answered for."""
        return frozenset(address for _, _, address in self.neighbours)


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that is known of one batch."""

    orders: tuple[ProbeOrder, ...]
    reports: tuple[NodeReport, ...]
    before: Proofs
    after: Proofs
    seconds: float
    lost: Mapping[str, str] = field(default_factory=dict)
    """Nodes that took no part to the end, with why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One case after its batch: what was observed, what proves it, what came of it."""

    case: Case
    observation: ProbeResult
    proof: ProbeProof
    outcome: Outcome


def listeners(node: Node, ports: Iterable[int]) -> list[Json]:
    """Return what a node listens on: every probed port, TCP and UDP, at every address of every NIC."""
    return [
        {"protocol": protocol, "address": str(address), "port": port, "device": nic.device}
        for nic in node.nics
        for address in nic.addresses
        for protocol in ("tcp", "udp")
        for port in ports
    ]


def own_probes(wanted: Iterable[Json], occupied: Iterable[Json]) -> Iterator[Json]:
    """Yield the probes of a node at its own listeners."""
    bound = {listener_key(one) for one in occupied if one["errno"] == BOUND}
    for one in wanted:
        if listener_key(one) not in bound:
            address, protocol, port = listener_key(one)
            yield {
                "id": [address, protocol, port],
                "kind": protocol,
                "address": address,
                "port": port,
                "token": NO_TOKEN,
                "times": OWN_COPIES,
            }


def listener_key(one: Json) -> tuple[str, str, int]:
    """Return (address, protocol, port) of a listener as the guest's program writes it."""
    return one["address"], one["protocol"], one["port"]


def questions(node: Node, macs: Mapping[tuple[str, str], str]) -> Iterator[Json]:
    """Yield the ARP requests and neighbour solicitations of every NIC for its gateways and neighbours."""
    for nic in node.nics:
        mac = nic.mac or macs[node.name, nic.device]
        for router in nic.asked:
            own = nic.address(router.version)
            if own is not None:
                raw = question(mac, own, router)
                yield {"id": "question", "kind": "frame", "nic": nic.device, "hex": raw.hex(), "times": 2}


def question(mac: str, own: IPv4Address | IPv6Address, wanted: IPv4Address | IPv6Address, token: str = NO_TOKEN) -> bytes:
    """Ask who has an address."""
    if isinstance(own, IPv6Address) and isinstance(wanted, IPv6Address):
        return frames.solicitation(mac, own, wanted)
    return frames.arp(Ends(mac, BROADCAST, own, wanted), ARP_REQUEST, token)


def is_answer(seen: SeenFrame) -> bool:
    """Tell whether a captured frame answers a question."""
    return (seen.kind, seen.operation) in {("arp", ARP_REPLY), ("nd", ADVERTISEMENT)}


def _is_management(one: Json) -> bool:
    """Tell a port that is taken on the management nic: by the daemon through which this very conversation is held, or by a service.

    The first is bound to that nic, so the server cannot reach it from within; a service does not answer what is none of its protocol.
    """
    return (one["errno"], one["device"]) == (TAKEN, MANAGEMENT_DEVICE)


def proofs(reports: Iterable[NodeReport], occupied: Mapping[str, Iterable[Json]]) -> Proofs:
    """Read what the own probes and the questions came to.

    A listener counts when the own server's connection to it came back; a service of the tenant's that has the port counts as well, for
    somebody is at home.
    """
    up: set[Listener] = set()
    heard: dict[tuple[str, str, str], str] = {}
    for told in reports:
        for result in told.results:
            if isinstance(result["id"], list) and result["outcome"] == Reach.OK:
                address, protocol, port = result["id"]
                up.add((told.node, address, protocol, port))
        heard.update({(told.node, device, str(seen.source)): seen.mac for device, seen in told.wire if is_answer(seen)})
        taken = occupied.get(told.node, ())
        up.update((told.node, *listener_key(one)) for one in taken if one["errno"] == BOUND or _is_management(one))
    return Proofs(frozenset(up), heard)


def lines(happened: Batch, nodes: Mapping[str, Node], identities: Mapping[str, str]) -> list[Line]:
    """Judge all cases of a batch, the allowed ones first, because they are the twins of the others."""
    observations = Observations(happened.reports)
    results = {result["id"]: result for told in happened.reports for result in told.results}
    seen = {order.number: probe_result(results.get(order.number), observations.of(order), identities) for order in happened.orders}
    twins: dict[tuple[str, Layer], list[Case]] = {}
    judged: dict[int, Line] = {}
    for order in sorted(happened.orders, key=lambda order: order.case.expected is not Expected.ALLOWED):
        case = order.case
        proof = _proof(case, happened, nodes, twins)
        outcome = judge(case, seen[order.number], proof)
        if case.expected is Expected.ALLOWED and outcome.verdict is CheckVerdict.PASS:
            twins.setdefault((case.source, case.layer), []).append(case)
        judged[order.number] = Line(case, seen[order.number], proof, outcome)
    return [judged[number] for number in sorted(judged)]


def _proof(case: Case, happened: Batch, nodes: Mapping[str, Node], twins: Mapping[tuple[str, Layer], list[Case]]) -> ProbeProof:
    """Collect what proves a "no"."""
    missing = tuple(f"{told.node} lost {told.lost} captured frames" for told in happened.reports if told.lost)
    return ProbeProof(
        sender=_sender(case, happened, nodes, twins),
        listener=_listener(case, happened, nodes),
        receiver=_receiver(case, happened, nodes),
        seconds=happened.seconds,
        missing=missing,
        lost=loss(case, happened.lost, nodes),
    )


def loss(case: Case, lost: Mapping[str, str], nodes: Mapping[str, Node]) -> str:
    """Say which of those that a case needs take no part, and why; nothing when all do.

    A router has no program. That it lives is known from whoever asks for its address, so one of these is needed.
    """
    if not lost:
        return ""
    gone = [name for name in dict.fromkeys((case.source, case.target.node)) if name in lost]
    if case.target.place in ROUTERS:
        asking = [node.name for node in nodes.values() if any(case.target.address in nic.asked for nic in node.nics)]
        gone += asking if asking and lost.keys() >= set(asking) else []
    return "; ".join(f"{name} takes no part: {lost[name]}" for name in dict.fromkeys(gone))


def not_tried(case: Case, lost: str) -> Line:
    """Return the line of a case that nobody could try, with why."""
    seen, proof = ProbeResult(Reach.ERROR, errno="not tried"), ProbeProof(lost=lost)
    return Line(case, seen, proof, judge(case, seen, proof))


def _sender(case: Case, happened: Batch, nodes: Mapping[str, Node], twins: Mapping[tuple[str, Layer], list[Case]]) -> str:
    """Name the source's best twin: an allowed flow of the same protocol, any allowed flow, or its listener and its NIC."""
    passed = sorted(twins.get((case.source, case.layer), ()), key=lambda twin: twin.protocol != case.protocol)
    if passed:
        return passed[0].name
    nic = case.via.nic if case.via else nodes[case.source].nics[0].device
    # The host outside has no gateway to ask; the bastion's and the servers' NICs do.
    heard = (case.source, nic) in happened.before.nics & happened.after.nics or not any(c.gateways for c in nodes[case.source].nics)
    if case.layer is Layer.NETWORK:
        return f"{case.source} {nic} hears its gateway" if heard else ""
    own = any(node == case.source and case.protocol in {protocol, "icmp"} for node, _, protocol, _ in happened.after.listeners)
    return f"{case.source} reaches its own listener and {nic} hears its gateway" if own and heard else ""


def _listener(case: Case, happened: Batch, nodes: Mapping[str, Node]) -> bool | None:
    """Tell whether the target's listener was up before and after; ``None`` for ICMP and for targets without one."""
    if not case.target.node or case.protocol == "icmp":
        return None
    address = case.target.address
    if case.target.place is Place.PUBLIC:
        address = nodes[case.target.node].nics[0].addresses[0]
    if case.target.place is Place.BASTION:
        address = nodes[case.target.node].nics[0].addresses[0]
    return (case.target.node, str(address), case.protocol, case.port) in happened.before.listeners & happened.after.listeners


def _receiver(case: Case, happened: Batch, nodes: Mapping[str, Node]) -> bool:
    """Tell whether the target would have seen it: its NIC hears its gateway, or, without a program there, it answers its neighbours."""
    both = happened.before.nics & happened.after.nics
    if case.target.node:
        nic = _target_nic(case, nodes)
        return (case.target.node, nic.device) in both or not nic.gateways
    if case.target.place in ROUTERS:
        return str(case.target.address) in happened.before.addresses & happened.after.addresses
    # Nobody is meant to serve the metadata address or the API to a tenant: that nobody answers is what is claimed.
    return True


def _target_nic(case: Case, nodes: Mapping[str, Node]) -> NodeNic:
    return nodes[case.target.node].nic(case.target.label)
