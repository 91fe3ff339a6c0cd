"""Turn cases into orders for the guests' program, and what it tells back into observations. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringfence.verify.model import Case, Layer, Observation, ProbeResult, Reach, SeenFrame
from ringfence.verify.probes import frames
from ringfence.verify.probes.frames import Ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Json = dict[str, Any]
PORTS = range(10_000, 32_000)
"""Source ports: below what Linux hands out by itself, and each used once, so that a SYN on the wire names its probe."""
COPIES = 3
ECHO_REPLIES = {0, 129}
TOKEN = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class ProbeOrder:
    """One probe that is given to a node: its id in the answer, the case it serves, its token and source port."""

    number: int
    node: str
    case: Case
    token: str
    source_port: int

    def wire(self, next_macs: Mapping[tuple[str, str, str], str], own_macs: Mapping[tuple[str, str], str]) -> Json | None:
        """Return the order as the guest's program reads it, ``None`` when the next hop never answered.

        ``next_macs`` maps (node, device, address) to the MAC that answers there.
        """
        case = self.case
        if case.via is None:
            order = {"kind": case.protocol, "address": str(case.target.address), "port": case.port, "source_port": self.source_port}
            return {"id": self.number, "token": self.token, "times": COPIES, **order}
        mac = case.via.mac or own_macs[self.node, case.via.nic]
        next_mac = case.via.next_mac or next_macs.get((self.node, case.via.nic, str(case.via.next_hop)), "")
        if not next_mac:
            return None
        ends = Ends(mac, next_mac, case.via.source, case.target.address)
        raw = frames.probe(ends, case.protocol, (self.source_port, case.port), self.token)
        return {"id": self.number, "kind": "frame", "nic": case.via.nic, "hex": raw.hex(), "times": COPIES}


def orders(cases: Iterable[Case], token: Callable[[], str], busy: Iterable[int], start: int = 0) -> Iterator[ProbeOrder]:
    """Number the cases and give each a token and a source port that nobody has.

    ``busy`` are the ports that sockets of the nodes have: no connection can begin there. ``start`` shifts the source ports: the same
    connection must not come again while a firewall on the way still remembers the last one, for then it would be judged by that memory
    and not by the rules.
    """
    taken = frozenset(busy)
    usable = [port for port in PORTS if port not in taken]
    for number, case in enumerate(cases):
        yield ProbeOrder(number, case.source, case, token(), usable[(start + number) % len(usable)])


def batches(cases: Iterable[Case], size: int) -> Iterator[list[Case]]:
    """Split cases into batches in which no source has more than ``size`` of them; sources work at the same time."""
    waiting: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        waiting[case.source].append(case)
    while any(waiting.values()):
        yield [case for source in waiting for case in waiting[source][:size]]
        waiting = defaultdict(list, {source: left[size:] for source, left in waiting.items()})


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What one node told after a batch: the results of its own probes, and what it saw of everybody's."""

    node: str
    results: tuple[Json, ...] = ()
    wire: tuple[tuple[str, SeenFrame], ...] = ()
    guest: tuple[Json, ...] = ()
    lost: int = 0


def report(node: str, results: Iterable[Json], seen: Json) -> NodeReport:
    """Read a node's answers; frames that it sent itself and that came back are kept, they are observations as well."""
    wire = tuple((device, frames.read(bytes.fromhex(text))) for device, text in seen["wire"])
    return NodeReport(node, tuple(results), wire, tuple(seen["guest"]), seen["lost"])


class Observations:
    """Who saw which probe, by token, and by source port for the SYNs that the kernel makes, which carry no token."""

    def __init__(self, reports: Iterable[NodeReport]) -> None:
        self._by_token: dict[str, list[Observation]] = defaultdict(list)
        self._by_ports: dict[tuple[int, int], list[Observation]] = defaultdict(list)
        for told in reports:
            for device, seen in told.wire:
                layer = "reply" if seen.kind == "icmp" and seen.operation in ECHO_REPLIES else "wire"
                observation = Observation(told.node, layer, device, seen)
                if seen.token:
                    self._by_token[seen.token].append(observation)
                elif seen.kind == "tcp":
                    self._by_ports[seen.source_port, seen.port].append(observation)
            for note in told.guest:
                self._by_token[note["token"]].append(Observation(told.node, "guest"))

    def of(self, order: ProbeOrder) -> tuple[Observation, ...]:
        """Return the distinct observations of a probe."""
        observations = list(self._by_token.get(order.token, ()))
        if order.case.layer is Layer.WHOLE and order.case.protocol == "tcp":
            observations += self._by_ports.get((order.source_port, order.case.port), ())
        return tuple(dict.fromkeys(observations))

    def of_token(self, token: str) -> tuple[Observation, ...]:
        """Return the observations of a token."""
        return tuple(dict.fromkeys(self._by_token.get(token, ())))


def probe_result(result: Json | None, observations: tuple[Observation, ...], identities: Mapping[str, str]) -> ProbeResult:
    """Put a probe's result and its observations together. ``identities`` maps tokens of listeners to nodes."""
    if result is None:
        return ProbeResult(Reach.ERROR, errno="no result", observations=observations)
    owner = identities.get(result["token"], "")
    reach = Reach(result["outcome"])
    if reach is Reach.OK and not owner and not TOKEN.fullmatch(result["token"]):
        # An echo reply and a service of the tenant's own name nobody: whoever saw the request on its wire is the one who answered.
        witnesses = {observation.node for observation in observations if observation.layer == "wire"}
        owner = witnesses.pop() if len(witnesses) == 1 else ""
    return ProbeResult(reach, owner, result["errno"], observations)
