"""A network of pretended programs: every flow of the declarations passes, nothing else does, and any program can end at any request."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from infra.errors import Problem
from infra.render.expectation import Expected
from ringfence.verify.model import Layer, NodeRole
from ringfence.verify.probes import frames
from ringfence.verify.probes.evidence import NO_TOKEN
from ringfence.verify.probes.frames import ARP_REPLY, ARP_REQUEST, SOLICITATION, Ends
from ringfence.verify.probes.link import Link, LinkLostError
from ringfence.verify.probes.plan import MatrixPlan
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from ringfence.verify.model import Case, Node, NodeNic

Json = dict[str, Any]
ROUTER_MAC = "fa:16:3e:99:99:99"
PLAN = MatrixPlan(inventory())
CASES = tuple(PLAN.cases())


def is_open(case: Case) -> bool:
    """Tell whether a flow allows a case."""
    return case.expected is Expected.ALLOWED


@dataclass
class Network:
    """Who may send what to whom, what everybody's nic has seen, and whose program ends when.

    ``ends`` maps a node to a request and its number: ``("seen", 2)`` is in the middle of the second one. Nobody answers for ``silent``.
    """

    ends: dict[str, tuple[str, int]] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    bound: dict[str, range] = field(default_factory=dict)
    source_ports: set[int] = field(default_factory=set)
    silent: str = ""
    wire: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Note what the flows allow, by what can be seen of a probe."""
        opened = [case for case in CASES if is_open(case)]
        self.sockets = {(c.source, str(c.target.address), c.protocol, c.port): c.target.node for c in opened if c.layer is Layer.WHOLE}
        self.frames = {(c.source, str(c.target.address), c.protocol, c.port): c.target.node for c in opened if c.layer is Layer.NETWORK}

    def link(self, node: Node) -> PretendedLink:
        """Return a link to a node's program."""
        return PretendedLink(self, node)


class PretendedLink(Link):
    """Answers what the guest's program would."""

    def __init__(self, network: Network, node: Node) -> None:
        self.node, self.network, self.it = node.name, network, node
        self.asked: Counter[str] = Counter()
        self.gone = False

    def call(self, request: Json, timeout: float = 30.0) -> Json:
        """Answer a request, or end in the middle of it."""
        del timeout
        verb = str(request["op"])
        self.asked[verb] += 1
        self.network.source_ports |= {probe["source_port"] for probe in request.get("probes", ()) if probe.get("source_port")}
        if self.gone or self.network.ends.get(self.node) == (verb, self.asked[verb]):
            self.gone = True
            raise LinkLostError(Problem(f"the probe program did not answer {verb!r}", self.node, got="silence"))
        answer: Json = getattr(self, f"_{verb}")(request)
        return answer

    def close(self) -> None:
        """End the program."""
        self.gone = True

    def _run(self, request: Json) -> Json:
        del request
        nics = "".join(f"{nic.device} {nic.mac or '02:00:00:00:00:77'}\n" for nic in self.it.nics)
        return {"code": 0, "out": nics, "err": ""}

    def _state(self, request: Json) -> Json:
        """Tell nothing of the server's inside."""
        del request
        return {}

    def _listen(self, request: Json) -> Json:
        self.network.identities[self.node] = request["identity"]
        return {"failed": [], "bound": [*self.network.bound.get(self.node, ())]}

    def _close(self, request: Json) -> Json:
        del request
        return {}

    def _seen(self, request: Json) -> Json:
        del request
        return {"guest": [], "wire": self.network.wire.pop(self.node, []), "lost": 0}

    def _probe(self, request: Json) -> Json:
        return {"results": [self._outcome(each) for each in request["probes"]]}

    def _outcome(self, order: Json) -> Json:
        result = {"id": order["id"], "outcome": "TIMEOUT", "token": "", "errno": ""}
        if order["kind"] == "frame":
            self._frame(order["nic"], bytes.fromhex(order["hex"]))
            return {**result, "outcome": "SENT"}
        if isinstance(order["id"], list):
            return {**result, "outcome": "OK", "token": self.network.identities[self.node]}
        target = self.network.sockets.get((self.node, order["address"], order["kind"], order["port"]))
        if target is None:
            return {**result, "outcome": "UNREACHABLE" if self._has_no_way(order["address"]) else "TIMEOUT"}
        return {**result, "outcome": "OK", "token": self.network.identities.get(target, "")}

    def _has_no_way(self, address: str) -> bool:
        """Tell whether the server has no route of the address's family."""
        version = 6 if ":" in address else 4
        return self.it.role is NodeRole.SERVER and self.it.nics[0].gateway(version) is None

    def _frame(self, device: str, raw: bytes) -> None:
        """Send a frame, as far as port security lets it: with the NIC's own addresses, and without claims on others."""
        seen = frames.read(raw)
        nic = next(nic for nic in self.it.nics if nic.device == device)
        if seen.kind in {"arp", "nd"}:
            if seen.operation in {ARP_REQUEST, SOLICITATION}:
                self._ask(nic, seen.destination if seen.kind == "arp" else seen.source)
            return
        target = self.network.frames.get((self.node, str(seen.destination), seen.kind, seen.port))
        if target and seen.source in nic.addresses and seen.mac == nic.mac:
            self.network.wire[target].append(("zone0", raw.hex()))

    def _ask(self, nic: NodeNic, wanted: Any) -> None:  # noqa: ANN401 - either family
        """Let the router or the neighbour answer whose address is asked for."""
        if str(wanted) == self.network.silent:
            return
        own = nic.address(wanted.version)
        others = (node for node in PLAN.nodes.values() if node.tenant == self.it.tenant)
        macs = [c.mac for node in others for c in node.nics if wanted in c.addresses and c.label == nic.label]
        for mac in [ROUTER_MAC] if wanted in nic.asked else macs:
            ends = Ends(mac, "02:00:00:00:00:77", wanted, own)  # type: ignore[arg-type]
            raw = frames.advertisement(ends, wanted) if isinstance(wanted, IPv6Address) else frames.arp(ends, ARP_REPLY, NO_TOKEN)
            self.network.wire[self.node].append((nic.device, raw.hex()))
