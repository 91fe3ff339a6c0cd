"""Where only groups keep tenants apart: the checker confirms what is closed under every driver, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot import Port, SecurityGroup, Unknown
from infra.neutron.snapshot.store import dumps
from infra.proof import Claim, Verdict, prove
from infra.proof.certificate import certify
from infra.proof.structure import structural
from infra.reachability.paths import Paths
from ringfence.checker.conditions import check
from ringfence.checker.rules import RefusedError
from tests.fast.neutron.clouds import Cloud, allow, two_tenants
from tests.fast.proof.certificates import certified, claimed, sealed
from tests.fast.proof.changes import LEAKS
from tests.fast.proof.mixed import ACME, ALL, OPEN, OPEN_TO_SOME, SHUT, both, mixed

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("change", SHUT.values(), ids=SHUT)
def test_groups_that_let_nothing_pass_are_confirmed(change: Callable[[Cloud], None]) -> None:
    """Where only groups keep tenants apart, the certificate lists the pairs, and the checker proves the one claim that holds."""
    cloud = mixed()
    change(cloud)
    certificate, snapshot = certified(cloud)
    pairs = [(source.split()[0], target.split()[0]) for source, targets in certificate["closed"].items() for target in targets]
    assert sorted(pairs) == [("acme", "globex"), ("globex", "acme")]
    assert check(certificate, snapshot) == ("packets",)
    with pytest.raises(RefusedError, match="only groups close it"):
        check(sealed({**certificate, "claims": {**certificate["claims"], "structure": "so they say"}}), snapshot)


@pytest.mark.parametrize("change", OPEN.values(), ids=OPEN)
def test_groups_that_let_a_packet_pass_are_found_and_refused(change: Callable[[Cloud], None]) -> None:
    """The prover finds the packet, and the checker refuses the certificate that says otherwise."""
    cloud = mixed()
    change(cloud)
    proof = prove(compile_fabric(cloud.snapshot()), claims={Claim.PACKETS})
    assert proof.verdict is Verdict.BROKEN
    assert ("acme", "globex") in {(e.source_party, e.target_party) for e in proof.judgements[0].counterexamples}
    assert len(proof.judgements[0].counterexamples[0].rules) >= 2
    certificate, snapshot = claimed(cloud)
    with pytest.raises(RefusedError, match="packets pass"):
        check(certificate, snapshot)


@pytest.mark.parametrize("change", OPEN_TO_SOME.values(), ids=OPEN_TO_SOME)
def test_the_checker_takes_the_widest_reading(change: Callable[[Cloud], None]) -> None:
    """What any driver lets pass is refused, whatever profile the certificate names, where the snapshot does not say which it is."""
    cloud = mixed()
    change(cloud)
    verdicts = {prove(compile_fabric(cloud.snapshot(), driver), claims={Claim.PACKETS}).verdict for driver in Driver}
    assert verdicts == {Verdict.HOLDS, Verdict.BROKEN}
    certificate, snapshot = claimed(cloud, driver=None)
    with pytest.raises(RefusedError, match="packets pass"):
        check(certificate, snapshot)


def loose(cloud: Cloud) -> None:
    """A stateless group beside a stateful one, on one port."""
    cloud.add(SecurityGroup(id="loose", project_id="acme", stateful=False))
    cloud.change(Port, "acme-card", security_groups=("acme-card", "loose"))


def tags(cloud: Cloud) -> None:
    """A card that nothing filters on the untagged network of a wire with another tenant's VLAN."""
    place = {"provider_physical_network": "p"}
    cloud.network("flat", "acme", "10.6.0.0/24", gateway=False, provider_network_type="flat", **place)
    cloud.network("vlan", "globex", "10.7.0.0/24", gateway=False, provider_network_type="vlan", provider_segmentation_id=8, **place)
    cloud.port("vf", "flat", "acme", "10.6.0.5", binding_vnic_type="direct")
    cloud.port("on-vlan", "vlan", "globex", "10.7.0.5")


ODD: dict[str, Callable[[Cloud], object]] = {
    "a load balancer by its owner": lambda cloud: cloud.port("lb", "acme-app", "acme", "10.0.0.40", device_owner="ovn-lb:vip"),
    "a load balancer by its name": lambda cloud: cloud.port("ovn-lb-vip-1", "acme-app", "acme", "10.0.0.40", device_owner=""),
    "an unknown kind of record": lambda cloud: cloud.add(Unknown(type="vpnservice", id="v")),
    "a partial snapshot": lambda _cloud: None,
    "several remote ends": both((allow("egress", ALL, remote_group_id="acme-card"),), ()),
    "a prefix of the other family": both((allow("egress", "::/0", ethertype="IPv4"),), ()),
    "stateful and stateless groups": loose,
    "a card that may tag": tags,
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_not_understood_is_refused(odd: str) -> None:
    """The prover cannot tell, and the checker refuses although nothing else is wrong."""
    cloud = mixed()
    ODD[odd](cloud)
    snapshot = cloud.snapshot(complete=odd != "a partial snapshot")
    assert prove(compile_fabric(snapshot)).certificate is None
    paths = Paths(compile_fabric(snapshot))
    certificate = json.loads(json.dumps(certify(paths, (), structural(paths)[1])))
    with pytest.raises(RefusedError, match=r"not understood|together"):
        check(certificate, dumps(snapshot))


@pytest.mark.parametrize("admitted", ["203.0.113.20/32", "203.0.113.60/32", ACME])
def test_translated_sources_are_counted(admitted: str) -> None:
    """Over the world outside a tenant is seen under its router's address and its floating IPs: rules for those are openings."""
    cloud = two_tenants()
    LEAKS["untranslated_router"](cloud)
    cloud.group("globex-open", "globex", allow("ingress", admitted, "tcp"))
    proof = prove(compile_fabric(cloud.snapshot()), claims={Claim.PACKETS})
    assert (proof.verdict is Verdict.HOLDS) == (admitted == ACME)
    certificate, snapshot = claimed(cloud)
    with pytest.raises(RefusedError, match="only groups close it" if admitted == ACME else "packets pass"):
        check(certificate, snapshot)
