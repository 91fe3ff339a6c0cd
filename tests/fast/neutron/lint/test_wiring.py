"""What is plugged into a declared tenant by hand, one thing at a time, beside the declared cloud in which there is nothing to find."""

from __future__ import annotations

import pytest

from infra.neutron.lint import FindingKind
from infra.neutron.lint.wiring import wiring
from infra.neutron.snapshot import (
    AddressPair,
    FloatingIp,
    Gateway,
    Network,
    Port,
    RbacPolicy,
    Route,
    Router,
    Subnet,
)
from tests.fast.neutron.lint.states import Change, declared, other, plus, running

pytestmark = pytest.mark.fast

LEG = "network:router_interface"
STRANGER = "10.0.0.77"
CASES: dict[str, tuple[Change, FindingKind, str]] = {
    "port security off": (other("ports", "acme-web-app", port_security_enabled=False), FindingKind.UNPROTECTED, "acme-web-app"),
    "an address pair": (
        other("ports", "acme-web-app", allowed_address_pairs=(AddressPair(ip_address="0.0.0.0/0"),)),
        FindingKind.ADDRESS_PAIR,
        "acme-web-app may also send from 0.0.0.0/0",
    ),
    "a port of the platform's on a zone": (
        plus("ports", Port(id="x", name="intruder", network_id="acme-app", project_id="platform")),
        FindingKind.UNDECLARED,
        "port intruder of project platform on acme-app",
    ),
    "a router's leg": (
        plus("ports", Port(id="x", network_id="acme-app", project_id="platform", device_owner=LEG, device_id="strange")),
        FindingKind.UNDECLARED,
        "router strange has an interface on acme-app",
    ),
    "a leg of the edge router on management": (
        plus("ports", Port(id="x", network_id="acme-management", project_id="platform", device_owner=LEG, device_id="acme-edge")),
        FindingKind.UNDECLARED,
        "router acme-edge has an interface on acme-management",
    ),
    "a route": (
        other("routers", "acme-edge", routes=(Route(destination="10.99.0.0/24", nexthop=STRANGER),)),
        FindingKind.UNDECLARED,
        f"router acme-edge has a route to 10.99.0.0/24 via {STRANGER}",
    ),
    "a gateway for management": (
        other("routers", "acme-management", gateways=(Gateway(network_id="public"),)),
        FindingKind.UNDECLARED,
        "router acme-management has a gateway on public",
    ),
    "a public address": (
        plus(
            "floating_ips",
            FloatingIp(id="x", floating_network_id="public", floating_ip_address="198.18.0.99", port_id="acme-db-data", project_id="acme"),
        ),
        FindingKind.UNDECLARED,
        "public address 198.18.0.99 on acme-db-data",
    ),
    "a network lent to another tenant": (
        plus(
            "rbac_policies",
            RbacPolicy(id="x", object_type="network", object_id="acme-app", action="access_as_shared", target_project="globex"),
        ),
        FindingKind.UNDECLARED,
        "network acme-app is shared with globex",
    ),
    "a group lent to everybody": (
        plus(
            "rbac_policies",
            RbacPolicy(id="x", object_type="security_group", object_id="acme-zone-app", action="access_as_shared", target_project="*"),
        ),
        FindingKind.UNDECLARED,
        "security_group acme-zone-app is shared with everybody",
    ),
    "a network shared by its flag": (
        other("networks", "acme-app", shared=True),
        FindingKind.UNDECLARED,
        "acme-app is shared with everybody",
    ),
    "a further network": (plus("networks", Network(id="x", name="shadow", project_id="acme")), FindingKind.UNDECLARED, "network shadow"),
    "a further subnet": (
        plus("subnets", Subnet(id="x", network_id="acme-app", cidr="10.7.0.0/24", enable_dhcp=False)),
        FindingKind.UNDECLARED,
        "subnet 10.7.0.0/24 of acme-app",
    ),
    "DHCP": (other("subnets", "acme-app-4", enable_dhcp=True), FindingKind.UNDECLARED, "subnet 10.0.0.0/24 of acme-app has DHCP on"),
}


def test_a_cloud_as_declared_is_no_finding() -> None:
    """Nothing is said of what is declared, nor of what the platform has for itself."""
    strangers = (
        plus("networks", Network(id="x", name="x", project_id="platform")),
        plus("routers", Router(id="y", name="y", project_id="platform")),
        plus("ports", Port(id="z", name="z", network_id="x", project_id="platform")),
    )
    snapshot = running()
    for change in strangers:
        snapshot = change(snapshot)
    assert list(wiring(snapshot, declared())) == []


@pytest.mark.parametrize("name", CASES)
def test_what_is_plugged_in_by_hand_is_found(name: str) -> None:
    """One finding, that says what and where."""
    change, kind, words = CASES[name]
    (finding,) = wiring(change(running()), declared())
    assert finding.kind is kind
    assert words in finding.text


def test_without_declarations_only_protection_is_judged() -> None:
    """A cloud that nobody declared here is not full of undeclared things; a port without port security is one all the same."""
    snapshot = CASES["port security off"][0](CASES["a further network"][0](running()))
    assert [finding.kind for finding in wiring(snapshot, None)] == [FindingKind.UNPROTECTED]
