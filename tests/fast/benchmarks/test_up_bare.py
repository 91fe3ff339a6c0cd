"""The bare script makes the same resources as the stack: otherwise a comparison of their times says nothing."""

from __future__ import annotations

import functools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchmarks.up.bare import build, identity
from benchmarks.up.bare.__main__ import THREADS
from benchmarks.up.bare.site import Backbone, Bastion, Facts, Order, Site
from infra.components.quotas import project_limits
from infra.declaration import load_tenant
from infra.dynamic import clouds
from infra.policy.flows import expand
from tests.fast.components import recording
from tests.fast.declaration.declared import shipped_platform

pytestmark = pytest.mark.fast
TENANTS = ("acme", "globex")
FACTS = Facts("https://keystone.test/v3", "RegionOne", "", "external-id", "image-id", "platform-router-id", "pool-id",
              Backbone("backbone-id", "backbone-subnet-id"), Bastion("172.24.4.9", "ssh-ed25519 AAAA"))  # fmt: skip
GIVEN_RULES = [{"id": "egress4"}, {"id": "egress6"}]

SAME = {
    "create_project": "Project",
    "create_user": "User",
    "assign_project_role_to_user": "RoleAssignment",
    "create_application_credential": "ApplicationCredential",
    "create_router": "Router",
    "add_interface_to_router": "RouterLeg",
    "create_network": "Network",
    "create_subnet": "Subnet",
    "create_rbac_policy": "RbacPolicyV2",
    "create_port": "Port",
    "update_subnet": "SubnetRoute",
    "add_extra_routes_to_router": "ManagementRoute",
    "create_security_group": "SecGroup",
    "create_security_group_rule": "SecGroupRule",
    "create_address_group": "AddressGroupV2",
    "create_keypair": "Keypair",
    "create_volume": "Volume",
    "create_server": "Instance",
    "create_volume_attachment": "VolumeAttach",
    "create_ip": "FloatingIp",
}
"""What the script calls, and the stack's kind for the same."""
WITHOUT_A_PEER = {"Stack", "openstack", "GeneratedSecret", "Leftovers", "RingFenceRemains", "Unplugged", "HostKey", "GuestPolicy"}
"""What the stack has besides: secrets of its state, care for a crash, host keys, the guests' policies. None is a resource of the cloud."""
IN_PLACE = {"EmptyDefaultGroup", "ProjectLimits"}
"""What both change and neither makes."""


@dataclass
class Service:
    """A service that does everything at once, and remembers."""

    asked: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]]
    who: str

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - any of the client's methods
        return lambda *arguments, **named: self._answer(method, arguments, named)

    def _answer(self, method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:  # noqa: ANN401 - any of its answers
        if method == "create_security_group_rules":
            self.asked.extend((self.who, "create_security_group_rule", (), rule) for rule in arguments[0])
            return iter(())
        self.asked.append((self.who, method, arguments, named))
        if method in {"wait_for_status", "wait_for_server"}:
            return arguments[0]
        if method == "security_groups":
            return [SimpleNamespace(security_group_rules=GIVEN_RULES)]
        fixed = [{"ip_address": "172.30.0.5"}]
        more = {"fixed_ips": fixed, "mac_address": "fa:16:3e:00:00:01", "cidr": "172.30.0.0/28", "security_group_rules": GIVEN_RULES}
        return SimpleNamespace(id=f"{named.get('name', method)}-id", **more)


@dataclass
class Cloud:
    """A connection of somebody."""

    asked: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    who: str = "admin"

    def __getattr__(self, service: str) -> Service:
        return Service(self.asked, self.who)

    def methods(self, method: str) -> list[dict[str, Any]]:
        """Return what a method was asked for, by name."""
        return [named for _, asked, _, named in self.asked if asked == method]


@functools.cache
def stack_of(name: str) -> recording.RecordingCloud:
    """Record a stack once for all tests, which only look."""
    return recording.tenant(name)


def built(name: str, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Run the script for one of the shipped tenants."""
    admin = Cloud()
    monkeypatch.setattr(identity, "by_password", lambda *_: Cloud(admin.asked, "login"))
    monkeypatch.setattr(clouds, "deployer", lambda _: Cloud(admin.asked, "deployer"))
    platform = shipped_platform()
    declaration = load_tenant(recording.ROOT / f"Pulumi.{name}.yaml", platform, today=recording.TODAY)
    policy = expand(declaration, platform)
    order = Order(FACTS, asdict(project_limits(declaration.tenant, policy, platform)), recording.PUBLIC_KEY)
    with ThreadPoolExecutor(THREADS) as pool:
        addresses = build.tenant(Site(cast("Any", admin), order, platform, declaration.tenant, policy, pool.submit))
    assert addresses == ["172.30.0.5"] * len(declaration.tenant.servers)
    return admin


@pytest.mark.parametrize("name", TENANTS)
def test_the_script_makes_what_the_stack_makes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many of each kind, from the same declaration; what only one of them has is written down."""
    stack = Counter(resource.kind for resource in stack_of(name).resources if "ringfence:tenant:" not in resource.type)
    script = Counter(SAME[method] for _, method, _, _ in built(name, monkeypatch).asked if method in SAME)
    assert stack.keys() >= WITHOUT_A_PEER - {"Stack"} | IN_PLACE
    assert script == Counter({kind: count for kind, count in stack.items() if kind not in WITHOUT_A_PEER | IN_PLACE})


@pytest.mark.parametrize("name", TENANTS)
def test_names_and_addresses_are_the_stacks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has a name has the same one; ports have the same addresses, volumes the same sizes and types."""
    stack, script = stack_of(name), built(name, monkeypatch)
    for method in ("create_network", "create_subnet", "create_port", "create_security_group", "create_volume", "create_server"):
        assert sorted(each["name"] for each in script.methods(method)) == sorted(each.name for each in stack.of(SAME[method]))
    fixed = [[one.get("ip_address") for one in port["fixed_ips"]] for port in script.methods("create_port")]
    assert sorted(map(str, fixed)) == sorted(str([one.get("ipAddress") for one in port.inputs["fixedIps"]]) for port in stack.of("Port"))
    volumes = {(each["name"], each["size"], each["volume_type"], each.get("image_id")) for each in script.methods("create_volume")}
    assert volumes == {(v.name, v.inputs["size"], v.inputs["volumeType"], v.inputs.get("imageId")) for v in stack.of("Volume")}


@pytest.mark.parametrize("name", TENANTS)
def test_rules_are_the_stacks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Direction, protocol, ports and peers of every rule. The provider leaves a 0 out of its request: the script must do so itself."""
    keys = {"direction": "direction", "protocol": "protocol", "port_range_min": "portRangeMin", "port_range_max": "portRangeMax",
            "remote_ip_prefix": "remoteIpPrefix", "ethertype": "ethertype"}  # fmt: skip
    script = Counter(str({key: rule.get(key) for key in keys}) for rule in built(name, monkeypatch).methods("create_security_group_rule"))
    made = [rule.inputs for rule in stack_of(name).of("SecGroupRule")]
    stack = Counter(str({key: rule.get(theirs) or None for key, theirs in keys.items()}).replace(".0,", ",") for rule in made)
    assert script == stack


def test_who_makes_what_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ring fence is the admin's and what is in it the deployer's, as in the stack."""
    asked = built("acme", monkeypatch).asked
    by = {method: {who for who, each, _, _ in asked if each == method} for method in SAME}
    assert by["create_server"] == by["create_volume"] == by["create_security_group"] == by["create_ip"] == {"deployer"}
    assert by["create_router"] == by["add_interface_to_router"] == by["create_rbac_policy"] == {"admin"}
    assert by["create_application_credential"] == {"login"}


def test_every_group_loses_the_rules_that_neutron_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rules of each group that is made, and of the default group."""
    cloud = built("acme", monkeypatch)
    deleted = [arguments for _, method, arguments, _ in cloud.asked if method == "delete_security_group_rule"]
    assert len(deleted) == 2 * (len(cloud.methods("create_security_group")) + 1)


def test_a_part_that_fails_fails_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time of half a tenant is ever told."""
    monkeypatch.setattr(identity, "limit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        built("acme", monkeypatch)
