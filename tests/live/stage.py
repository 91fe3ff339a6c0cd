"""A verification that stays open: the tests of layers and of sabotage change something, look at one part of it, and change it back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.drift import comparison
from infra.dynamic import clouds
from infra.outcome import CheckVerdict, Outcome
from infra.ssh.access import PATIENCE_SECONDS
from ringfence.verify.cloud import view
from ringfence.verify.denial import calls
from ringfence.verify.inside import asking, guest_state
from ringfence.verify.model import NodeRole
from ringfence.verify.probes import session
from ringfence.verify.probes.fleets import Fleet
from ringfence.verify.probes.plan import MatrixPlan, Selection
from ringfence.verify.run import spoofing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.connection import Connection

    from ringfence.verify.inventory import TenantInventory
    from ringfence.verify.model import Case, Reach
    from ringfence.verify.open import Opened
    from ringfence.verify.probes.evidence import Line
    from ringfence.verify.probes.link import Link


@dataclass
class Stage:
    """Logins on all servers, the listeners, and the cloud as admin."""

    opened: Opened
    fleet: Fleet
    plan: MatrixPlan

    @classmethod
    @contextlib.contextmanager
    def begin(cls, opened: Opened) -> Iterator[Stage]:
        """Log in and listen."""
        with session.logins(opened.inventory, PATIENCE_SECONDS) as made:
            plan = MatrixPlan(session.with_outside(opened.inventory, made.outside))
            fleet = Fleet(plan.nodes, made.complete(), plan.ports)
            fleet.listen()
            yield cls(opened, fleet, plan)

    @property
    def cloud(self) -> Connection:
        """The cloud as the operator's admin."""
        return self.opened.cloud

    def tenant(self, name: str) -> TenantInventory:
        """Return a tenant's inventory."""
        return next(tenant for tenant in self.opened.inventory.tenants if tenant.name == name)

    def deployer(self, tenant: str) -> Connection:
        """Return the cloud as a tenant's deployer."""
        return clouds.deployer(clouds.Credential.of(self.opened.identities[tenant].deployer.values))

    def link(self, node: str) -> Link:
        """Return the program on a node."""
        return self.fleet.links[node]

    def packets(self, selection: Selection, accepted: frozenset[Reach] = frozenset()) -> list[Line]:
        """Run a part of the matrix; ``accepted`` are further kinds of "no" that count, for when a layer that drops is switched off."""
        (lines,) = self.together((selection, accepted))
        return lines

    def together(self, *parts: tuple[Selection, frozenset[Reach]]) -> list[list[Line]]:
        """Run several parts of the matrix in the same batches, each with its further kinds of "no", and return their lines part by part."""
        cases = list(self.plan.cases())
        wanted = [[_wider(case, accepted) for case in cases if selection.wants(case)] for selection, accepted in parts]
        found: list[list[Line]] = [[] for _ in parts]
        place = {id(case): lines for part, lines in zip(wanted, found, strict=True) for case in part}
        for line in self.fleet.run([case for part in wanted for case in part], lambda _: None):
            place[id(line.case)].append(line)
        return found

    def spoofed(self) -> list[Outcome]:
        """Send the lies."""
        return list(spoofing(self.plan, self.fleet, list(self.plan.cases())))

    def compared(self, tenant: str) -> list[Outcome]:
        """Compare the platform and a tenant in the cloud with their declarations."""
        found = view.collect(self.cloud, view.Parties.of(self.opened.inventory, self.opened.identities))
        return list(comparison.compare(self.opened.inventory, found, [self.tenant(tenant)]))

    def inside(self, name: str) -> list[Outcome]:
        """Look at the inside of one server, which listens again afterwards."""
        found = self.looked(name)
        self.fleet.listen_again(name)
        return found

    def looked(self, name: str) -> list[Outcome]:
        """Look at the inside of one server, on which nobody listens afterwards: not on a port that a stopped service comes back to."""
        owner, node = name.partition("/")[0], self.plan.nodes[name]
        # The verification's own listeners are no part of the server's inside.
        self.link(name).call({"op": "close"})
        answers = asking.ask(self.link(name))
        if owner == names.PLATFORM:
            return list(guest_state.judge_platform(self.opened.inventory, node, answers))
        return list(guest_state.judge(self.opened.inventory, self.tenant(owner), node, answers))

    def denied(self) -> list[Outcome]:
        """Ask the API in everybody's name."""
        return list(calls.run(self.opened.inventory, self.opened.identities, lambda *_: None))

    def servers(self) -> list[str]:
        """Return the names of the tenants' servers."""
        return [name for name, node in self.plan.nodes.items() if node.role is NodeRole.SERVER]


def _wider(case: Case, accepted: frozenset[Reach]) -> Case:
    """Return a case of its own, so that two parts can have the same one."""
    return replace(case, accepted=case.accepted | accepted if case.accepted else case.accepted)


def bad(outcomes: list[Outcome]) -> list[str]:
    """Return what did not pass, one line each."""
    return [f"{o.verdict}: {o.check}: {o.reason}" for o in outcomes if o.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}]
