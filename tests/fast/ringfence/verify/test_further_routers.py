"""A platform of many tenants has further routers on the backbone: nothing is sent through them there, and the bastion asks for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from infra.errors import GuestError
from infra.outcome import CheckVerdict
from infra.outputs import RouterOutput
from ringfence.verify.probes import fleets
from ringfence.verify.probes.fleets import Fleet
from ringfence.verify.probes.plan import MatrixPlan
from tests.fast.ringfence.verify.inventories import inventory
from tests.fast.ringfence.verify.pretended import Network

pytestmark = pytest.mark.fast
ROUTERS = ("172.29.0.17", "172.29.0.18")
BASTION = "platform/bastion"


def plan() -> MatrixPlan:
    """Return the plan of a platform with three routers."""
    one = inventory()
    further = tuple(RouterOutput(f"router-{number}", address) for number, address in enumerate(ROUTERS, 2))
    return MatrixPlan(replace(one, platform_facts=msgspec.structs.replace(one.platform_facts, further_routers=further)))


def judged(network: Network, monkeypatch: pytest.MonkeyPatch, *dead: str) -> dict[str, Counter[tuple[CheckVerdict, str]]]:
    """Return what the probes at each further router come to, with the reasons."""
    monkeypatch.setattr(fleets, "SETTLE_SECONDS", 0.0)
    made = plan()
    links = {name: network.link(node) for name, node in made.nodes.items() if name not in dead}
    fleet = Fleet(made.nodes, dict(links), made.ports, lost={name: GuestError.of("the login failed", where=name) for name in dead})
    fleet.listen()
    names = {f"platform router {address}": address for address in ROUTERS}
    found: dict[str, Counter[tuple[CheckVerdict, str]]] = {address: Counter() for address in ROUTERS}
    for line in fleet.run([case for case in made.cases() if case.target.name in names], lambda _: None):
        found[names[line.case.target.name]][line.outcome.verdict, line.outcome.reason] += 1
    assert all(count.total() for count in found.values())
    return found


def test_no_server_reaches_a_further_router_and_the_bastion_shows_that_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """From every server, by sockets and by frames."""
    assert {verdict for found in judged(Network(), monkeypatch).values() for verdict, _ in found} == {CheckVerdict.PASS}


def test_a_router_that_answers_nobody_proves_nothing_and_the_other_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """That nobody reaches what is not there is no isolation."""
    found = judged(Network(silent=ROUTERS[0]), monkeypatch)
    assert set(found[ROUTERS[0]]) == {(CheckVerdict.ERROR, "nothing proves that the target would have seen it")}
    assert {verdict for verdict, _ in found[ROUTERS[1]]} == {CheckVerdict.PASS}


def test_without_the_bastion_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is named."""
    for found in judged(Network(), monkeypatch, BASTION).values():
        assert {verdict for verdict, _ in found} == {CheckVerdict.ERROR}
        assert all(f"{BASTION} takes no part: the login failed" in reason for _, reason in found)
