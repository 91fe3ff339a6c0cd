"""A plan laid over a snapshot: unknown ids resolved by what they depend on, changes applied, and whatever is not understood said."""

from __future__ import annotations

import json

import pytest

from infra.errors import SnapshotError
from infra.neutron.plans.planned import planned_snapshot
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot import Port, Router, Snapshot
from infra.proof import Claim, Verdict, prove
from tests.fast.neutron.clouds import two_tenants
from tests.fast.neutron.plans.previews import Json, Preview, third_tenant

pytestmark = pytest.mark.fast


def after(plan: Preview) -> Snapshot:
    """Return the two tenants' cloud after the plan."""
    return planned_snapshot(plan.data(), two_tenants().snapshot(), "plan.json")


def port(snapshot: Snapshot, name: str) -> Port:
    """Return a planned port by its resource name."""
    return next(port for port in snapshot.ports if port.id.endswith(f"::{name}"))


def test_a_third_tenant_is_apart_from_the_two() -> None:
    """A plan with nothing known but names and prefixes is enough for the proof."""
    found = prove(compile_fabric(after(third_tenant())))
    assert found.verdict is Verdict.HOLDS
    assert found.counts["tenants"] == 3
    assert [(e.name, e.l4_lo - (6 << 16)) for e in found.exposures if e.party == "initech"] == [("initech-web-app", 443)]


def test_unknown_ids_are_resolved_by_dependency() -> None:
    """Owner by credential, legs by port, cards by server, addresses by family, free prefix by counting."""
    snapshot = after(third_tenant())
    card = port(snapshot, "card")
    assert card.project_id.endswith("Project::initech")
    assert card.device_owner == "compute:nova"
    assert card.device_id.endswith("::vm")
    assert [(f.subnet_id.rsplit("::", 1)[-1], f.ip_address) for f in card.fixed_ips] == [("app-4", "10.0.0.11"), ("app-6", "fd00:5::11")]
    assert port(snapshot, "m-leg").device_owner == "network:router_interface"
    segment = next(subnet for subnet in snapshot.subnets if subnet.id.endswith("::m-sub"))
    assert segment.cidr == "172.30.0.32/28"
    router = next(router for router in snapshot.routers if router.id == "platform-router")
    assert router.routes[-1].destination == "172.30.0.32/28"
    assert router.routes[-1].nexthop == port(snapshot, "b-leg").fixed_ips[0].ip_address


def test_a_rule_knows_its_resource_and_its_flow() -> None:
    """The way back from a packet to the plan: the URN, and the description that names the flow."""
    rule = next(g for g in after(third_tenant()).security_groups if g.name == "initech-web").rules[0]
    assert rule.source is not None
    assert rule.source.urn.endswith("SecGroupRule::https")
    assert rule.description == "flow shop"


def test_a_plan_that_joins_two_tenants_is_found() -> None:
    """A leg of the new tenant's router on another tenant's network, before anything was created."""
    plan = third_tenant()
    plan.add("bad", "openstack:networking/port:Port", networkId="acme-app", fixedIps=[{"subnetId": "acme-app-0", "ipAddress": "10.0.0.9"}])
    plan.add("leak", "openstack:networking/routerInterface:RouterInterface", routerId="ref:edge", portId="ref:bad")
    found = prove(compile_fabric(after(plan)))
    assert found.verdict is Verdict.BROKEN
    assert {e.source_party for e in found.judgements[0].counterexamples} == {"initech", "acme"}


def test_a_deleted_rule_is_gone_and_a_kept_resource_stays_as_it_is() -> None:
    """Deletions take effect inside groups; what the plan does not touch is taken from the base."""
    plan = Preview()
    plan.remove("acme-open/0")
    plan.add("kept", "openstack:networking/router:Router", op="same", identifier="acme-edge", name="other", externalNetworkId="public")
    snapshot = after(plan)
    group = next(group for group in snapshot.security_groups if group.id == "acme-open")
    assert [rule.id for rule in group.rules] == ["acme-open/1", "acme-open/2", "acme-open/3"]
    base = two_tenants().snapshot()
    assert snapshot.routers == base.routers
    assert all(isinstance(router, Router) for router in snapshot.routers)


def test_default_rules_count_unless_they_are_removed() -> None:
    """Row 12: a new group without ``deleteDefaultRules`` lets everything out."""
    plan = Preview()
    plan.add("open", "openstack:networking/secGroup:SecGroup", name="open")
    group = next(group for group in after(plan).security_groups if group.name == "open")
    assert [(rule.direction, rule.ethertype) for rule in group.rules] == [("egress", "IPv4"), ("egress", "IPv6")]


def test_a_zero_that_the_provider_leaves_out_means_all() -> None:
    """ICMP type 0 in a plan reaches Neutron as every type, so that is what is proven with."""
    plan = Preview()
    plan.add("ping", "openstack:networking/secGroup:SecGroup", name="ping", deleteDefaultRules=True)
    icmp: Json = {"direction": "ingress", "ethertype": "IPv4", "protocol": "icmp", "portRangeMin": 0, "portRangeMax": 0}
    plan.add("reply", "openstack:networking/secGroupRule:SecGroupRule", securityGroupId="ref:ping", **icmp)
    rule = next(group for group in after(plan).security_groups if group.name == "ping").rules[0]
    assert (rule.port_range_min, rule.port_range_max) == (None, None)


def test_what_is_not_understood_is_said() -> None:
    """A kind of resource that the model does not know turns the proof into "cannot tell"."""
    plan = third_tenant()
    plan.add("vpn", "openstack:vpnaas/service:Service", name="vpn")
    found = prove(compile_fabric(after(plan)), claims={Claim.STRUCTURE})
    assert found.verdict is Verdict.UNKNOWN
    assert "openstack:vpnaas/service:Service" in found.unknowns[0]


def test_a_plan_without_its_cloud_is_refused() -> None:
    """A plan refers to the platform's network; without the platform's snapshot nothing can be said."""
    with pytest.raises(SnapshotError, match=r"is not in the snapshot|is not there"):
        planned_snapshot(third_tenant().data(), None, "plan.json")


@pytest.mark.parametrize("printed", [0, 1])
def test_a_plan_that_leaves_out_what_stays_needs_its_cloud(printed: int) -> None:
    """The engine prints what changes only, unless asked for more: alone, nothing would be proven about next to nothing."""
    same = [{"op": "same", "urn": "urn:pulumi:acme::ringfence::pulumi:pulumi:Stack::acme"}] * printed
    plan = {"steps": same, "changeSummary": {"same": 75}}
    whole = {"steps": same, "changeSummary": {"same": printed}}

    with pytest.raises(SnapshotError, match=r"^plan\.json: the plan is not a whole state") as error:
        planned_snapshot(json.dumps(plan).encode(), None, "plan.json")
    assert f"{75 - printed} resources" in str(error.value)
    assert "plan:plan.json+cloud" in str(error.value)
    assert len(planned_snapshot(json.dumps(plan).encode(), two_tenants().snapshot()).servers) == 2
    assert planned_snapshot(json.dumps(whole).encode()).networks == ()


def test_something_else_is_no_plan() -> None:
    """The error says how to make one."""
    with pytest.raises(SnapshotError, match="this is no plan") as error:
        planned_snapshot(b"Previewing update (acme)", None, "plan.json")
    assert "pulumi preview --json" in str(error.value)
