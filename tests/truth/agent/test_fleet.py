from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from infra.outcome import CheckVerdict
from infra.render.expectation import Expected
from ringfence.verify.model import Layer, Place
from ringfence.verify.probes import capture
from ringfence.verify.probes.plan import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.probes.evidence import Line
    from ringfence.verify.probes.fleets import Fleet
    from ringfence.verify.probes.plan import MatrixPlan
    from tests.truth.agent.lan import Lan

pytestmark = pytest.mark.truth

INSIDE = Selection(frozenset({"acme/web", "acme/db"}), frozenset({"acme/web", "acme/db"}), frozenset({Place.ZONE}))


def run(field: Fleet, plan: MatrixPlan, selection: Selection) -> list[Line]:
    """Run a part of the matrix."""
    return list(field.run([case for case in plan.cases() if selection.wants(case)], lambda _: None))


def bad(lines: list[Line]) -> list[tuple[str, str]]:
    """Return the cases that did not pass, with their reasons."""
    return [(line.outcome.check, line.outcome.reason) for line in lines if line.outcome.verdict is not CheckVerdict.PASS]


@contextlib.contextmanager
def changed(lan: Lan, node: str, ruleset: str) -> Iterator[None]:
    """Put another ruleset in force in a namespace, and the former one back afterwards."""
    former = lan.inside(node, "nft", "-s", "list", "ruleset")
    lan.inside(node, "nft", "-f", "-", told="flush ruleset\n" + ruleset)
    try:
        yield
    finally:
        lan.inside(node, "nft", "-f", "-", told="flush ruleset\n" + former)


def test_declared_world_is_as_declared(plan: MatrixPlan, field: Fleet) -> None:
    """On networks that are as declared, every case of the whole matrix passes, in both layers."""
    lines = run(field, plan, Selection())
    assert bad(lines) == []
    assert {line.case.layer for line in lines if line.case.expected is Expected.ALLOWED} == set(Layer)
    assert field.meter.probes == len(lines) > 3000


def test_groups_hold_when_the_guest_is_open(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """With both guests' rulesets flushed the groups alone still stop everything that is denied."""
    with changed(lan, "acme/web", ""), changed(lan, "acme/db", ""):
        assert bad(run(field, plan, INSIDE)) == []


def test_open_groups_are_seen_although_the_guest_holds(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """Without groups every denied frame arrives on the wire, and the cases of the network layer say so; sockets are still stopped."""
    with changed(lan, "acme", ""):
        lines = run(field, plan, INSIDE)
    layers = {line.case.layer for line in lines if line.outcome.verdict is CheckVerdict.FAIL}
    assert layers == {Layer.NETWORK}
    assert all("the network let it through" in reason for _, reason in bad(lines))


def test_everything_open_is_named_in_both_layers(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """Without groups and rulesets every denied case fails, by what reached the target and never by ERROR."""
    with changed(lan, "acme", ""), changed(lan, "acme/web", ""), changed(lan, "acme/db", ""):
        lines = run(field, plan, INSIDE)
    denied = [line for line in lines if line.case.expected is Expected.DENIED]
    assert {line.outcome.verdict for line in denied} == {CheckVerdict.FAIL}
    assert {line.outcome.verdict for line in lines if line.case.expected is Expected.ALLOWED} == {CheckVerdict.PASS}


def test_receiver_alone_is_not_enough(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """Sender open, groups open, receiver closed: a socket's probe that only the receiver stopped is a failure."""
    with changed(lan, "acme", ""), changed(lan, "acme/web", ""):
        lines = run(
            field, plan, Selection(frozenset({"acme/web"}), frozenset({"acme/db"}), frozenset({Place.ZONE}), frozenset({Layer.WHOLE}))
        )
    assert any("only the receiving server's own firewall stopped it" in reason for _, reason in bad(lines))


def test_answering_no_is_not_dropping(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """A reset instead of silence fails: the declarations say drop."""
    reject = "table inet t { chain o { type filter hook output priority 0; policy accept; tcp dport 1024 reject with tcp reset; }; }\n"
    with changed(lan, "acme/web", reject):
        lines = run(field, plan, INSIDE)
    reasons = {reason for check, reason in bad(lines) if "acme/web -> acme/db" in check and "tcp 1024" in check and "whole" in check}
    assert any("expected TIMEOUT, got REFUSED" in reason for reason in reasons)


def test_broken_flow_is_a_failure(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """A flow that does not work fails, and the denied cases of its source fall back on another twin instead of vanishing."""
    with changed(lan, "acme/db", "table inet t { chain i { type filter hook input priority 0; policy drop; iif lo accept; }; }\n"):
        lines = run(field, plan, INSIDE)
    assert any("expected OK by flow sql, got TIMEOUT; it arrived on the wire" in reason for _, reason in bad(lines))


def test_silence_of_a_dead_target_is_an_error(lan: Lan, plan: MatrixPlan, field: Fleet) -> None:
    """With the target's NIC down nothing passes: its silence proves nothing."""
    lan.ip("acme", "link set db-zone0 down")
    try:
        lines = run(field, plan, Selection(frozenset({"acme/web"}), frozenset({"acme/db"}), frozenset({Place.ZONE})))
    finally:
        lan.ip("acme", "link set db-zone0 up")
    denied = [line for line in lines if line.case.expected is Expected.DENIED]
    assert {line.outcome.verdict for line in denied} == {CheckVerdict.ERROR}
    assert {line.outcome.reason for line in denied} == {"nothing proves that the target would have seen it"}


def test_missing_listener_is_an_error(plan: MatrixPlan, field: Fleet) -> None:
    """Nobody at home is not blocked: without a listener a denied port is an error."""
    field.links["acme/db"].call({"op": "close"})
    field.links["acme/db"].call(
        {"op": "listen", "identity": field.identities["acme/db"], "listeners": [], "nics": ["zone0", "mgmt0"], "filter": capture.program()}
    )
    lines = run(field, plan, Selection(frozenset({"acme/web"}), frozenset({"acme/db"}), frozenset({Place.ZONE}), frozenset({Layer.WHOLE})))
    reasons = {line.outcome.reason for line in lines if line.case.expected is Expected.DENIED and line.case.protocol != "icmp"}
    assert reasons == {"nothing proves that anybody listened at the target"}
