"""What the model does not understand: values outside every list, what cannot be in Neutron, and what an operator answers for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.services import Driver, NotAcceptedError, Service, enforced
from infra.neutron.snapshot import Network, Port, RbacPolicy, SecurityGroup, Subnet, Unknown
from infra.proof import prove
from infra.proof.report import Claim, Verdict
from infra.reachability.acceptance import Acceptance
from ringfence.checker.conditions import check
from ringfence.checker.rules import RefusedError
from tests.fast.neutron.clouds import Cloud, two_tenants
from tests.fast.proof.certificates import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.snapshot import Snapshot

pytestmark = pytest.mark.fast


def lend(cloud: Cloud, object_type: str, action: str = "access_as_shared") -> None:
    """Lend a network, as whatever."""
    cloud.add(RbacPolicy(id="r", object_type=object_type, object_id="acme-app", action=action, target_project="globex"))


ODD: dict[str, tuple[Callable[[Cloud], object], str]] = {
    "a type of network": (lambda c: c.change(Network, "acme-app", provider_network_type="portgroup"), "network_type:portgroup"),
    "a type in capitals": (lambda c: c.change(Network, "acme-app", provider_network_type="VLAN"), "network_type:VLAN"),
    "an owner of Neutron's that is not modelled": (
        lambda c: c.change(Port, "acme-web-app", device_owner="network:vpn_router_gateway"),
        "device_owner:network:vpn_router_gateway",
    ),
    "an owner that nobody knows": (lambda c: c.change(Port, "acme-web-app", device_owner="acme:fabric"), "device_owner:acme:fabric"),
    "a kind of card": (lambda c: c.change(Port, "acme-web-app", binding_vnic_type="teleport"), "vnic_type:teleport"),
    "a kind of object that is lent": (lambda c: lend(c, "wormhole"), "rbac_type:wormhole"),
    "a kind of lending": (lambda c: lend(c, "network", "access_as_owner"), "rbac_action:access_as_owner"),
    "an extension": (lambda c: c.add(Unknown(type="extension:acme-fabric", id="x")), "extension:acme-fabric"),
}


@pytest.mark.parametrize(("change", "name"), ODD.values(), ids=ODD)
def test_a_value_outside_every_list_is_not_understood_until_somebody_answers_for_it(change: Callable[[Cloud], object], name: str) -> None:
    """Then it stands in the proof and in the certificate by its name, and the checker lets it pass for that reason only."""
    cloud = two_tenants()
    change(cloud)
    snapshot = cloud.snapshot()
    open_proof = prove(compile_fabric(snapshot))
    assert (open_proof.verdict, name in open_proof.unknowns[0], open_proof.certificate) == (Verdict.UNKNOWN, True, None)
    answered = Acceptance(name, "anna", "the fabric only counts", "2030-01-01")
    proof = prove(compile_fabric(snapshot, accepted=[answered, Acceptance("field:port.other", "anna", "unused", "2030-01-01")]))
    assert (proof.verdict, proof.accepted) == (Verdict.HOLDS, (answered,))
    certificate = proof.certificate
    assert certificate is not None
    assert certificate["accepted"] == [{"name": name, "owner": "anna", "reason": "the fabric only counts", "expires": "2030-01-01"}]
    assert "packets" in check(certificate, written(snapshot))
    if name.startswith(("network_type", "device_owner", "extension")):
        with pytest.raises(RefusedError, match="not understood"):
            check(sealed({**certificate, "accepted": []}), written(snapshot))


def written(snapshot: Snapshot) -> bytes:
    """Return the bytes of a snapshot's file."""
    from infra.neutron.snapshot.store import dumps  # noqa: PLC0415 - one helper

    return dumps(snapshot)


CANNOT_BE: dict[str, Callable[[Cloud], object]] = {
    "who is who": lambda c: c.add(Unknown(type="project", id="platform")),
    "several segments": lambda c: c.change(Network, "acme-app", provider_network_type="several"),
}


@pytest.mark.parametrize("change", CANNOT_BE.values(), ids=CANNOT_BE)
def test_what_no_name_is_given_to_nobody_can_accept(change: Callable[[Cloud], object]) -> None:
    """It is not a thing that somebody may know to be harmless: the model itself does not fit."""
    cloud = two_tenants()
    change(cloud)
    assert (
        prove(
            compile_fabric(cloud.snapshot(), accepted=[Acceptance(name, "anna", "all", "2030-01-01") for name in ("", "project")])
        ).verdict
        is Verdict.UNKNOWN
    )


def test_a_path_outweighs_no_doubt_about_the_groups_that_close_it() -> None:
    """Where groups alone keep tenants apart, whether they do is the answer."""
    cloud = two_tenants()
    cloud.change(SecurityGroup, "globex-open", rules=())
    cloud.port("guest", "acme-app", "globex", "10.0.0.99", groups=("globex-open",))
    closed = prove(compile_fabric(cloud.snapshot()))
    assert {j.claim: j.verdict for j in closed.judgements}[Claim.STRUCTURE] is Verdict.BROKEN
    assert closed.verdict is Verdict.BROKEN
    cloud.add(Unknown(type="field:network.pvlan", id="acme-app"))
    doubtful = prove(compile_fabric(cloud.snapshot()))
    assert ({j.claim: j.verdict for j in doubtful.judgements}[Claim.PACKETS], doubtful.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)


def test_a_driver_that_nobody_names_is_read_as_whatever_any_of_them_lets_pass() -> None:
    """For every service at random: the widest reading holds each driver's."""
    chance = random.Random(1)  # noqa: S311 - a test that can be repeated
    names = [None, "tcp", "udp", "icmp", "sctp", "dccp", "udplite", "0", "ip", "vrrp", "47"]
    compared = 0
    for _ in range(2000):
        low, high = sorted(chance.choices([1, 8, 22, 255, 443, 65535], k=2))
        ports = chance.choice([(None, None), (low, high), (low, None)])
        service = Service(chance.choice([4, 6]), chance.choice(names), *ports)
        try:
            each = [enforced(driver, service) for driver in Driver if driver is not Driver.WIDEST]
        except NotAcceptedError:
            continue
        widest = enforced(Driver.WIDEST, service)
        assert (widest.lo, widest.hi) == (min(span.lo for span in each), max(span.hi for span in each))
        compared += 1
    assert compared > 500
    assert compile_fabric(two_tenants().snapshot(driver=None)).profile == "widest"


def test_a_driver_that_nobody_names_hides_no_leak() -> None:
    """Iptables takes protocol 0 for every protocol, and address pairs are members for the agents only."""
    cloud = two_tenants()
    cloud.port("guest", "acme-app", "globex", "10.0.0.99", groups=("globex-open",))
    cloud.change(SecurityGroup, "globex-open", rules=())
    cloud.change(SecurityGroup, "acme-open", rules=())
    verdicts = {driver: prove(compile_fabric(cloud.snapshot(driver=driver))).verdict for driver in ("ovn", None)}
    assert set(verdicts.values()) == {Verdict.BROKEN}
    assert {j.claim: j.verdict for j in prove(compile_fabric(cloud.snapshot(driver=None))).judgements}[Claim.PACKETS] is not Verdict.UNKNOWN


def test_what_is_left_of_a_project_that_keystone_does_not_have_is_a_party_of_its_own() -> None:
    """A group of it changes nothing; a server's port of it is kept apart from everybody, and named."""
    cloud = two_tenants()
    cloud.group("orphan", "deadbeef")
    assert prove(compile_fabric(cloud.snapshot())).verdict is Verdict.HOLDS
    cloud.network("left", "deadbeef", "10.9.0.0/24")
    cloud.port("alone", "left", "deadbeef", "10.9.0.98", groups=("orphan",))
    apart = prove(compile_fabric(cloud.snapshot()))
    assert apart.certificate is not None
    assert "structure" in check(apart.certificate, written(cloud.snapshot()))
    cloud.port("left", "acme-app", "deadbeef", "10.0.0.98", groups=("orphan",))
    found = prove(compile_fabric(cloud.snapshot()))
    assert found.verdict is Verdict.BROKEN
    assert "deadbeef (no such project)" in {example.target_party for judgement in found.judgements for example in judgement.counterexamples}


def test_a_delegated_prefix_has_a_word_for_its_pool() -> None:
    """`prefix_delegation` is Neutron's, and no pool."""
    cloud = two_tenants()
    cloud.add(Subnet(id="pd", network_id="acme-app", cidr="fd00:1::/64", subnetpool_id="prefix_delegation"))
    assert prove(compile_fabric(cloud.snapshot())).verdict is Verdict.HOLDS
