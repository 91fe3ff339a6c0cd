"""Whose cards the claim ``declared`` compares: the tenants', the bastion's, and every other on a network that the declarations have."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.declaration import load_platform, load_tenant
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.parties import Trust, place
from infra.neutron.semantics.provenance import attach
from infra.neutron.snapshot import FixedIp, Port, Project, SecurityGroup, Server, Snapshot
from infra.neutron.sources.declared import declared_snapshot
from infra.neutron.sources.intent import declared_intent
from infra.proof import Claim, Proof, Verdict, prove
from tests.fast.neutron.clouds import OPEN, allow
from tests.fast.neutron.lint.states import Change, other, plus

if TYPE_CHECKING:
    from infra.declaration.held import TenantDeclaration
    from infra.declaration.model import Platform

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[4]


@cache
def written() -> tuple[Platform, tuple[TenantDeclaration, ...]]:
    """Return the declarations of this repository."""
    platform = load_platform(ROOT / "Pulumi.platform.yaml").platform
    return platform, tuple(load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=date(2026, 11, 23)) for name in ("acme", "globex"))


def judged(*changes: Change) -> Proof:
    """Prove the declared cloud with changes, as a snapshot of a cloud is proven."""
    platform, tenants = written()
    plain = declared_snapshot(platform, tenants)
    snapshot = plain
    for change in changes:
        snapshot = change(snapshot)
    placed = place(snapshot, [one.tenant.name for one in tenants], Trust())
    snapshot = attach(snapshot, plain, placed=placed)
    return prove(compile_fabric(snapshot), declared_intent(platform, tenants, snapshot, placed))


def verdict(proof: Proof, claim: Claim) -> tuple[Verdict, set[str]]:
    """Return how a claim was judged, and the cards that differ."""
    (judgement,) = (one for one in proof.judgements if one.claim is claim)
    return judgement.verdict, {f"{found.party}/{found.endpoint}" for found in judgement.differences}


def card(name: str, network: str, address: str, *groups: str, project: str = "platform", server: str = "") -> Port:
    """Return a port of a server."""
    fixed = (FixedIp(subnet_id=network, ip_address=address),)
    return Port(
        id=f"id-{name}", name=name, network_id=network, project_id=project, fixed_ips=fixed, security_groups=groups, device_id=server
    )


def group(name: str, project: str = "platform") -> SecurityGroup:
    """Return a group that lets everything pass."""
    return SecurityGroup(id=name, name=name, project_id=project, rules=OPEN)


BASTION = "platform-bastion"
CASES: dict[str, tuple[tuple[Change, ...], set[str]]] = {
    "the bastion open to everybody": (
        (other("security_groups", BASTION, rules=(allow("ingress", "0.0.0.0/0", "tcp", (22, 22)),)),),
        {"platform/platform-bastion"},
    ),
    "the bastion without port security": ((other("ports", BASTION, port_security_enabled=False),), {"platform/platform-bastion"}),
    "an additional group on the bastion": (
        (plus("security_groups", group("more")), other("ports", BASTION, security_groups=(BASTION, "more"))),
        {"platform/platform-bastion"},
    ),
    "a second port with the bastion's name": (
        (
            plus("security_groups", group("more")),
            plus("ports", card(BASTION, "platform-backbone", "172.29.0.66", "more", server=BASTION)),
        ),
        {"platform/platform-bastion (id-platform-bastion)"},
    ),
    "a second port of the bastion on a network of its own": (
        (plus("security_groups", group("more")), plus("ports", card("door", "public", "198.18.0.77", "more", server=BASTION))),
        {"platform/door"},
    ),
    "a port of the platform on the backbone": (
        (plus("security_groups", group("more")), plus("ports", card("agent", "platform-backbone", "172.29.0.66", "more"))),
        {"platform/agent"},
    ),
    "a port of the platform on a tenant's segment": (
        (plus("security_groups", group("more")), plus("ports", card("agent", "acme-management", "172.30.0.9", "more"))),
        {"platform/agent"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_card_that_is_not_as_declared_is_found(case: str) -> None:
    """Of the platform as of its tenants: every packet more is a difference, on that card."""
    changes, cards = CASES[case]
    assert verdict(judged(*changes), Claim.DECLARED) == (Verdict.BROKEN, cards)


def test_what_the_platform_has_elsewhere_is_not_compared() -> None:
    """An operator's servers on other networks are no business of the declarations."""
    changes = plus("security_groups", group("more")), plus("ports", card("monitor", "public", "198.18.0.77", "more"))
    assert verdict(judged(*changes), Claim.DECLARED) == (Verdict.HOLDS, set())


def test_a_bastion_that_is_gone_is_found() -> None:
    """Nobody could work on the servers."""
    without: Change = lambda s: msgspec.structs.replace(s, ports=tuple(p for p in s.ports if p.name != BASTION), floating_ips=())  # noqa: E731
    assert verdict(judged(without), Claim.DECLARED)[0] is Verdict.BROKEN


def test_a_card_of_another_project_is_not_the_declared_one() -> None:
    """The port of a declared name belongs to somebody else: the declared card does not exist, and the other may do nothing."""
    proof = judged(other("ports", "acme-db-data", project_id="globex"))
    (judgement,) = (one for one in proof.judgements if one.claim is Claim.DECLARED)
    assert judgement.verdict is Verdict.BROKEN
    assert "acme/acme-db-data" in judgement.text


def test_a_namesake_inherits_no_allowance() -> None:
    """A second project called acme with cards that are called and filtered as acme's are: the platform's SSH to it is nobody's flow."""
    twin = Project(id="twin", name="acme", domain_id="customers")

    def double(snapshot: Snapshot) -> Snapshot:
        mine = next(port for port in snapshot.ports if port.name == "acme-web-management")
        fixed = (FixedIp(subnet_id="acme-management", ip_address="172.30.0.9"),)
        changed = plus("ports", msgspec.structs.replace(mine, id="copy", project_id="twin", device_id="copy", fixed_ips=fixed))(snapshot)
        return plus("servers", Server(id="copy", name="acme-web", project_id="twin"))(plus("projects", twin)(changed))

    proof = judged(double)
    assert verdict(proof, Claim.MANAGEMENT)[0] is Verdict.BROKEN
    assert verdict(proof, Claim.DECLARED) == (Verdict.BROKEN, {"acme (twin)/acme-web-management"})
    assert verdict(judged(), Claim.DECLARED) == (Verdict.HOLDS, set())


def test_twins_that_cannot_be_told_apart_are_not_judged() -> None:
    """Neither of two projects called acme is taken for the declared one when their domains are not told: then nothing holds."""
    proof = judged(plus("projects", Project(id="twin", name="acme")))
    assert all(judgement.verdict is not Verdict.HOLDS for judgement in proof.judgements)
    assert sum("acme, twin" in unknown for unknown in proof.unknowns) == 2
