"""Whatever a plan may hold is in exactly one list, and what no list knows makes the plan "cannot tell"."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pulumi_openstack
import pytest
from pulumi import Resource

import infra.dynamic
from infra.neutron.plans.kinds import HARMLESS, KNOWN, OWN, REFUSED, ResourceKind, reason_against
from infra.neutron.plans.preview import UNKNOWN, ResourceState
from infra.neutron.plans.preview import Resource as Planned
from infra.neutron.plans.unknowns import doubts_of
from infra.neutron.semantics.compile import compile_fabric
from infra.proof import Claim, Verdict, prove
from tests.fast.components import recording
from tests.fast.neutron.plans.previews import Json, Preview
from tests.fast.neutron.plans.test_planned import after

pytestmark = pytest.mark.fast

NET = "openstack:networking/"


def verdict(plan: Preview) -> tuple[Verdict, str]:
    """Return what is proven over a plan, and everything that is not understood."""
    found = prove(compile_fabric(after(plan)), claims={Claim.STRUCTURE})
    return found.verdict, "\n".join(found.unknowns)


def test_every_resource_of_the_provider_is_in_exactly_one_list() -> None:
    """The package that the project is locked to says which types there are."""
    sources = Path(pulumi_openstack.__file__).parent.rglob("*.py")
    there = {kind for file in sources for kind in re.findall(r"__self__\)\.__init__\(\s*'(openstack:[^']+)'", file.read_text())}
    listed = Counter([*(str(kind) for kind in ResourceKind if not kind.startswith("pulumi-python:")), *HARMLESS, *REFUSED])
    assert len(there) > 100
    assert set(listed) == there
    assert max(listed.values()) == 1


def test_every_dynamic_resource_of_the_project_is_in_exactly_one_list() -> None:
    """A new one has to be judged before it can be in a plan."""
    modules = [importlib.import_module(f"infra.dynamic.{found.name}") for found in pkgutil.iter_modules(infra.dynamic.__path__)]
    names = {
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Resource) and kind.__module__ == module.__name__
    }
    listed = Counter([*OWN, *(str(kind) for kind in ResourceKind if kind.startswith("pulumi-python:"))])
    assert set(listed) == {f"pulumi-python:dynamic/ringfence:{name}" for name in names}
    assert max(listed.values()) == 1


@pytest.mark.parametrize("stack", ["acme", "globex", "platform"])
def test_the_shipped_stacks_hold_nothing_that_is_not_understood(stack: str) -> None:
    """No false alarm: every type and every property that the components set is known."""
    cloud = recording.platform() if stack == "platform" else recording.tenant(stack)
    assert len(cloud.resources) > 20
    for made in cloud.resources:
        assert reason_against(made.type, custom=not made.type.startswith("ringfence:")) == "", made.type
        if made.type in KNOWN:
            resource = Planned(ResourceState(urn=made.name, type=made.type, inputs=made.inputs), kept=False)
            assert list(doubts_of(resource, ResourceKind(made.type))) == []


@pytest.mark.parametrize(
    "kind",
    [
        *("openstack:orchestration/stackV1:StackV1", "openstack:containerinfra/cluster:Cluster", "openstack:database/instance:Instance"),
        *("openstack:loadbalancer/loadBalancer:LoadBalancer", "openstack:firewall/groupV2:GroupV2", "openstack:vpnaas/service:Service"),
        *(NET + "bgpSpeakerV2:BgpSpeakerV2", NET + "segmentV2:SegmentV2", "openstack:index/taasTapMirrorV2:TaasTapMirrorV2"),
        *("openstack:compute/floatingIpAssociate:FloatingIpAssociate", NET + "notYetInvented:NotYetInvented"),
        *("aws:ec2/vpc:Vpc", "command:local:Command", "pulumi-python:dynamic:Resource", "pulumi-python:dynamic/other:RouterLeg"),
    ],
)
def test_what_carries_packets_and_is_not_modelled_makes_the_plan_cannot_tell(kind: str) -> None:
    """Refused types, types of other releases and providers, and dynamic resources of others; also when the plan leaves them as they are."""
    for op in ("create", "update", "same"):
        plan = Preview()
        plan.add("thing", kind, op=op, identifier="id-1", name="thing")
        found, unknowns = verdict(plan)
        assert found is Verdict.UNKNOWN
        assert kind in unknowns


def test_what_moves_no_packet_changes_no_verdict() -> None:
    """Quotas, names in the DNS, volumes, references to other stacks, secrets: a proof stays one."""
    plan = Preview()
    for number, kind in enumerate(
        [*HARMLESS, *OWN, "pulumi:pulumi:StackReference", "pulumi:pulumi:Stack", "random:index/randomId:RandomId"]
    ):
        plan.add(f"thing{number}", kind, name="thing", whatever="x")
    assert verdict(plan) == (Verdict.HOLDS, "")


@pytest.mark.parametrize(
    ("kind", "inputs", "words"),
    [
        ("network:Network", {"valueSpecs": {"pvlan": "true"}}, "valueSpecs"),
        ("network:Network", {"transparentVlan": True}, "transparentVlan"),
        ("network:Network", {"portSecurityEnabled": UNKNOWN}, "portSecurityEnabled"),
        ("network:Network", {"segments": UNKNOWN}, "segments"),
        ("network:Network", {"segments": [{"networkType": "vlan", "vendorsOwn": 1}]}, "segments.vendorsOwn"),
        ("router:Router", {"enableSnat": UNKNOWN}, "enableSnat"),
        ("router:Router", {"valueSpecs": {"evpn_vni": 7}}, "valueSpecs"),
        ("port:Port", {"networkId": "acme-app", "binding": {"profile": '{"tag": 5}'}}, "binding.profile"),
        ("port:Port", {"networkId": "acme-app", "binding": {"vnicType": UNKNOWN}}, "binding"),
        ("port:Port", {"networkId": "acme-app", "allowedAddressPairs": UNKNOWN}, "allowedAddressPairs"),
        ("port:Port", {"networkId": "acme-app", "portSecurityEnabled": "[secret]"}, "portSecurityEnabled"),
        ("port:Port", {"networkId": "acme-app", "brandNew": "x"}, "brandNew"),
        ("addressGroupV2:AddressGroupV2", {"addresses": UNKNOWN}, "addresses"),
        ("secGroupRule:SecGroupRule", {"securityGroupId": "acme-open", "direction": UNKNOWN, "ethertype": "IPv4"}, "direction"),
        (
            "secGroupRule:SecGroupRule",
            {"securityGroupId": "acme-open", "direction": "ingress", "ethertype": "IPv4", "remoteIpPrefix": UNKNOWN},
            "remoteIpPrefix",
        ),
        ("subnet:Subnet", {"networkId": "acme-app", "cidr": "10.9.0.0/24", "segmentId": "s"}, "segmentId"),
    ],
)
def test_a_property_that_is_not_known_or_not_told_makes_the_plan_cannot_tell(kind: str, inputs: Json, words: str) -> None:
    """Of the types that are modelled: by name, with the resource."""
    plan = Preview()
    plan.add("thing", NET + kind, name="thing", **inputs)
    found, unknowns = verdict(plan)
    assert found is Verdict.UNKNOWN
    assert words in unknowns


def test_a_property_that_is_empty_or_moves_no_packet_changes_nothing() -> None:
    """Nulls, empty lists and false of unknown names; mtu, tags, DNS names, DHCP options."""
    plan = Preview()
    plan.add("net", NET + "network:Network", name="n", mtu=1400, tags=["a"], brandNew=None, other=[], third=False, __defaults=["x"])
    plan.add("port", NET + "port:Port", networkId="acme-app", dnsName="x", extraDhcpOptions=[{"name": "ntp"}], binding={"hostId": "h"})
    assert verdict(plan) == (Verdict.HOLDS, "")


def test_what_the_base_shows_as_it_is_is_judged_there() -> None:
    """A resource that the plan leaves alone may have any property: the cloud's own answer was read."""
    plan = Preview()
    plan.add("net", NET + "network:Network", op="same", identifier="acme-app", name="acme-app", valueSpecs={"x": "y"})
    assert verdict(plan) == (Verdict.HOLDS, "")


def test_what_a_program_only_names_and_nobody_shows_makes_the_plan_cannot_tell() -> None:
    """A resource that is read by its id, of which the engine prints nothing else."""
    plan = Preview()
    plan.add("there", NET + "network:Network", op="read", identifier="acme-app")
    assert verdict(plan) == (Verdict.HOLDS, "")
    plan.add("elsewhere", NET + "network:Network", op="read", identifier="elsewhere")
    found, unknowns = verdict(plan)
    assert found is Verdict.UNKNOWN
    assert "shows it" in unknowns
