from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from infra.outcome import CheckVerdict
from infra.render.expectation import Expected
from ringfence.verify.model import Layer, Place
from ringfence.verify.probes.plan import NO_ROUTE, Selection
from tests.live.tools import changed, created, leg, open_groups, open_guests, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.probes.evidence import Line
    from tests.live.stage import Stage

pytestmark = pytest.mark.live

PRIVATE = frozenset({Place.ZONE, Place.MANAGEMENT})


@pytest.fixture(scope="module")
def pair(stage: Stage) -> tuple[str, str]:
    """Give two tenants."""
    names = [tenant.name for tenant in stage.opened.inventory.tenants]
    if len(names) < 2:
        pytest.skip("only one tenant is up: there is nothing to keep apart")
    return names[0], names[1]


def of(stage: Stage, tenant: str) -> frozenset[str]:
    """Return a tenant's servers."""
    return frozenset(name for name in stage.servers() if name.startswith(f"{tenant}/"))


def wrong(lines: list[Line]) -> list[str]:
    """Return what did not pass."""
    return [f"{line.outcome.check}: {line.outcome.reason}" for line in lines if line.outcome.verdict is not CheckVerdict.PASS]


def test_groups_alone_hold(stage: Stage, pair: tuple[str, str]) -> None:
    """With every ruleset in the servers open, the security groups still stop everything that no flow allows, within and across tenants."""
    with open_guests(stage, *stage.servers()):
        lines = stage.packets(Selection(frozenset(stage.servers()), frozenset(stage.servers()), PRIVATE))
    assert wrong(lines) == []
    assert {pair[0], pair[1]} <= {line.case.source.partition("/")[0] for line in lines}


def test_guests_alone_hold(stage: Stage, pair: tuple[str, str]) -> None:
    """With every group open, the rulesets in the servers still stop every socket that no flow allows."""
    with open_groups(stage, pair[0]):
        lines = stage.packets(Selection(of(stage, pair[0]), of(stage, pair[0]), frozenset({Place.ZONE})))
    reached = [line for line in lines if line.case.layer is Layer.WHOLE and "wire" not in line.outcome.reason]
    assert wrong(reached) == []
    # The twin: the groups really were open, so frames past the servers' rulesets did arrive.
    arrived = [line for line in lines if line.case.layer is Layer.NETWORK and line.case.expected is Expected.DENIED]
    assert any(line.outcome.verdict is CheckVerdict.FAIL for line in arrived)


def test_topology_alone_holds(stage: Stage, pair: tuple[str, str]) -> None:
    """With every group and every ruleset of both tenants open, nothing passes between their private addresses, in either direction."""
    one, other = pair
    with open_groups(stage, one), open_groups(stage, other), open_guests(stage, *stage.servers()):
        # Nobody drops any more, so the world outside may say that it knows no way there; that is a router's word, not the target's.
        across, back, within = stage.together(
            (Selection(of(stage, one), of(stage, other), PRIVATE), NO_ROUTE),
            (Selection(of(stage, other), of(stage, one), PRIVATE), NO_ROUTE),
            (Selection(of(stage, one), of(stage, one), frozenset({Place.ZONE})), frozenset()),
        )
    assert across
    assert back
    assert wrong(across) == []
    assert wrong(back) == []
    # The twin: within the tenant everything did pass.
    denied = [line for line in within if line.case.expected is Expected.DENIED and line.case.port]
    assert {line.outcome.verdict for line in denied} == {CheckVerdict.FAIL}


@contextlib.contextmanager
def joined(stage: Stage, source: str, target: str) -> Iterator[None]:
    """Join the networks of two servers of different tenants by a router, with the routes there and back."""
    one, other = (stage.tenant(name.partition("/")[0]) for name in (source, target))
    near, far = stage.plan.nodes[source].nics[0], stage.plan.nodes[target].nics[0]
    here, there = near.networks[0][-2], far.networks[0][-2]
    network = stage.cloud.network
    there_route = [{"destination": f"{far.addresses[0]}/32", "nexthop": str(here)}]
    back_route = [{"destination": f"{near.addresses[0]}/32", "nexthop": str(there)}]
    with contextlib.ExitStack() as stack:
        router = stack.enter_context(created(network, "/routers", "router", {"name": "joined"}))["id"]
        stack.enter_context(leg(stage, router, one.facts.zones[near.label].network_id, str(here)))
        stack.enter_context(leg(stage, router, other.facts.zones[far.label].network_id, str(there)))
        stack.enter_context(changed(network, f"/routers/{one.facts.edge_router_id}", "router", {"routes": there_route}))
        stack.enter_context(changed(network, f"/routers/{other.facts.edge_router_id}", "router", {"routes": back_route}))
        yield


def test_groups_hold_when_topology_is_joined(stage: Stage, pair: tuple[str, str]) -> None:
    """With a router between two tenants the groups still stop everything; the twin: with one rule on each side the frame does arrive."""
    source, target = joinable(stage, pair)
    wanted = Selection(frozenset({source}), frozenset({target}), frozenset({Place.ZONE}))
    one, other = source.partition("/")[0], target.partition("/")[0]
    to, back = stage.plan.nodes[target].nics[0], stage.plan.nodes[source].nics[0]
    with joined(stage, source, target), open_guests(stage, source, target):
        closed = stage.packets(wanted)
        out = {"direction": "egress", "protocol": "tcp", "remote_ip_prefix": f"{to.addresses[0]}/32"}
        into = {"direction": "ingress", "protocol": "tcp", "remote_ip_prefix": f"{back.addresses[0]}/32"}
        with rule(stage, one, f"zone-{back.label}", **out), rule(stage, other, f"zone-{to.label}", **into):
            through = stage.packets(wanted)
    assert wrong(closed) == []
    assert any(f"arrived at {target}" in reason or f"reached {target}" in reason for reason in wrong(through))


def joinable(stage: Stage, pair: tuple[str, str]) -> tuple[str, str]:
    """Return two servers of different tenants whose zones have different prefixes, so that one router can have legs in both."""
    for source in sorted(of(stage, pair[0])):
        for target in sorted(of(stage, pair[1])):
            near, far = stage.plan.nodes[source].nics[0], stage.plan.nodes[target].nics[0]
            if not near.networks[0].overlaps(far.networks[0]):
                return source, target
    pytest.skip("all zones of the two tenants overlap: no router can join them")
