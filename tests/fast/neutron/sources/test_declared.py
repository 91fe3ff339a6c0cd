"""The declarations of this repository as a snapshot and an intent: what holds, and what is found when rules differ."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.declaration import load_platform, load_tenant
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot import Rule, SecurityGroup, Snapshot
from infra.neutron.snapshot.store import dumps, from_records
from infra.neutron.sources.declared import declared_snapshot
from infra.neutron.sources.intent import declared_intent
from infra.proof import Claim, Proof, Verdict, prove
from tests.fast.neutron.clouds import Cloud, allow

if TYPE_CHECKING:
    from infra.reachability.intent import Intent

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[4]


def declared() -> tuple[Snapshot, Intent]:
    """Return the snapshot and the intent of the stacks in this repository."""
    platform = load_platform(ROOT / "Pulumi.platform.yaml").platform
    tenants = [load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=date(2026, 11, 23)) for name in ("acme", "globex")]
    return declared_snapshot(platform, tenants), declared_intent(platform, tenants)


@pytest.mark.parametrize("driver", Driver)
def test_the_declarations_of_this_repository_hold(driver: Driver) -> None:
    """All five claims, under every driver's profile."""
    snapshot, intent = declared()
    found = prove(compile_fabric(snapshot, driver), intent)
    assert {judgement.claim: judgement.verdict for judgement in found.judgements} == dict.fromkeys(Claim, Verdict.HOLDS)


def changed(snapshot: Snapshot, name: str, *rules: Rule) -> Snapshot:
    """Return the snapshot with other rules in a group."""
    cloud = Cloud()
    for line in dumps(snapshot).splitlines()[1:-1]:
        record = loads_one(line)
        cloud.records[str(len(cloud.records))] = record
    for key, record in cloud.records.items():
        if isinstance(record, SecurityGroup) and record.name == name:
            cloud.records[key] = SecurityGroup(id=record.id, name=record.name, project_id=record.project_id, rules=rules)
    return from_records(snapshot.header, cloud.records.values())


def loads_one(line: bytes) -> Any:  # noqa: ANN401 - any record
    """Decode one record."""
    from infra.neutron.snapshot.store import _decoder  # noqa: PLC0415 - the format's own decoder

    return _decoder.decode(line)


def judged(snapshot: Snapshot, intent: Intent) -> Proof:
    """Prove with an intent."""
    return prove(compile_fabric(snapshot), intent)


def to_services(snapshot: Snapshot) -> tuple[Rule, ...]:
    """Return acme's rules that let its servers ask the platform's services."""
    rules = next(group.rules for group in snapshot.security_groups if group.name == "acme-management")
    return tuple(rule for rule in rules if rule.direction == "egress")


def test_a_rule_nobody_declared_is_found_with_its_packets() -> None:
    """An extra rule is shown as the traffic that it adds, with the rule behind it."""
    snapshot, intent = declared()
    by_hand = allow("ingress", "0.0.0.0/0", "tcp", (22, 22), id="by-hand")
    found = judged(changed(snapshot, "acme-management", by_hand, *to_services(snapshot)), intent)
    judgement = next(j for j in found.judgements if j.claim is Claim.DECLARED)
    assert judgement.verdict is Verdict.BROKEN
    assert all(d.extra.startswith("tcp/22 from ") for d in judgement.differences)
    assert judgement.differences[0].rules[0].rule == "by-hand"


def test_a_declared_flow_without_its_rule_is_found() -> None:
    """What is missing is shown as well: the service would not work."""
    snapshot, intent = declared()
    found = judged(changed(snapshot, "acme-server-web"), intent)
    judgement = next(j for j in found.judgements if j.claim is Claim.DECLARED)
    assert {d.missing[:7] for d in judgement.differences} >= {"tcp/443"}


def test_a_rule_written_differently_is_the_same() -> None:
    """Equality is of packets: two halves of a prefix are the prefix."""
    snapshot, intent = declared()
    bastion = next(
        rule for group in snapshot.security_groups if group.name == "acme-management" for rule in group.rules if rule.direction == "ingress"
    )
    address = str(bastion.remote_ip_prefix).split("/")[0]
    twice = [allow("ingress", address, "6", (22, 22)), allow("ingress", f"{address}/32", "tcp", (22, 22))]
    assert judged(changed(snapshot, "acme-management", *twice, *to_services(snapshot)), intent).verdict is Verdict.HOLDS


def test_management_that_nobody_declared_is_found() -> None:
    """The bastion may do what is declared and nothing else."""
    snapshot, intent = declared()
    opened = changed(snapshot, "platform-bastion", allow("egress", protocol="tcp"), allow("ingress"))
    opened = changed(opened, "acme-management", allow("ingress", "172.29.0.0/24", "tcp", (20, 30)))
    found = judged(opened, intent)
    judgement = next(j for j in found.judgements if j.claim is Claim.MANAGEMENT)
    assert judgement.verdict is Verdict.BROKEN
    assert judgement.counterexamples[0].source_party == "platform"
    assert judgement.counterexamples[0].target_party == "acme"


def test_an_undeclared_service_beside_a_declared_one_is_found() -> None:
    """SSH from the bastion is declared; that it passes must not hide another port that passes as well."""
    snapshot, intent = declared()
    opened = changed(snapshot, "platform-bastion", allow("egress", protocol="tcp"))
    bastion = next(rule.remote_ip_prefix for group in opened.security_groups if group.name == "acme-management" for rule in group.rules)
    both = (allow("ingress", bastion, "tcp", (22, 22)), allow("ingress", bastion, "tcp", (9100, 9100)))
    judgement = next(j for j in judged(changed(opened, "acme-management", *both), intent).judgements if j.claim is Claim.MANAGEMENT)
    assert [str(e.packet).split(" ")[0] for e in judgement.counterexamples] == ["tcp/9100"]


def test_every_rule_knows_its_line() -> None:
    """The way back to the declaration: file, line, flow, owner and reason."""
    snapshot, _ = declared()
    rules = [rule for group in snapshot.security_groups if group.name.startswith(("acme-server", "acme-zone")) for rule in group.rules]
    assert rules
    for rule in rules:
        assert rule.source is not None
        assert rule.source.file.endswith("Pulumi.acme.yaml")
        assert rule.source.line > 0
        assert rule.source.owner
        assert rule.source.reason
