"""Run a verification: open what is needed, run the kinds that are wanted, collect their outcomes. The one place where all parts meet."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.drift import comparison, raw, stack
from infra.drift.ovn import comparison as ovn
from infra.errors import GuestError, RingfenceError
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify import failures, stacks
from ringfence.verify.cloud import view
from ringfence.verify.dataplane import northbound
from ringfence.verify.denial import calls
from ringfence.verify.inside import asking, controls, drift, expected, guest_state, knowing
from ringfence.verify.probes import evidence, orders, session, spoof
from ringfence.verify.probes.fleets import Fleet
from ringfence.verify.probes.orders import Observations
from ringfence.verify.probes.plan import MatrixPlan, Selection
from ringfence.verify.result import USUAL, Check, Kind, Result
from ringfence.verify.storage import at_rest, pools
from ringfence.verify.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from openstack.connection import Connection

    from infra.drift.environment import Environment
    from infra.drift.found import Found
    from infra.drift.ovn.northbound import Northbound
    from infra.drift.raw import Pools
    from ringfence.verify.inventory import Inventory
    from ringfence.verify.model import Case
    from ringfence.verify.probes.link import Link

PACKETS = frozenset({Kind.GUEST, Kind.HARDENING, Kind.MATRIX, Kind.SPOOF, Kind.STORAGE})
"""Kinds that need a login on the servers."""
SETTLING_SECONDS = 5.0
"""How long Neutron has to write into OVN what it has just recorded."""
NAMELESS = "its name means nothing on this machine, so its address is not known here"


def now() -> str:
    """Return the time, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be verified: which kinds, what part of the matrix, and which of the pairs of tenants ask the API.

    ``reading``: nothing is written, in no server either, so of what is stored the headers are read alone.
    """

    kinds: frozenset[Kind] = USUAL
    selection: Selection = field(default_factory=Selection)
    turn: Turn = field(default_factory=Turn)
    reading: bool = False


@dataclass(slots=True)
class Verification:
    """A verification of an inventory. ``tell`` learns what is going on, how much of it is done, and how much there is."""

    inventory: Inventory
    cloud: Connection
    identities: dict[str, stacks.StackFacts]
    tell: Callable[[str, int, int], None] = silent
    cleaned: list[str] = field(default_factory=list)
    """What was closed when the verification was interrupted."""
    listing: Found | None = None
    """What the services told last."""
    compared: Found | None = None
    """What they had told when part ``cloud`` compared it."""

    def run(self, request: Request) -> Result:
        """Run everything that is wanted. A part that cannot run at all becomes an error in the result, and the others still run."""
        result = Result(tuple(tenant.name for tenant in self.inventory.tenants), now(), asked=request.kinds)
        result.zones = {name: f"{node.tenant}/{node.nics[0].label}" for name, node in self.inventory.nodes().items()}
        parts: dict[Kind, Callable[[Result], None]] = {
            Kind.STACK: self._stack,
            Kind.CLOUD: self._cloud,
            Kind.DATA_PLANE: self._data_plane,
            Kind.DENIAL: lambda r: self._denial(r, request),
        }
        if request.reading:
            parts[Kind.STORAGE] = lambda r: self._storage(r, None)
        aside = [(kind, part) for kind, part in parts.items() if kind in request.kinds]
        on_servers = request.kinds & PACKETS - parts.keys()
        with ThreadPoolExecutor(1) as pool:
            # Where nothing is written that one of the two could see of the other, servers are logged in to meanwhile.
            beside = [pool.submit(self._all, result, aside)] if request.reading else []
            if not beside:
                self._all(result, aside)
            if on_servers:
                self._on_servers(result, request)
            for part in beside:
                part.result()
        result.finished = now()
        return result

    def _all(self, result: Result, parts: Iterable[tuple[Kind, Callable[[Result], None]]]) -> None:
        for kind, part in parts:
            self._timed(result, kind, part)

    def _timed(self, result: Result, kind: Kind, part: Callable[[Result], None]) -> None:
        """Run one part, keep its time, and turn what it could not do into an error."""
        started = time.monotonic()
        self.tell(str(kind), 0, 0)
        attempted(result, kind, part)
        result.seconds[str(kind)] = round(time.monotonic() - started, 1)

    def _cloud(self, result: Result) -> None:
        self.compared = self._found()
        outcomes = comparison.compare_again(self.inventory, stacks.all_made, self.compared)
        result.checks += [Check(Kind.CLOUD, outcome) for outcome in outcomes]

    def _stack(self, result: Result) -> None:
        compare_stacks(result, self.inventory)

    def _found(self) -> Found:
        """Ask the services for all that there is."""
        self.listing = view.collect(self.cloud, view.Parties.of(self.inventory, self.identities))
        return self.listing

    def _data_plane(self, result: Result) -> None:
        """Compare what OVN holds with what Neutron says; both are asked once more, a little later, if anything differs."""
        through = northbound.prefix()
        if not through:
            for name in (names.PLATFORM, *(tenant.name for tenant in self.inventory.tenants)):
                result.checks.append(Check(Kind.DATA_PLANE, Outcome(f"{name} data plane", CheckVerdict.SKIPPED, northbound.SKIP, name)))
            return

        def again() -> tuple[Found, Northbound]:
            time.sleep(SETTLING_SECONDS)
            return self._found(), northbound.listed(through)

        outcomes = ovn.compare_twice(self.inventory, self.listing or self._found(), northbound.listed(through), again)
        result.checks += [Check(Kind.DATA_PLANE, outcome) for outcome in outcomes]

    def _denial(self, result: Result, request: Request) -> None:
        result.checks += [Check(Kind.DENIAL, outcome) for outcome in calls.run(self.inventory, self.identities, self.tell, request.turn)]

    def _on_servers(self, result: Result, request: Request) -> None:
        """Log in everywhere and run the parts that need it; whoever cannot be logged in to is an error of the checks that need them."""
        started = time.monotonic()
        self.tell("logging in", 0, 0)
        links: dict[str, Link] = {}
        try:
            with session.logins(self.inventory) as made:
                links = made.links
                result.seconds["login"] = round(time.monotonic() - started, 1)
                self._logged_in(result, request, made)
        except KeyboardInterrupt:
            self.cleaned.append(f"{len(links)} logins were closed, and with them the probe programs and their listeners ended")
            raise

    def _logged_in(self, result: Result, request: Request, made: session.Logins) -> None:
        plan = MatrixPlan(session.with_outside(self.inventory, made.outside))
        fleet = Fleet(plan.nodes, made.links, plan.ports, lost=made.lost, further=plan.further)
        if Kind.GUEST in request.kinds:
            self._timed(result, Kind.GUEST, lambda r: self._guest(r, fleet))
        if Kind.HARDENING in request.kinds:
            self._timed(result, Kind.HARDENING, lambda r: self._hardening(r, fleet))
        if request.kinds & {Kind.MATRIX, Kind.SPOOF}:
            self._timed(result, Kind.MATRIX, lambda r: self._packets(r, request, plan, fleet))
        if Kind.STORAGE in request.kinds and not request.reading:
            self._timed(result, Kind.STORAGE, lambda r: self._storage(r, fleet))

    def _guest(self, result: Result, fleet: Fleet) -> None:
        """Ask every server for its inside, all at the same time, and judge it."""
        servers = {node.name: (tenant, node) for tenant in self.inventory.tenants for node in tenant.nodes()}
        services = self.inventory.services()
        platforms = [self.inventory.bastion(), services] if services else []
        asked = {*servers, *(node.name for node in platforms)}
        answers = fleet.each(lambda name: asking.ask(fleet.links[name]) if name in asked else None)
        for name, (tenant, node) in servers.items():
            told = answers.get(name) or guest_state.Answers({}, dict.fromkeys(guest_state.COMMANDS, fleet.lost.get(name)))
            result.checks += [Check(Kind.GUEST, outcome) for outcome in guest_state.judge(self.inventory, tenant, node, told)]
        for node in platforms:
            told = answers.get(node.name) or guest_state.Answers({}, dict.fromkeys(guest_state.COMMANDS, fleet.lost.get(node.name)))
            result.checks += [Check(Kind.GUEST, outcome) for outcome in guest_state.judge_platform(self.inventory, node, told)]
        self._drift(result, fleet)

    def _drift(self, result: Result, fleet: Fleet) -> None:
        """Ask every server for what the kernel and its files tell, all at the same time, and judge it by the image and the declarations."""
        known, services = knowing.known(self.inventory), self.inventory.services()
        wanted = expected.of_all(self.inventory, [self.inventory.bastion(), services] if services else [])
        told = fleet.each(lambda name: asking.ask_state(fleet.links[name], known) if name in wanted else None)
        for name, (owner, ought) in wanted.items():
            answer = told.get(name) or fleet.lost.get(name) or GuestError.of("the server was not asked", where=name, expected="a login")
            result.checks += [Check(Kind.GUEST, outcome) for outcome in drift.judge(ought, known, answer, owner)]

    def _hardening(self, result: Result, fleet: Fleet) -> None:
        result.checks += [Check(Kind.HARDENING, *judged) for judged in controls.look(self.inventory, fleet)]

    def _packets(self, result: Result, request: Request, plan: MatrixPlan, fleet: Fleet) -> None:
        fleet.listen()
        if Kind.MATRIX in request.kinds:
            self._matrix(result, [case for case in plan.cases() if request.selection.wants(case)], fleet)
        if Kind.SPOOF in request.kinds:
            started = time.monotonic()
            self.tell("spoofing", 0, 0)
            result.checks += [Check(Kind.SPOOF, outcome) for outcome in spoofing(plan, fleet, list(plan.cases()))]
            result.checks += self._lost(Kind.SPOOF, fleet)
            result.seconds[str(Kind.SPOOF)] = round(time.monotonic() - started, 1)

    def _matrix(self, result: Result, cases: Sequence[Case], fleet: Fleet) -> None:
        if session.OUTSIDE not in fleet.nodes:
            lost = fleet.lost.get(session.OUTSIDE)
            verdict, reason = (CheckVerdict.ERROR, str(lost)) if lost else (CheckVerdict.SKIPPED, session.NO_OUTSIDE)
            result.checks.append(Check(Kind.MATRIX, Outcome("to and from the internet", verdict, reason)))
        for host in self.inventory.nameless:
            result.checks.append(Check(Kind.MATRIX, Outcome(f"to the API on {host}", CheckVerdict.SKIPPED, NAMELESS)))
        done = 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            self.tell("probing", done, len(cases))

        for line in fleet.run(cases, count):
            result.checks.append(Check.of_line(line))
        result.checks += self._lost(Kind.MATRIX, fleet)
        result.probes, result.probe_seconds = fleet.meter.probes, fleet.meter.seconds

    def _lost(self, kind: Kind, fleet: Fleet) -> list[Check]:
        """Name every node that took no part, or not to the end, once, with the whole reason."""
        tenants = {tenant.name for tenant in self.inventory.tenants}
        homes = {name: name.partition("/")[0] for name in fleet.lost if name in fleet.nodes}
        return [
            Check(kind, Outcome(f"{name} takes part", CheckVerdict.ERROR, str(fleet.lost[name]), home if home in tenants else ""))
            for name, home in homes.items()
        ]

    def _storage(self, result: Result, fleet: Fleet | None) -> None:
        result.checks += [Check(Kind.STORAGE, outcome) for outcome in at_rest.run(self.inventory, fleet, self.tell)]
        if prefix := os.environ.get(at_rest.VARIABLE, ""):
            with failures.translated("listing the raw storage"):
                result.checks += [Check(Kind.STORAGE, outcome) for outcome in self._stored(prefix)]

    def _stored(self, prefix: str) -> Iterator[Outcome]:
        """Compare what is stored with what the services know, twice if anything differs: both change while they are listed."""

        def listed() -> tuple[Found, Pools]:
            stored = pools.listed(prefix, self.cloud.image)
            return self._found(), stored

        def again() -> tuple[Found, Pools]:
            time.sleep(SETTLING_SECONDS)
            return listed()

        return raw.compare_twice(*listed(), again)


def attempted(result: Result, kind: Kind, part: Callable[[Result], None]) -> None:
    """Run a part; what it could not do becomes an error in the result."""
    try:
        with failures.translated(str(kind)):
            part(result)
    except RingfenceError as problem:
        result.checks.append(Check(kind, Outcome(f"{kind} could be checked", CheckVerdict.ERROR, str(problem))))


def compare_stacks(result: Result, environment: Environment) -> None:
    """Compare the declarations with what the stacks were last brought up with."""
    result.checks += [Check(Kind.STACK, requirement.outcome()) for requirement in stack.requirements(environment)]


def spoofing(plan: MatrixPlan, fleet: Fleet, cases: Sequence[Case]) -> Iterator[Outcome]:
    """Send the spoofed frames with their twins, and the neighbour messages, and judge them by what everybody captured."""
    before = fleet.proofs()
    spoofed = list(spoof.spoofed_frames(cases, plan.nodes, before.neighbours))
    fleet.each(lambda name: fleet.send(name, [one.order(n) for n, one in enumerate(spoofed) if one.source == name and one.frame], 5.0))
    time.sleep(1.0)
    reports = fleet.each(lambda name: orders.report(name, (), fleet.seen(name)))
    yield from spoof.judge(spoofed, Observations(reports.values()), fleet.why_lost())
    claims = list(spoof.claims(plan.nodes))

    def ask(name: str) -> None:
        own = [claim for claim in claims if claim.source == name]
        frames = [{"id": n, "kind": "frame", "nic": c.device, "hex": c.frame.hex(), "times": 2} for n, c in enumerate(own)]
        fleet.send(name, [*evidence.questions(plan.nodes[name], fleet.macs), *frames], 5.0)

    fleet.each(ask)
    time.sleep(1.0)
    wire = fleet.each(lambda name: orders.report(name, (), fleet.seen(name)).wire)
    yield from spoof.judge_claims(claims, wire, plan.nodes, fleet.why_lost())
