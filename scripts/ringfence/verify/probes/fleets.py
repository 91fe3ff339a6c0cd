"""Run batches of probes on all nodes at once, with the proofs that make a "no" believable. All I/O goes through the links."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from infra.errors import GuestError
from infra.outcome import CheckVerdict
from ringfence.verify.guest.basics import TOKEN
from ringfence.verify.probes import capture, evidence, orders
from ringfence.verify.probes.link import LinkLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from infra.errors import RingfenceError
    from ringfence.verify.model import Case, Node
    from ringfence.verify.probes.evidence import Line, Proofs
    from ringfence.verify.probes.link import Link
    from ringfence.verify.probes.orders import NodeReport, ProbeOrder

Json = dict[str, Any]
T = TypeVar("T")
CONNECT_SECONDS = 3.5
"""Longer than three SYNs of Linux (0, 1 and 2 or 3 s), each of which has many batch trips of time."""
WIDTH = 400
"""Probes in flight at once on one node: well below 1024 open files, listeners included."""
SIZE = 500
OWN_SECONDS = 10.0
"""Patience with a busy server that probes itself; nothing waits that long when all is well."""
LISTEN_SECONDS = 60.0
BATCH_SECONDS = 180.0
SETTLE_SECONDS = 0.5
FRESH_SECONDS = 2.0
"""How old proofs may be that stand for what was before a batch."""


@dataclass(slots=True)
class Meter:
    """How much was sent, in how much time."""

    probes: int = 0
    seconds: float = 0.0
    batches: int = 0


@dataclass(slots=True)
class Fleet:
    """The nodes with their links, identities and listeners: everything that a batch needs."""

    nodes: dict[str, Node]
    links: dict[str, Link]
    ports: tuple[int, ...]
    further: Mapping[str, tuple[int, ...]] = field(default_factory=dict, kw_only=True)
    """Ports that one node listens on besides, by its name."""
    identities: dict[str, str] = field(default_factory=dict)
    occupied: dict[str, list[Json]] = field(default_factory=dict)
    macs: dict[tuple[str, str], str] = field(default_factory=dict)
    bound: dict[str, frozenset[int]] = field(default_factory=dict)
    lost: dict[str, RingfenceError] = field(default_factory=dict)
    """Nodes that take no part, or no more, with why."""
    meter: Meter = field(default_factory=Meter)
    proven: tuple[float, Proofs] | None = None
    """The proofs after the last batch, and when they were had."""

    def each(self, act: Callable[[str], T]) -> dict[str, T]:
        """Do something on all nodes that are left, at the same time, and return what came of it, by node.

        A node on which it fails is lost from then on: it is in no later batch, and whatever needs it is an error.
        """
        left = self.left()
        found: dict[str, T] = {}
        with ThreadPoolExecutor(max(len(left), 1)) as pool:
            begun = {name: pool.submit(act, name) for name in left}
            try:
                for name, future in begun.items():
                    try:
                        found[name] = future.result()
                    except GuestError as problem:
                        self.lost[name] = problem
            except BaseException:
                self.hang_up()
                raise
        return found

    def left(self) -> list[str]:
        """Return the names of the nodes that still take part."""
        return [name for name in self.links if name not in self.lost]

    def command(self, name: str, *words: str, timeout: float) -> str:
        """Run a command on one node, which is lost when it does not answer. Raises :class:`GuestError`, for a lost node at once."""
        if name in self.lost:
            raise LinkLostError(*self.lost[name].problems)
        try:
            return self.links[name].run(*words, timeout=timeout)
        except LinkLostError as problem:
            self.lost[name] = problem
            raise

    def hang_up(self) -> None:
        """End all programs, so that nobody waits for them any longer."""
        for link in self.links.values():
            link.close()

    def why_lost(self) -> dict[str, str]:
        """Return the lost nodes, each with its reason in one line."""
        return {name: shortly(problem) for name, problem in self.lost.items()}

    def listen(self) -> None:
        """Open the listeners on every address of every node and give each node its identity."""
        self.identities = {name: secrets.token_hex(TOKEN // 2) for name in self.links}
        self.occupied = self.each(self._listen_on)

    def listen_again(self, name: str) -> None:
        """Close what a node listens with and open it anew."""
        self.links[name].call({"op": "close"})
        self.occupied[name] = self._listen_on(name)

    def _listen_on(self, name: str) -> list[Json]:
        self.macs.update({(name, device): mac for device, mac in nics(self.links[name]).items()})
        devices = [nic.device for nic in self.nodes[name].nics]
        request = {"op": "listen", "identity": self.identities[name], "listeners": self.wanted(name), "nics": devices}
        told = self.links[name].call({**request, "filter": capture.program()}, LISTEN_SECONDS)
        failed: list[Json] = told["failed"]
        self.bound[name] = frozenset(told["bound"])
        return failed

    def wanted(self, name: str) -> list[Json]:
        """Return the listeners that a node is asked for."""
        return evidence.listeners(self.nodes[name], (*self.ports, *self.further.get(name, ())))

    def run(self, cases: Iterable[Case], tell: Callable[[int], None]) -> Iterator[Line]:
        """Run the cases in batches and yield them judged; ``tell`` learns how many are done after each batch."""
        self.proven = None  # whatever was changed since the last run, it is not proven to be there
        for batch in orders.batches(cases, SIZE):
            started = time.monotonic()
            yield from self.told_apart(batch)
            self.meter.batches += 1
            self.meter.seconds += time.monotonic() - started
            tell(len(batch))

    def told_apart(self, batch: list[Case]) -> Iterator[Line]:
        """Run one batch without what needs a lost node. When a node is lost meanwhile, the others' open questions are asked once more."""
        while batch:
            why = self.why_lost()
            reasons = [evidence.loss(case, why, self.nodes) for case in batch]
            yield from (evidence.not_tried(case, reason) for case, reason in zip(batch, reasons, strict=True) if reason)
            possible = [case for case, reason in zip(batch, reasons, strict=True) if not reason]
            batch = []
            for line in self.one_batch(possible) if possible else ():
                if self.lost.keys() > why.keys() and line.outcome.verdict is CheckVerdict.ERROR and not line.proof.lost:
                    batch.append(line.case)
                else:
                    yield line

    def one_batch(self, batch: list[Case]) -> list[Line]:
        """Run one batch: proofs, probes, proofs again, and what everybody saw."""
        started = time.monotonic()
        busy = frozenset(self.ports).union(*self.bound.values())
        given = tuple(orders.orders(batch, lambda: secrets.token_hex(TOKEN // 2), busy, secrets.randbelow(len(orders.PORTS))))
        by_node: dict[str, list[ProbeOrder]] = defaultdict(list)
        for order in given:
            by_node[order.node].append(order)
        before = self.proofs_before()
        told = self.each(lambda name: self.probes(name, by_node[name], before))
        time.sleep(SETTLE_SECONDS)
        reports = tuple(self.each(lambda name: orders.report(name, told.get(name, ()), self.seen(name))).values())
        after = self.proofs()
        self.proven = (time.monotonic(), after)
        self.meter.probes += len(given)
        happened = evidence.Batch(given, reports, before, after, time.monotonic() - started, self.why_lost())
        return evidence.lines(happened, self.nodes, {token: name for name, token in self.identities.items()})

    def probes(self, name: str, given: list[ProbeOrder], before: Proofs) -> list[Json]:
        """Give a node its probes and wait for the results; a frame without a known next hop is not sent and has no result."""
        return self.send(name, [text for order in given if (text := order.wire(before.neighbours, self.macs)) is not None], CONNECT_SECONDS)

    def send(self, name: str, probes: list[Json], timeout: float) -> list[Json]:
        """Give a node ready-made probes and wait for the results."""
        request = {"op": "probe", "probes": probes, "timeout": timeout, "width": WIDTH}
        results: list[Json] = self.links[name].call(request, BATCH_SECONDS)["results"]
        return results

    def seen(self, name: str) -> Json:
        """Ask a node what it saw since it was last asked."""
        return self.links[name].call({"op": "seen"}, BATCH_SECONDS)

    def proofs_before(self) -> Proofs:
        """Return the proofs after the batch that has only just ended: one batch's end is the next one's beginning. Else have new ones."""
        proven, self.proven = self.proven, None
        return proven[1] if proven and time.monotonic() - proven[0] < FRESH_SECONDS else self.proofs()

    def proofs(self) -> Proofs:
        """Let every node reach its own listeners, and let every NIC ask for its gateways. Forgets what was seen before."""

        def ask(name: str) -> NodeReport:
            self.seen(name)
            own = evidence.own_probes(self.wanted(name), self.occupied[name])
            results = self.send(name, [*own, *evidence.questions(self.nodes[name], self.macs)], OWN_SECONDS)
            time.sleep(SETTLE_SECONDS)
            return orders.report(name, results, self.seen(name))

        return evidence.proofs(self.each(ask).values(), self.occupied)


def shortly(problem: RingfenceError) -> str:
    """Return an error in one line."""
    first = problem.problems[0]
    return f"{first.what} ({first.got})" if first.got else first.what


def nics(link: Link) -> dict[str, str]:
    """Return the MAC of every NIC of a node, by device."""
    text = link.run("sh", "-c", "cd /sys/class/net; for d in *; do echo $d $(cat $d/address); done")
    return {device: mac for device, _, mac in (line.partition(" ") for line in text.splitlines()) if mac}
