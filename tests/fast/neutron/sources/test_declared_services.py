"""A platform with services: what the declarations come to is proven and certified, and every way to break it is found by name."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.declaration import load_tenant
from infra.declaration.services import Services
from infra.neutron.lint.findings import FindingKind
from infra.neutron.lint.linter import lint
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot import Port, SecurityGroup
from infra.neutron.snapshot.parts import AddressPair, FixedIp
from infra.neutron.snapshot.store import dumps, from_records, records_of
from infra.neutron.sources.declared import declared_snapshot
from infra.neutron.sources.intent import declared_intent
from infra.policy.services import Service
from infra.proof import Claim, Proof, Verdict, prove
from ringfence.checker.conditions import check
from tests.fast.declaration.declared import SERVICES, shipped_platform
from tests.fast.neutron.clouds import OPEN, Cloud, allow
from tests.fast.policy.test_services import SUBSETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.neutron.snapshot import Rule, Snapshot

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[4]
TODAY = date(2026, 11, 23)
SERVER, POOL = "172.29.0.200", "172.30.0.0/16"
BY_HAND = "by-hand"


@cache
def declared(services: tuple[Service, ...] = tuple(Service)) -> tuple[Platform, list[TenantDeclaration]]:
    """Return the stacks of this repository, with some services declared."""
    tree = {key: value for key, value in SERVICES.items() if key not in set(Service) - set(services)}
    platform = shipped_platform(Services.model_validate(tree))
    return platform, [load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=TODAY) for name in ("acme", "globex")]


def cloud_of(snapshot: Snapshot) -> Cloud:
    """Return a snapshot's records, to be changed."""
    cloud = Cloud()
    for number, record in enumerate(records_of(snapshot)):
        identifier = getattr(record, "id", "")
        cloud.records[f"{type(record).__name__} {identifier or number}"] = record
    return cloud


@cache
def judged(change: Callable[[Cloud], None] | None = None, services: tuple[Service, ...] = tuple(Service)) -> Proof:
    """Prove a state against what is declared, once for all tests that look at it."""
    platform, tenants = declared(services)
    snapshot = declared_snapshot(platform, tenants)
    if change is not None:
        cloud = cloud_of(snapshot)
        change(cloud)
        snapshot = from_records(snapshot.header, cloud.records.values())
    return prove(compile_fabric(snapshot), declared_intent(platform, tenants, snapshot))


def broken(proof: Proof) -> set[Claim]:
    """Return the claims that do not hold."""
    return {judgement.claim for judgement in proof.judgements if judgement.verdict is not Verdict.HOLDS}


@pytest.mark.parametrize("driver", Driver)
def test_a_platform_with_every_service_holds(driver: Driver) -> None:
    """All claims, under every driver's profile."""
    platform, tenants = declared()
    found = prove(compile_fabric(declared_snapshot(platform, tenants), driver), declared_intent(platform, tenants))
    assert {judgement.claim: judgement.verdict for judgement in found.judgements} == dict.fromkeys(Claim, Verdict.HOLDS)


@pytest.mark.parametrize("services", SUBSETS, ids=", ".join)
def test_each_choice_of_services_holds(services: tuple[Service, ...]) -> None:
    """Groups and intent are two ways from one declaration, and agree for each choice."""
    assert broken(judged(services=services)) == set()


def test_the_independent_checker_confirms_the_certificate() -> None:
    """The checker knows no services, and reads their port and group like any other."""
    platform, tenants = declared()
    snapshot = declared_snapshot(platform, tenants)
    proof = prove(compile_fabric(snapshot), declared_intent(platform, tenants))
    assert proof.certificate is not None
    assert check(proof.certificate, dumps(snapshot)) == ("structure", "packets")


def test_every_packet_between_servers_and_services_is_declared() -> None:
    """The claim has more kinds of packets than SSH to judge, or it would hold for want of a way."""
    text = {
        len(services): next(j.text for j in judged(services=services).judgements if j.claim is Claim.MANAGEMENT) for services in SUBSETS
    }
    numbers = [int(text[size].split(" ")[0]) for size in sorted(text)]
    assert numbers == sorted(numbers)
    assert numbers[0] < numbers[-1]


def test_rules_of_services_know_who_asked_for_them() -> None:
    """Lint finds nothing that nobody owns, and the source of each rule is the platform's key."""
    platform, tenants = declared()
    snapshot = declared_snapshot(platform, tenants)
    rules = [rule for group in snapshot.security_groups for rule in group.rules if rule.source and rule.source.flow.startswith("services.")]
    assert {rule.source.key for rule in rules if rule.source} == {service.flow for service in Service}
    assert all(rule.source and rule.source.owner == "platform" and rule.source.reason for rule in rules)
    findings = lint(snapshot, compile_fabric(snapshot).builder, Driver.OVN, TODAY)  # type: ignore[arg-type]  # it is the filters' own
    assert {finding.kind for finding in findings} <= {FindingKind.OVER_WIDE}


def group(cloud: Cloud, name: str) -> SecurityGroup:
    """Return a security group."""
    found = cloud.records[f"SecurityGroup {name}"]
    assert isinstance(found, SecurityGroup)
    return found


def adds(name: str, *rules: Rule) -> Callable[[Cloud], None]:
    """Return the change that adds rules to a group."""
    return lambda cloud: cloud.change(SecurityGroup, name, rules=(*group(cloud, name).rules, *rules))


def lacks(name: str, protocol: str, port: int) -> Callable[[Cloud], None]:
    """Return the change that takes a service's rules out of a group."""
    return lambda cloud: cloud.change(
        SecurityGroup,
        name,
        rules=tuple(rule for rule in group(cloud, name).rules if (rule.protocol, rule.port_range_min) != (protocol, port)),
    )


def together(*changes: Callable[[Cloud], None]) -> Callable[[Cloud], None]:
    """Return several changes as one."""

    def change(cloud: Cloud) -> None:
        for one in changes:
            one(cloud)

    return change


def port(**fields: object) -> Callable[[Cloud], None]:
    """Return a change of the services server's port."""
    return lambda cloud: cloud.change(Port, "platform-services", **fields)


def second_card(cloud: Cloud) -> None:
    """Plug the services server into a tenant's management segment as well."""
    cloud.add(
        Port(
            id="second",
            name="second",
            network_id="acme-management",
            project_id="platform",
            fixed_ips=(FixedIp(subnet_id="acme-management", ip_address="172.30.0.13"),),
            device_owner="compute:nova",
            device_id="platform-services",
            security_groups=("platform-services",),
        )
    )


SSH = allow("ingress", POOL, "tcp", (22, 22), id=BY_HAND)
WAY = allow("egress", f"{SERVER}/32", "tcp", (8080, 8080), id=BY_HAND)
LEAKS: dict[str, tuple[Callable[[Cloud], None], set[Claim]]] = {
    "the services server answers on another port": (
        adds("platform-services", allow("ingress", POOL, "tcp", (8080, 8080), id=BY_HAND)),
        {Claim.DECLARED},
    ),
    "the services server lets servers log in": (adds("platform-services", SSH), {Claim.DECLARED}),
    "the services server lets in everybody": (adds("platform-services", allow("ingress", id=BY_HAND)), {Claim.DECLARED}),
    "a service's port is a range": (
        adds("platform-services", allow("ingress", POOL, "tcp", (6514, 6515), id=BY_HAND)),
        {Claim.DECLARED},
    ),
    "a service is open by UDP too": (
        adds("platform-services", allow("ingress", POOL, "udp", (443, 443), id=BY_HAND)),
        {Claim.DECLARED},
    ),
    "the services server may go anywhere": (adds("platform-services", allow("egress", id=BY_HAND)), {Claim.DECLARED}),
    "the services server may log in at servers": (
        adds("platform-services", allow("egress", POOL, "tcp", (22, 22), id=BY_HAND)),
        {Claim.DECLARED},
    ),
    "a tenant's servers may go to another port of the services server": (adds("acme-management", WAY), {Claim.DECLARED}),
    "a tenant's servers may go to other tenants' servers": (
        adds("acme-management", allow("egress", POOL, "tcp", (443, 443), id=BY_HAND)),
        {Claim.DECLARED},
    ),
    "a tenant's servers let the services server in": (
        adds("acme-management", allow("ingress", f"{SERVER}/32", "tcp", (22, 22), id=BY_HAND)),
        {Claim.DECLARED},
    ),
    "a tenant's servers let another tenant's in": (
        adds("acme-management", allow("ingress", POOL, "tcp", (443, 443), id=BY_HAND)),
        {Claim.DECLARED},
    ),
    "both ends open another port": (
        together(adds("acme-management", WAY), adds("platform-services", allow("ingress", POOL, "tcp", (8080, 8080), id=BY_HAND))),
        {Claim.DECLARED, Claim.MANAGEMENT},
    ),
    "the services server reaches a tenant's servers": (
        together(
            adds("platform-services", allow("egress", POOL, "tcp", (9100, 9100), id=BY_HAND)),
            adds("acme-management", allow("ingress", f"{SERVER}/32", "tcp", (9100, 9100), id=BY_HAND)),
        ),
        {Claim.DECLARED, Claim.MANAGEMENT},
    ),
    "a tenant's servers may use the bastion like the services server": (
        together(
            adds("acme-management", allow("egress", "172.29.0.10/32", "tcp", (443, 443), id=BY_HAND)),
            adds("platform-bastion", allow("ingress", POOL, "tcp", (443, 443), id=BY_HAND)),
        ),
        {Claim.DECLARED, Claim.MANAGEMENT},
    ),
    "the services server's port has no filter": (port(port_security_enabled=False, security_groups=()), {Claim.DECLARED}),
    "the services server has no group": (port(security_groups=()), {Claim.DECLARED}),
    "the services server has the bastion's group": (port(security_groups=("platform-bastion",)), {Claim.DECLARED}),
    "the services server has an open group as well": (
        together(
            lambda cloud: cloud.group("open", "platform", *OPEN),
            port(security_groups=("platform-services", "open")),
        ),
        {Claim.DECLARED},
    ),
    "the services server has a card in a tenant's management segment": (second_card, {Claim.DECLARED}),
    "the services server forwards between two tenants": (
        together(
            port(allowed_address_pairs=(AddressPair(ip_address=POOL),)),
            lambda cloud: cloud.route("acme-management", "172.30.0.16/28", SERVER),
            lambda cloud: cloud.route("globex-management", "172.30.0.0/28", SERVER),
        ),
        {Claim.STRUCTURE},
    ),
    "a service is missing at the services server": (lacks("platform-services", "tcp", 6514), {Claim.DECLARED}),
    "a service is missing at a tenant's servers": (lacks("acme-management", "udp", 123), {Claim.DECLARED}),
    "the bastion is no client": (lacks("platform-bastion", "tcp", 4460), {Claim.DECLARED}),
    "the services server does not exist": (lambda cloud: cloud.records.__delitem__("Port platform-services"), {Claim.DECLARED}),
}


@pytest.mark.parametrize(("change", "claims"), LEAKS.values(), ids=LEAKS)
def test_whatever_breaks_the_services_is_found(change: Callable[[Cloud], None], claims: set[Claim]) -> None:
    """Every change breaks the claims that it is about, and no verdict is better than it was."""
    proof = judged(change)
    assert broken(proof) >= claims
    assert proof.verdict is not Verdict.HOLDS


@pytest.mark.parametrize(("change", "claims"), LEAKS.values(), ids=LEAKS)
def test_what_breaks_the_services_breaks_no_other_claim(change: Callable[[Cloud], None], claims: set[Claim]) -> None:
    """A finding names what is wrong: what has nothing to do with it still holds."""
    assert broken(judged(change)) == claims


def test_a_found_port_is_shown_with_its_packets() -> None:
    """The extra packets, and the rule behind them."""
    judgement = next(j for j in judged(LEAKS["the services server answers on another port"][0]).judgements if j.claim is Claim.DECLARED)
    (found,) = judgement.differences
    assert (found.endpoint, found.extra) == ("platform-services", f"tcp/8080 from {POOL}")
    assert [rule.rule for rule in found.rules] == [BY_HAND]
