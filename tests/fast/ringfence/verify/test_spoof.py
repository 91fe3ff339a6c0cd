from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, cast

import pytest

from infra.outcome import CheckVerdict
from infra.render.expectation import Expected
from ringfence.verify.model import Layer, SeenFrame
from ringfence.verify.probes import frames, spoof
from ringfence.verify.probes.frames import ARP_REPLY, ARP_REQUEST
from ringfence.verify.probes.orders import NodeReport, Observations
from ringfence.verify.probes.plan import MatrixPlan
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from infra.declaration.values import Address, Network
    from ringfence.verify.model import Case, Node

pytestmark = pytest.mark.fast

PLAN = MatrixPlan(inventory())
GATEWAY_MAC = "fa:16:3e:99:99:99"
MACS = {
    ("acme/web", "zone0", "10.0.0.1"): GATEWAY_MAC,
    ("globex/app1", "zone0", "10.0.0.1"): GATEWAY_MAC,
    ("globex/app1", "zone0", "fd00:9:10::1"): GATEWAY_MAC,
}
LIES = list(spoof.spoofed_frames(list(PLAN.cases()), PLAN.nodes, MACS))
CLAIMS = list(spoof.claims(PLAN.nodes))


def observations(*tokens_by: tuple[str, str]) -> Observations:
    """Return what would be seen if these nodes had captured frames with these tokens."""
    reports = [NodeReport(node, guest=({"token": token},)) for node, token in tokens_by]
    return Observations(reports)


def test_every_lie_has_a_truth() -> None:
    """In every family of every source there is one honest frame, and every spoofed names it as its twin."""
    honest = {spoofed.name for spoofed in LIES if spoofed.honest}
    assert len(honest) == 3
    assert all(spoofed.twin in honest for spoofed in LIES if not spoofed.honest)
    assert {"acme/web", "globex/app1"} == {spoofed.source for spoofed in LIES}


def test_the_gateway_is_whatever_address_the_router_has() -> None:
    """On the management network the router has no fixed place: its address is spoofed, and never one that a server may have."""
    web, mac = PLAN.nodes["acme/web"], "fa:16:3e:77:77:77"
    nic = replace(web.nics[0], gateways=(ip_address("10.0.0.77"),))
    nodes = {**PLAN.nodes, web.name: replace(web, nics=(nic, *web.nics[1:]))}
    leaving = (case for case in PLAN.cases() if case.source == web.name and case.via and case.via.nic == nic.device)
    case = allowed(next(case for case in leaving if case.target.node))
    frames_ = spoof.spoofed_frames([case], nodes, {(web.name, nic.device, "10.0.0.77"): mac})
    sent = {one.name.rpartition(" with ")[2]: one for one in frames_}
    assert frames.read(sent["the gateway's source address"].frame).source == ip_address("10.0.0.77")
    assert frames.read(sent["the gateway's MAC"].frame).mac == mac


def test_a_frame_that_could_not_be_built_is_no_pass() -> None:
    """A gateway that did not answer has no MAC that could be spoofed."""
    sent = list(spoof.spoofed_frames(list(PLAN.cases()), PLAN.nodes, {}))
    seen = observations(*((one.witness, one.token) for one in sent if one.honest))
    verdicts = {outcome.verdict for outcome in spoof.judge(sent, seen) if outcome.check.endswith("with the gateway's MAC")}
    assert verdicts == {CheckVerdict.ERROR}


def test_a_nic_without_a_gateway_poses_as_no_gateway() -> None:
    """There is no router on its link."""
    nodes = {name: replace(node, nics=tuple(replace(nic, gateways=()) for nic in node.nics)) for name, node in PLAN.nodes.items()}
    assert not [one for one in spoof.spoofed_frames(list(PLAN.cases()), nodes, MACS) if "gateway" in one.name.rpartition(" with ")[2]]


def allowed(case: Case) -> Case:
    """Return the case as one of an allowed flow."""
    return replace(case, expected=Expected.ALLOWED, layer=Layer.NETWORK)


def test_frames_lie_as_named() -> None:
    """Exactly the honest frame has both its own MAC and its own address."""
    for spoofed in LIES:
        seen = frames.read(spoofed.frame)
        nic = next(nic for nic in PLAN.nodes[spoofed.source].nics if nic.device == spoofed.device)
        assert (seen.mac == nic.mac and seen.source in nic.addresses) is spoofed.honest, spoofed.name


@pytest.mark.parametrize("prefix", ["10.0.0.8/29", "10.0.0.8/30", "fd00::8/126"])
def test_a_small_zone_has_an_address_of_nobody(prefix: str) -> None:
    """A declared zone may be as small as its servers need; where every address is somebody's, one for documentation is taken."""
    own = ip_network(prefix)
    nodes = {name: small_zone(name, own) for name in ("acme/web", "acme/db")}
    case = next(case for case in PLAN.cases() if case.source == "acme/web" and case.layer is Layer.NETWORK and case.via)
    target = replace(case.target, address=own[-1], node="acme/db")
    sent = list(spoof.spoofed_frames([replace(case, target=target, expected=Expected.ALLOWED)], nodes, {}))
    taken = {address for node in nodes.values() for nic in node.nics for address in nic.addresses}
    nobodys = next(frames.read(one.frame).source for one in sent if "nobody has (" in one.name)
    assert nobodys not in taken


def small_zone(name: str, prefix: Network) -> Node:
    """Return a server whose only NIC has every address of its zone but the gateway's."""
    nic = next(nic for nic in PLAN.nodes["acme/web"].nics if nic.device == "zone0")
    addresses = tuple(cast("list[Address]", list(prefix)))[-2:]
    return replace(PLAN.nodes["acme/web"], name=name, nics=(replace(nic, addresses=addresses, networks=(prefix,), gateways=(prefix[0],)),))


def test_lies_that_nobody_saw_pass_with_their_twin() -> None:
    """With every honest frame seen and no spoofed seen, all pass; without the honest ones every spoofed is an error."""
    seen = observations(*((spoofed.witness, spoofed.token) for spoofed in LIES if spoofed.honest))
    assert {outcome.verdict for outcome in spoof.judge(LIES, seen)} == {CheckVerdict.PASS}
    alone = list(spoof.judge(LIES, observations()))
    assert {outcome.verdict for outcome in alone} == {CheckVerdict.FAIL, CheckVerdict.ERROR}
    assert all(outcome.verdict is not CheckVerdict.PASS for outcome in alone)


@pytest.mark.parametrize("number", [n for n, spoofed in enumerate(LIES) if not spoofed.honest])
def test_lie_that_arrives_fails(number: int) -> None:
    """A single spoofed that anybody saw fails, and says who saw it."""
    spoofed = LIES[number]
    seen = observations(*((one.witness, one.token) for one in LIES if one.honest), ("globex/db1", spoofed.token))
    outcome = next(outcome for outcome in spoof.judge(LIES, seen) if outcome.check == spoofed.name)
    assert (outcome.verdict, "globex/db1" in outcome.reason) == (CheckVerdict.FAIL, True)


def wire(*answers: tuple[str, str, str, str]) -> dict[str, list[tuple[str, SeenFrame]]]:
    """Return captured neighbour answers: (node, device, address, MAC)."""
    heard: dict[str, list[tuple[str, SeenFrame]]] = {}
    for node, device, address, mac in answers:
        operation = 136 if ":" in address else ARP_REPLY
        heard.setdefault(node, []).append((device, SeenFrame("arp", mac, ip_address(address), operation=operation)))
    return heard


def question(source: str, address: str) -> spoof.NeighbourClaim:
    """Return one of the questions."""
    return next(claim for claim in CLAIMS if claim.is_question and claim.source == source and claim.address == address)


def judged(claim: spoof.NeighbourClaim, heard: dict[str, list[tuple[str, SeenFrame]]]) -> tuple[CheckVerdict, str]:
    """Judge one claim."""
    outcome = next(iter(spoof.judge_claims([claim], heard, PLAN.nodes)))
    return outcome.verdict, outcome.reason


def test_own_namesake_answers() -> None:
    """The own db1 of globex answers globex's app1 for 10.0.0.12; an answer by a MAC of another tenant fails."""
    claim = question("globex/app1", "10.0.0.12")
    own = PLAN.nodes["globex/db1"].nics[0].mac
    assert judged(claim, wire(("globex/app1", "zone0", "10.0.0.12", own)))[0] is CheckVerdict.PASS
    stranger = PLAN.nodes["acme/web"].nics[0].mac
    assert "no NIC of globex" in judged(claim, wire(("globex/app1", "zone0", "10.0.0.12", stranger)))[1]
    assert judged(claim, {})[0] is CheckVerdict.FAIL


def test_silence_about_a_stranger_needs_the_gateway() -> None:
    """Tenant acme has no 10.0.0.12 in zone app: silence passes when the gateway was heard, and is an error when nothing was."""
    claim = question("acme/web", "10.0.0.12")
    assert judged(claim, wire(("acme/web", "zone0", "10.0.0.1", GATEWAY_MAC)))[0] is CheckVerdict.PASS
    assert judged(claim, {})[0] is CheckVerdict.ERROR
    assert judged(claim, wire(("acme/web", "zone0", "10.0.0.12", "fa:16:3e:77:77:77")))[0] is CheckVerdict.FAIL


def test_question_heard_by_a_stranger_fails() -> None:
    """A broadcast that another tenant's NIC captured is a layer-2 path between tenants."""
    claim = question("acme/web", "10.0.0.12")
    heard = {"globex/app1": [("zone0", SeenFrame("arp", "x", ip_address("10.0.0.11"), token=claim.token, operation=ARP_REQUEST))]}
    assert "was heard by globex/app1" in judged(claim, heard)[1]


def claim_on(source: str, *, version: int) -> spoof.NeighbourClaim:
    """Return the claim of a source on its gateway."""
    return next(c for c in CLAIMS if not c.is_question and c.source == source and (":" in c.address) is (version == 6))


def test_claim_on_the_gateway_fails_when_seen() -> None:
    """Who claims to be the gateway and is heard by a neighbour could take over its traffic."""
    claim = claim_on("globex/app1", version=4)
    truth = ("globex/db1", "zone0", claim.address, GATEWAY_MAC)
    spoofed = ("globex/db1", "zone0", claim.address, PLAN.nodes["globex/app1"].nics[0].mac)
    assert judged(claim, wire(truth))[0] is CheckVerdict.PASS
    assert judged(claim, {})[0] is CheckVerdict.ERROR
    assert "was seen by globex/db1" in judged(claim, wire(truth, spoofed))[1]


def test_claim_without_neighbours_means_nothing() -> None:
    """A server that is alone in its zone has nobody to fool."""
    assert judged(claim_on("acme/web", version=4), {})[0] is CheckVerdict.NOT_APPLICABLE


def test_asking_for_the_gateway_is_no_claim() -> None:
    """A neighbour solicitation for the gateway's address, which everybody on the link hears, claims nothing."""
    claim = claim_on("globex/app1", version=6)
    mac = PLAN.nodes["globex/app1"].nics[0].mac
    true = SeenFrame("nd", GATEWAY_MAC, ip_address(claim.address), operation=frames.ADVERTISEMENT)
    asked = SeenFrame("nd", mac, ip_address(claim.address), operation=frames.SOLICITATION)
    said = SeenFrame("nd", mac, ip_address(claim.address), operation=frames.ADVERTISEMENT)
    assert judged(claim, {"globex/db1": [("zone0", true), ("zone0", asked)]})[0] is CheckVerdict.PASS
    assert judged(claim, {"globex/db1": [("zone0", true), ("zone0", said)]})[0] is CheckVerdict.FAIL
