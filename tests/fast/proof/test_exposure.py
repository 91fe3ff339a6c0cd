"""The claim ``public``: who is everybody, and under which addresses a tenant's packets come to another's public address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot import AddressPair, Network, Port, Router, Subnet
from infra.proof import Claim, Verdict, prove
from infra.ranges import GLOBAL, difference, show
from tests.fast.neutron.clouds import Cloud, allow, two_tenants

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.proof import Judgement

pytestmark = pytest.mark.fast


def admitting(*peers: str) -> Cloud:
    """Return two tenants apart, of which globex admits TCP 22 from these prefixes."""
    cloud = two_tenants()
    cloud.group("globex-open", "globex", *(allow("ingress", peer, "tcp", (22, 22)) for peer in peers), allow("egress"))
    return cloud


def public(cloud: Cloud, driver: Driver = Driver.OVN) -> Judgement:
    """Judge the one claim."""
    return prove(compile_fabric(cloud.snapshot(), driver), claims={Claim.PUBLIC}).judgements[0]


NARROW = {
    "the cloud's own range": ("203.0.113.0/24",),
    "that and more": ("203.0.0.0/8",),
    "half of the internet": ("128.0.0.0/1",),
    "all but one public prefix": tuple(show(difference(GLOBAL[:8], ((4, 8 << 24, (9 << 24) - 1),)))),
}


@pytest.mark.parametrize("peers", NARROW.values(), ids=NARROW)
def test_whoever_admits_a_part_of_the_internet_does_not_admit_everybody(peers: tuple[str, ...]) -> None:
    """Another tenant's router is in the part, so that tenant gets what not everybody gets."""
    judgement = public(admitting(*(peer for peer in peers if ":" not in peer)))
    assert judgement.verdict is Verdict.BROKEN
    assert judgement.counterexamples[0].source_party == "acme"


EVERYBODY = {
    "every address": ("0.0.0.0/0",),
    "all but private and special ones": tuple(text for text in show(GLOBAL) if ":" not in text),
    "all but what is never forwarded": ("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"),
}


@pytest.mark.parametrize("peers", EVERYBODY.values(), ids=EVERYBODY)
def test_whoever_admits_the_internet_admits_everybody(peers: tuple[str, ...]) -> None:
    """Nobody has an address that no server outside can have."""
    assert public(admitting(*peers)).verdict is Verdict.HOLDS


def test_own_public_prefixes_need_not_be_admitted() -> None:
    """The internet, as a declaration means it, leaves out what the tenant has itself: who is there is inside."""
    cloud = admitting(*show(difference(GLOBAL, ((4, 8 << 24, (8 << 24) + 255),))))
    cloud.network("globex-real", "globex", "8.0.0.0/24")
    cloud.leg("globex-edge", "globex-real", "8.0.0.1")
    cloud.port("globex-real-port", "globex-real", "globex", "8.0.0.5")
    assert public(cloud).verdict is Verdict.HOLDS


def unguarded(cloud: Cloud) -> None:
    """Port security off."""
    cloud.change(Port, "acme-web-app", port_security_enabled=False, security_groups=())


def paired(cloud: Cloud) -> None:
    """Address pairs for everything in a prefix, as pods have it."""
    pairs = (AddressPair(ip_address="198.51.100.0/24"), AddressPair(ip_address="10.244.0.0/16"))
    cloud.change(Port, "acme-web-app", allowed_address_pairs=pairs)


def direct(cloud: Cloud) -> None:
    """A binding on which nothing is enforced."""
    cloud.change(Port, "acme-web-app", binding_vnic_type="direct")


def without_address(cloud: Cloud) -> None:
    """A card that was given no address may take any."""
    cloud.port("acme-bare", "acme-app", "acme", groups=("acme-open",))


SENDERS = (unguarded, paired, direct, without_address)


@pytest.mark.parametrize("admitted", ["198.51.100.0/24", "10.244.3.0/24"], ids=["a partner", "pods"])
@pytest.mark.parametrize("change", SENDERS)
def test_a_source_that_nothing_translates_is_a_face(change: Callable[[Cloud], None], admitted: str) -> None:
    """OVN translates what comes from the router's own subnets; with any other source a packet goes to globex as it is."""
    cloud = admitting(admitted)
    assert public(cloud).verdict is Verdict.HOLDS
    change(cloud)
    judgement = public(cloud)
    assert judgement.verdict is Verdict.BROKEN
    assert judgement.counterexamples[0].source.startswith("acme")
    assert "nothing translates it" in judgement.counterexamples[0].links[-1]
    assert public(cloud, Driver.OVS).verdict is Verdict.HOLDS


def test_a_router_that_does_not_translate_lets_every_source_out() -> None:
    """The same under each driver where translation is off."""
    cloud = admitting("198.51.100.0/24")
    unguarded(cloud)
    router = cloud.records["Router acme-edge"]
    assert isinstance(router, Router)
    cloud.change(Router, "acme-edge", gateways=(msgspec.structs.replace(router.gateways[0], enable_snat=False),))
    assert {public(cloud, driver).verdict for driver in Driver} == {Verdict.BROKEN}


def test_a_wire_with_a_physical_router_lets_every_source_out() -> None:
    """And so it is on a VLAN that leads outside."""
    cloud = admitting("198.51.100.0/24")
    cloud.network("vlan", "acme", "10.5.0.0/24", provider_network_type="vlan", provider_physical_network="p", provider_segmentation_id=7)
    cloud.port("acme-vlan", "vlan", "acme", "10.5.0.9", port_security_enabled=False)
    assert {public(cloud, driver).verdict for driver in Driver} == {Verdict.BROKEN}


def test_ipv6_is_never_translated() -> None:
    """A server that may send from any address is seen under it, where the external network has IPv6."""
    cloud = two_tenants()
    cloud.network("globex-six", "globex", "2001:db8:b::/64")
    cloud.leg("globex-edge", "globex-six", "2001:db8:b::1")
    cloud.group("six", "globex", allow("ingress", "2001:db8:77::/48", "tcp", (80, 80)))
    cloud.port("globex-six-port", "globex-six", "globex", "2001:db8:b::5", groups=("six",))
    unguarded(cloud)
    assert public(cloud).verdict is Verdict.HOLDS
    cloud.add(Subnet(id="public-6", network_id="public", cidr="2001:db8:ffff::/64", gateway_ip="2001:db8:ffff::1"))
    assert {public(cloud, driver).verdict for driver in Driver} == {Verdict.BROKEN}


def test_a_network_behind_a_second_router_is_not_translated_by_the_first() -> None:
    """OVN's rules are for the subnets that a router is plugged into, and no others."""
    cloud = admitting("10.7.0.0/24")
    cloud.network("inner", "acme", "10.7.0.0/24")
    cloud.router("second", "acme")
    cloud.leg("second", "inner", "10.7.0.1")
    cloud.leg("second", "acme-app", "10.0.0.2")
    cloud.port("acme-inner", "inner", "acme", "10.7.0.9", groups=("acme-open",))
    assert public(cloud).verdict is Verdict.HOLDS
    cloud.route("second", "0.0.0.0/0", "10.0.0.1")
    assert public(cloud).verdict is Verdict.BROKEN
    assert public(cloud, Driver.OVS).verdict is Verdict.HOLDS


def test_a_virtual_address_of_ones_own_subnet_is_translated() -> None:
    """The ordinary address pair is no face, whatever prefixes others admit."""
    cloud = admitting("10.0.0.0/24", "198.51.100.0/24")
    cloud.change(Port, "acme-web-app", allowed_address_pairs=(AddressPair(ip_address="10.0.0.200"),))
    assert public(cloud).verdict is Verdict.HOLDS


def test_a_server_that_leads_nowhere_outside_has_no_face() -> None:
    """Port security off on a network without a way out is nobody's concern outside."""
    cloud = admitting("198.51.100.0/24")
    cloud.network("island", "acme", "10.6.0.0/24", gateway=False)
    cloud.port("acme-island", "island", "acme", "10.6.0.5", port_security_enabled=False)
    cloud.change(Network, "island", port_security_enabled=False)
    assert public(cloud).verdict is Verdict.HOLDS
