"""Run a verification: open what is needed, run the kinds that are wanted, collect their outcomes. The one place where all parts meet."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.errors import RingfenceError
from infra.outcome import Outcome, Verdict
from ringfence.verify import failures, stacks
from ringfence.verify.inside import guest_state
from ringfence.verify.probes import evidence, orders, session, spoof
from ringfence.verify.probes.orders import Sightings
from ringfence.verify.probes.plan import Plan, Selection
from ringfence.verify.probes.rounds import Field
from ringfence.verify.result import Check, Kind, Result
from ringfence.verify.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from openstack.connection import Connection

    from ringfence.verify.inventory import World
    from ringfence.verify.model import Case

PACKETS = frozenset({Kind.GUEST, Kind.MATRIX, Kind.SPOOF, Kind.STORAGE})
"""Kinds that need a login on the servers."""
NAMELESS = "its name means nothing on this machine, so its address is not known here"


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be verified: which kinds, what part of the matrix, and which of the pairs of tenants ask the API."""

    kinds: frozenset[Kind] = frozenset(Kind)
    selection: Selection = field(default_factory=Selection)
    turn: Turn = field(default_factory=Turn)


@dataclass(slots=True)
class Verification:
    """A verification of a world. ``tell`` learns what is going on, how much of it is done, and how much there is."""

    world: World
    cloud: Connection
    identities: dict[str, stacks.StackFacts]
    tell: Callable[[str, int, int], None] = silent

    def run(self, request: Request) -> Result:
        """Run everything that is wanted. A part that cannot run at all becomes an error in the result, and the others still run."""
        result = Result(tuple(tenant.name for tenant in self.world.tenants), datetime.now(UTC).isoformat(timespec="seconds"))
        parts: dict[Kind, Callable[[Result], None]] = {Kind.CLOUD: self._cloud, Kind.DENIAL: lambda r: self._denial(r, request)}
        for kind, part in parts.items():
            if kind in request.kinds:
                self._timed(result, kind, part)
        if request.kinds & PACKETS:
            self._on_servers(result, request)
        return result

    def _timed(self, result: Result, kind: Kind, part: Callable[[Result], None]) -> None:
        """Run one part, keep its time, and turn what it could not do into an error."""
        started = time.monotonic()
        self.tell(str(kind), 0, 0)
        try:
            with failures.translated(str(kind)):
                part(result)
        except RingfenceError as problem:
            result.checks.append(Check(kind, Outcome(f"{kind} could be checked", Verdict.ERROR, str(problem))))
        result.seconds[str(kind)] = round(time.monotonic() - started, 1)

    def _cloud(self, result: Result) -> None:
        from ringfence.verify.cloud import compare, view  # noqa: PLC0415

        found = view.collect(self.cloud)
        result.checks += [Check(Kind.CLOUD, outcome) for outcome in compare.compare_again(self.world, stacks.all_made, found)]

    def _denial(self, result: Result, request: Request) -> None:
        from ringfence.verify.denial import calls  # noqa: PLC0415

        result.checks += [Check(Kind.DENIAL, outcome) for outcome in calls.run(self.world, self.identities, self.tell, request.turn)]

    def _on_servers(self, result: Result, request: Request) -> None:
        """Log in everywhere and run the parts that need it; without the logins there is one error, and nothing else of them."""
        started = time.monotonic()
        self.tell("logging in", 0, 0)
        with contextlib.ExitStack() as stack:
            try:
                with failures.translated("logging in"):
                    plan, arena = self._log_in(stack)
            except RingfenceError as problem:
                result.checks.append(Check(Kind.GUEST, Outcome("every server could be logged in to", Verdict.ERROR, str(problem))))
                return
            result.seconds["login"] = round(time.monotonic() - started, 1)
            if Kind.GUEST in request.kinds:
                self._timed(result, Kind.GUEST, lambda r: self._guest(r, arena))
            if request.kinds & {Kind.MATRIX, Kind.SPOOF}:
                self._timed(result, Kind.MATRIX, lambda r: self._packets(r, request, plan, arena))
            if Kind.STORAGE in request.kinds:
                self._timed(result, Kind.STORAGE, lambda r: self._storage(r, arena))

    def _log_in(self, stack: contextlib.ExitStack) -> tuple[Plan, Field]:
        outside = stack.enter_context(session.outside())
        node = session.outside_node(outside, self.world.platform_facts["bastion"]["address"]) if outside else None
        world = session.with_outside(self.world, node)
        links = stack.enter_context(session.links(world))
        if outside and node:
            links[node.name] = outside
        plan = Plan(world)
        return plan, Field(plan.nodes, links, plan.ports)

    def _guest(self, result: Result, arena: Field) -> None:
        """Ask every server for its inside, all at the same time, and judge it."""

        def ask(name: str) -> guest_state.Answers | None:
            if name not in {node.name for tenant in self.world.tenants for node in tenant.nodes()}:
                return None
            link = arena.links[name]
            return guest_state.Answers({what: link.run(*command) for what, command in guest_state.COMMANDS.items()})

        answers = arena.each(ask)
        for tenant in self.world.tenants:
            for node in tenant.nodes():
                told = answers[node.name]
                if told is not None:
                    result.checks += [Check(Kind.GUEST, o) for o in guest_state.judge(self.world, tenant, node, told)]

    def _packets(self, result: Result, request: Request, plan: Plan, arena: Field) -> None:
        arena.listen()
        cases = [case for case in plan.cases() if request.selection.wants(case)]
        if Kind.MATRIX in request.kinds:
            if plan.world.outside is None:
                result.checks.append(Check(Kind.MATRIX, Outcome("to and from the internet", Verdict.SKIPPED, session.NO_OUTSIDE)))
            for host in plan.world.nameless:
                result.checks.append(Check(Kind.MATRIX, Outcome(f"to the API on {host}", Verdict.SKIPPED, NAMELESS)))
            done = 0

            def count(more: int) -> None:
                nonlocal done
                done += more
                self.tell("probing", done, len(cases))

            result.checks += [Check.of_line(line) for line in arena.run(cases, count)]
            result.probes, result.probe_seconds = arena.meter.probes, arena.meter.seconds
        if Kind.SPOOF in request.kinds:
            started = time.monotonic()
            self.tell("lying", 0, 0)
            result.checks += [Check(Kind.SPOOF, outcome) for outcome in spoofing(plan, arena, list(plan.cases()))]
            result.seconds[str(Kind.SPOOF)] = round(time.monotonic() - started, 1)

    def _storage(self, result: Result, arena: Field) -> None:
        from ringfence.verify.storage import at_rest  # noqa: PLC0415

        result.checks += [Check(Kind.STORAGE, outcome) for outcome in at_rest.run(self.world, arena, self.tell)]


def spoofing(plan: Plan, arena: Field, cases: Sequence[Case]) -> Iterator[Outcome]:
    """Send the lies with their twins, and the neighbour messages, and judge them by what everybody captured."""
    before = arena.proofs()
    lies = list(spoof.lies(cases, plan.nodes, before.neighbours))
    arena.each(lambda name: arena.send(name, [lie.order(n) for n, lie in enumerate(lies) if lie.source == name], 5.0))
    time.sleep(1.0)
    reports = arena.each(lambda name: orders.report(name, (), arena.seen(name)))
    yield from spoof.judge(lies, Sightings(reports.values()))
    claims = [claim for claim in spoof.claims(plan.nodes) if claim.source in arena.links]

    def ask(name: str) -> None:
        own = [claim for claim in claims if claim.source == name]
        frames = [{"id": n, "kind": "frame", "nic": c.device, "hex": c.frame.hex(), "times": 2} for n, c in enumerate(own)]
        arena.send(name, [*evidence.questions(plan.nodes[name], arena.macs), *frames], 5.0)

    arena.each(ask)
    time.sleep(1.0)
    wire = arena.each(lambda name: orders.report(name, (), arena.seen(name)).wire)
    yield from spoof.judge_claims(claims, wire, plan.nodes)
