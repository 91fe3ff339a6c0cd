"""The proof on the intended topology, on leaks put into it, and on harmless changes: the first and last hold, every leak is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot import (
    AddressPair,
    FloatingIp,
    Gateway,
    Network,
    Port,
    PortForwarding,
    Project,
    Role,
    Router,
    Subnet,
    Unknown,
)
from infra.proof import Claim, Proof, Verdict, prove
from tests.fast.neutron.clouds import Cloud, allow, platform_alone, two_tenants
from tests.fast.proof.changes import LEAKS, foreign_leg, shared_leg
from tests.fast.proof.harmless import HARMLESS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast

STRUCTURE, PACKETS, PUBLIC = Claim.STRUCTURE, Claim.PACKETS, Claim.PUBLIC


def proof(cloud: Cloud, **header: object) -> Proof:
    """Prove what concerns two tenants."""
    return prove(compile_fabric(cloud.snapshot(**header)))


def broken(found: Proof) -> set[Claim]:
    """Return the claims that do not hold."""
    return {judgement.claim for judgement in found.judgements if judgement.verdict is Verdict.BROKEN}


def test_the_intended_topology_holds_with_every_group_open() -> None:
    """Structure alone separates two tenants with equal addresses, a common backbone and a common external network."""
    found = proof(two_tenants())
    assert found.verdict is Verdict.HOLDS
    assert found.counts["tenants"] == 2
    assert found.certificate is not None


@pytest.mark.parametrize("cloud", [Cloud(), platform_alone()], ids=["nothing", "the platform alone"])
def test_a_cloud_without_tenants_is_not_called_isolated(cloud: Cloud) -> None:
    """Nobody was seen, so nothing was judged: every claim is "cannot tell", and nothing is certified."""
    found = proof(cloud)
    assert {judgement.verdict for judgement in found.judgements} == {Verdict.UNKNOWN}
    assert all("no tenant is seen" in judgement.text for judgement in found.judgements)
    assert found.certificate is None


@pytest.mark.parametrize("change", LEAKS.values(), ids=LEAKS)
def test_a_leak_is_found(change: Callable[[Cloud], None]) -> None:
    """Structure does not hold, a packet passes as every group is open, and the counterexample names links and rules."""
    cloud = two_tenants()
    change(cloud)
    found = proof(cloud)
    assert {STRUCTURE, PACKETS} <= broken(found)
    assert found.certificate is None
    example = next(e for j in found.judgements if j.claim is PACKETS for e in j.counterexamples)
    assert {example.source_party, example.target_party} == {"acme", "globex"}
    assert example.links
    assert len(example.rules) >= 2


@pytest.mark.parametrize("change", LEAKS.values(), ids=LEAKS)
def test_closed_groups_hold_where_structure_does_not(change: Callable[[Cloud], None]) -> None:
    """With groups that admit nothing the path is still reported, and no packet passes: the layers are judged apart."""
    cloud = two_tenants()
    change(cloud)
    for tenant in ("acme", "globex"):
        cloud.group(f"{tenant}-open", tenant)
    found = proof(cloud)
    assert STRUCTURE in broken(found)
    assert PACKETS not in broken(found)


def test_a_port_that_can_take_the_next_hop_is_found() -> None:
    """A next hop that nobody has is taken by a server with an address pair for it."""
    cloud = two_tenants()
    shared_leg(cloud)
    cloud.change(Port, "globex-transit", allowed_address_pairs=(AddressPair(ip_address="10.6.0.0/28"),), fixed_ips=())
    cloud.route("acme-edge", "10.77.0.0/16", "10.6.0.7")
    example = next(j for j in proof(cloud).judgements if j.claim is STRUCTURE).counterexamples[0]
    assert example.target == "globex-transit"


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_change_raises_no_alarm(change: Callable[[Cloud], None]) -> None:
    """What joins nobody is not reported."""
    cloud = two_tenants()
    change(cloud)
    assert proof(cloud).verdict is Verdict.HOLDS


def test_ports_without_an_address_meet_on_one_network() -> None:
    """Frames to all come to a card that has no address, so two tenants' cards on one network are a path."""
    cloud = two_tenants()
    cloud.network("shared", "platform", "172.31.0.0/24", gateway=False)
    for tenant in ("acme", "globex"):
        cloud.port(f"{tenant}-bare", "shared", tenant, groups=(f"{tenant}-open",), mac_address="")
    assert {STRUCTURE, PACKETS} <= broken(proof(cloud))


def test_what_a_tenant_sends_to_all_is_declared_like_the_rest() -> None:
    """The claim ``management`` counts frames to all: a platform's server that admits the tenant's address hears its multicast."""
    cloud = two_tenants()
    cloud.group("helper", "platform", allow("ingress", "10.0.0.11/32", "udp"))
    cloud.port("helper", "acme-app", "platform", "10.0.0.5", groups=("helper",))
    cloud.group("acme-open", "acme", allow("egress", "224.0.0.251/32", "udp"))
    judgement = prove(compile_fabric(cloud.snapshot()), claims={Claim.MANAGEMENT}).judgements[0]
    heard = [str(example.packet) for example in judgement.counterexamples if example.target == "helper"]
    assert heard == ["udp/0 from 10.0.0.11 to 224.0.0.251"]


def closed(cloud: Cloud) -> Cloud:
    """Close globex's servers to everybody."""
    cloud.group("globex-open", "globex", allow("egress"))
    return cloud


def test_what_is_open_to_everybody_is_public() -> None:
    """A service for the whole internet is an exposure, not a leak."""
    cloud = closed(two_tenants())
    cloud.group("globex-open", "globex", allow("ingress", "0.0.0.0/0", "tcp", (443, 443)), allow("egress"))
    found = proof(cloud)
    assert found.verdict is Verdict.HOLDS
    assert [(e.party, e.l4_lo - (6 << 16)) for e in found.exposures if e.party == "globex"] == [("globex", 443)]


def test_an_internet_with_holes_is_still_everybody() -> None:
    """What counts is that every address of the external networks is admitted, in however many rules."""
    cloud = closed(two_tenants())
    cover = ("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3")
    cloud.group("globex-open", "globex", *(allow("ingress", prefix, "tcp", (443, 443)) for prefix in cover), allow("egress"))
    assert proof(cloud).verdict is Verdict.HOLDS


SPECIFIC = {
    "the other's router address": "203.0.113.20/32",
    "the other's floating IP": "203.0.113.60/32",
    "a partner's prefix that is too wide": "203.0.113.0/26",
}


@pytest.mark.parametrize("prefix", SPECIFIC.values(), ids=SPECIFIC)
def test_a_rule_for_another_tenants_public_address_is_a_leak(prefix: str) -> None:
    """A service that admits one tenant in particular is a way from that tenant."""
    cloud = closed(two_tenants())
    cloud.group("globex-open", "globex", allow("ingress", prefix, "tcp", (22, 22)), allow("egress"))
    found = proof(cloud)
    assert broken(found) == {PUBLIC}
    example = next(e for j in found.judgements for e in j.counterexamples)
    assert (example.source_party, example.target_party) == ("acme", "globex")
    assert str(example.packet).startswith("tcp/22 from 203.0.113.")


def test_a_rule_for_a_stranger_is_no_leak() -> None:
    """A partner outside the cloud is nobody's tenant; nor is a service closed by the caller's own egress."""
    cloud = closed(two_tenants())
    cloud.group("globex-open", "globex", allow("ingress", "198.51.100.0/24", "tcp", (22, 22)), allow("egress"))
    assert proof(cloud).verdict is Verdict.HOLDS
    cloud.group("globex-open", "globex", allow("ingress", "203.0.113.60/32", "tcp", (22, 22)), allow("egress"))
    cloud.group("acme-open", "acme", allow("egress", "198.51.100.0/24"))
    assert proof(cloud).verdict is Verdict.HOLDS


def test_a_forwarded_port_is_a_door_of_its_width() -> None:
    """Port forwarding opens one outer port, moved to the inner one."""
    cloud = closed(two_tenants())
    forwarding = PortForwarding(
        protocol="tcp", internal_ip_address="10.0.0.11", internal_port_id="globex-web-app", external_port=2222, internal_port=22
    )
    cloud.add(
        FloatingIp(id="203.0.113.61", floating_network_id="public", floating_ip_address="203.0.113.61", port_forwardings=(forwarding,))
    )
    cloud.group("globex-open", "globex", allow("ingress", "203.0.113.20/32", "tcp", (20, 30)), allow("egress"))
    example = next(e for j in proof(cloud).judgements for e in j.counterexamples)
    assert str(example.packet) == "tcp/2222 from 203.0.113.20 to 203.0.113.61"


def test_a_virtual_address_is_a_door_to_all_who_share_it() -> None:
    """A floating IP on an address that servers hold through address pairs leads to those servers."""
    cloud = closed(two_tenants())
    cloud.port("vip", "globex-app", "globex", "10.0.0.200", device_owner="")
    cloud.group("ha", "globex", allow("ingress", "203.0.113.20/32", "tcp", (22, 22)))
    cloud.port("globex-ha", "globex-app", "globex", "10.0.0.12", groups=("ha",), pairs=("10.0.0.200",))
    cloud.floating("203.0.113.70", "vip")
    example = next(e for j in proof(cloud).judgements for e in j.counterexamples)
    assert (example.target, str(example.packet)) == ("globex-ha", "tcp/22 from 203.0.113.20 to 203.0.113.70")


def test_a_router_without_a_default_route_still_reaches_floating_ips() -> None:
    """An external network is a neighbourhood: no gateway is needed to reach an address on it."""
    cloud = closed(two_tenants())
    cloud.change(Subnet, "public-0", gateway_ip=None)
    cloud.group("globex-open", "globex", allow("ingress", "203.0.113.20/32", "tcp", (22, 22)), allow("egress"))
    assert broken(proof(cloud)) == {PUBLIC}


def test_a_public_ipv6_prefix_is_governed_by_groups() -> None:
    """IPv6 is never translated: a public prefix behind a router is reached from outside, and groups decide."""
    cloud = two_tenants()
    cloud.add(Subnet(id="public-6", network_id="public", cidr="2001:db8:ffff::/64", gateway_ip="2001:db8:ffff::1"))
    cloud.network("globex-six", "globex", "2001:db8:b::/64")
    cloud.leg("globex-edge", "globex-six", "2001:db8:b::1")
    cloud.group("six", "globex", allow("ingress", "::/0", "tcp", (80, 80)))
    cloud.port("globex-six-port", "globex-six", "globex", "2001:db8:b::5", groups=("six",))
    found = proof(cloud)
    assert found.verdict is Verdict.HOLDS
    assert ("globex-six-port", 6) in {(e.name, e.family) for e in found.exposures}


UNKNOWNS = {
    "a kind of resource that is not modelled": lambda cloud: cloud.add(Unknown(type="vpnservice", id="v")),  # has no id in its key
    "a load balancer by its owner": lambda cloud: cloud.port("lb", "acme-app", "acme", "10.0.0.40", device_owner="ovn-lb:vip"),
    "a load balancer by its name": lambda cloud: cloud.port("ovn-lb-vip-1", "acme-app", "acme", "10.0.0.40", device_owner=""),
    "a next hop on no subnet": lambda cloud: cloud.route("acme-edge", "10.77.0.0/16", "192.0.2.1"),
    "a rule with two remote ends": lambda cloud: cloud.group("odd", "acme", allow("ingress", "10.0.0.0/8", remote_group_id="acme-open")),
    "a rule with a prefix of the other family": lambda cloud: cloud.group("odd", "acme", allow("ingress", "::/0", ethertype="IPv4")),
    "a network of several segments": lambda cloud: cloud.change(Network, "acme-app", provider_network_type="several"),
    "a rule that Neutron refuses": lambda cloud: cloud.group("odd", "acme", allow("ingress", protocol="gre", ports=(1, 2))),
}


@pytest.mark.parametrize("change", UNKNOWNS.values(), ids=UNKNOWNS)
def test_no_proof_over_an_unknown(change: Callable[[Cloud], object]) -> None:
    """What the model does not understand turns "holds" into "cannot tell", with exit code 2."""
    cloud = two_tenants()
    change(cloud)
    found = proof(cloud)
    assert found.verdict is Verdict.UNKNOWN
    assert found.verdict.exit_code == 2
    assert found.certificate is None


def test_no_proof_from_a_partial_view() -> None:
    """A credential that sees one project proves nothing about the others."""
    assert proof(two_tenants(), complete=False).verdict is Verdict.UNKNOWN


def test_a_leak_outweighs_an_unknown() -> None:
    """A counterexample stands, whatever else is not understood."""
    cloud = two_tenants()
    foreign_leg(cloud)
    cloud.add(Unknown(type="vpnservice", id="v"))
    assert proof(cloud).verdict is Verdict.BROKEN


def test_the_platform_must_be_said() -> None:
    """Unless a project is said to be the platform's, it is kept apart like any other."""
    cloud = two_tenants()
    cloud.add(Project(id="platform", name="platform", role=Role.TENANT))
    assert STRUCTURE in broken(proof(cloud))


def test_several_gateways() -> None:
    """A router with a second gateway reaches both external networks."""
    cloud = two_tenants()
    cloud.network("public-2", "platform", "198.51.100.0/24", external=True)
    router = cloud.records["Router acme-edge"]
    assert isinstance(router, Router)
    cloud.change(Router, "acme-edge", gateways=(*router.gateways, Gateway(network_id="public-2")))
    assert proof(cloud).verdict is Verdict.HOLDS
