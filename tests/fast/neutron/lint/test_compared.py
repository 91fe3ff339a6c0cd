"""What of a declared environment is not as declared: the platform's as well, attributes that change what works, and second objects."""

from __future__ import annotations

import pytest

from infra.neutron.lint import FindingKind
from infra.neutron.lint.wiring import wiring
from infra.neutron.snapshot import (
    AddressPair,
    FixedIp,
    FloatingIp,
    Gateway,
    Network,
    Pool,
    Port,
    Project,
    Route,
    SecurityGroup,
    Server,
    SubPort,
    Trunk,
)
from infra.neutron.snapshot.store import dumps, loads
from tests.fast.neutron.lint.states import Change, declared, forwarding, lent, minus_route, other, plus, plus_route, router_port, running

pytestmark = pytest.mark.fast

STRANGER = "10.0.0.77"
CASES: dict[str, tuple[Change, FindingKind, str]] = {
    "an address pair with another MAC address": (
        other("ports", "acme-web-app", allowed_address_pairs=(AddressPair(ip_address="10.0.0.9", mac_address="fa:16:3e:00:00:99"),)),
        FindingKind.ADDRESS_PAIR,
        "10.0.0.9 with the MAC address fa:16:3e:00:00:99",
    ),
    "an interface of a distributed router": (
        plus("ports", router_port("network:router_interface_distributed", "acme-app")),
        FindingKind.UNDECLARED,
        "router strange has an interface on acme-app",
    ),
    "an interface of a highly available router": (
        plus("ports", router_port("network:ha_router_replicated_interface", "acme-app")),
        FindingKind.UNDECLARED,
        "router strange has an interface on acme-app",
    ),
    "a route of the platform's router": (
        plus_route("platform", Route(destination="10.99.0.0/24", nexthop="172.29.0.77")),
        FindingKind.UNDECLARED,
        "router platform has a route to 10.99.0.0/24 via 172.29.0.77",
    ),
    "a second gateway of the platform's router": (
        other("routers", "platform", gateways=(Gateway(network_id="public"), Gateway(network_id="acme-app"))),
        FindingKind.UNDECLARED,
        "router platform has a gateway on acme-app",
    ),
    "the backbone lent to a tenant": (
        plus("rbac_policies", lent("network", "platform-backbone", "acme")),
        FindingKind.UNDECLARED,
        "network platform-backbone is shared with acme",
    ),
    "a port on the backbone": (
        plus("ports", Port(id="z", name="z", network_id="platform-backbone", project_id="platform")),
        FindingKind.UNDECLARED,
        "port z on platform-backbone",
    ),
    "a port of a tenant that is another project's": (
        plus("ports", Port(id="z", name="acme-web-app", network_id="acme-app", project_id="globex")),
        FindingKind.UNDECLARED,
        "port acme-web-app (z) of project globex on acme-app",
    ),
    "a group that gained a member": (
        other("ports", "globex-app1-app", security_groups=("globex-zone-app", "globex-server-app1", "globex-server-db1")),
        FindingKind.UNDECLARED,
        "port globex-app1-app is in group globex-server-db1",
    ),
    "a group of the bastion on another port": (
        plus("ports", Port(id="z", name="z", network_id="public", project_id="platform", security_groups=("platform-bastion",))),
        FindingKind.UNDECLARED,
        "port z is in group platform-bastion",
    ),
    "a second group with a declared name": (
        plus("security_groups", SecurityGroup(id="twin", name="acme-server-db", project_id="acme")),
        FindingKind.UNDECLARED,
        "group acme-server-db (twin)",
    ),
    "a stateless group": (
        other("security_groups", "acme-server-db", stateful=False),
        FindingKind.UNDECLARED,
        "group acme-server-db does not track connections",
    ),
    "translation switched off": (
        other("routers", "acme-edge", gateways=(Gateway(network_id="public", enable_snat=False),)),
        FindingKind.UNDECLARED,
        "router acme-edge has a gateway on public that does not translate",
    ),
    "a network switched off": (
        other("networks", "acme-app", admin_state_up=False),
        FindingKind.UNDECLARED,
        "network acme-app is switched off",
    ),
    "a router switched off": (
        other("routers", "acme-edge", admin_state_up=False),
        FindingKind.UNDECLARED,
        "router acme-edge is switched off",
    ),
    "a port switched off": (
        other("ports", "acme-db-data", admin_state_up=False),
        FindingKind.UNDECLARED,
        "port acme-db-data is switched off",
    ),
    "a port that lost its binding": (
        other("ports", "acme-db-data", binding_vif_type="unbound"),
        FindingKind.UNDECLARED,
        "port acme-db-data is not bound (unbound)",
    ),
    "a card past the filters": (
        other("ports", "acme-db-data", binding_vnic_type="direct"),
        FindingKind.UNDECLARED,
        "port acme-db-data is bound as direct",
    ),
    "another address of a port": (
        other(
            "ports",
            "acme-db-data",
            fixed_ips=tuple(FixedIp(subnet_id="acme-data-4", ip_address=text) for text in ("10.0.1.12", "10.0.1.13")),
        ),
        FindingKind.UNDECLARED,
        "port acme-db-data has the address 10.0.1.13",
    ),
    "a DNS server": (
        other("subnets", "acme-app-4", dns_nameservers=("198.51.100.53",)),
        FindingKind.UNDECLARED,
        "subnet 10.0.0.0/24 of acme-app names the DNS server 198.51.100.53",
    ),
    "a host route": (
        other("subnets", "acme-app-4", host_routes=(Route(destination="0.0.0.0/0", nexthop=STRANGER),)),
        FindingKind.UNDECLARED,
        f"subnet 10.0.0.0/24 of acme-app gives hosts a route to 0.0.0.0/0 via {STRANGER}",
    ),
    "a narrow allocation pool": (
        other("subnets", "acme-app-4", allocation_pools=(Pool(start="10.0.0.66", end="10.0.0.66"),)),
        FindingKind.UNDECLARED,
        "subnet 10.0.0.0/24 of acme-app hands out 10.0.0.66-10.0.0.66 only",
    ),
    "a forwarding of another project": (
        plus("floating_ips", forwarding("acme-db-data", "globex")),
        FindingKind.UNDECLARED,
        "tcp/2222 of public address 198.18.0.99 is forwarded to 22 of project globex on acme-db-data",
    ),
    "a second public address": (
        plus(
            "floating_ips",
            FloatingIp(id="x", floating_network_id="public", floating_ip_address="198.18.0.99", port_id="acme-web-app", project_id="acme"),
        ),
        FindingKind.UNDECLARED,
        "public address 198.18.0.99 on acme-web-app",
    ),
    "a trunk that carries a port": (
        plus("trunks", Trunk(id="x", port_id="globex-db1-app", sub_ports=(SubPort(port_id="acme-db-data", segmentation_id=7),))),
        FindingKind.UNDECLARED,
        "port globex-db1-app of project globex carries port acme-db-data with the tag 7",
    ),
    "a further prefix in the management pool": (
        other("subnet_pools", "platform-management", prefixes=("172.30.0.0/16", "10.0.0.0/8")),
        FindingKind.UNDECLARED,
        "subnet pool platform-management has 10.0.0.0/8",
    ),
    "a second server with a declared name": (
        plus("servers", Server(id="twin", name="acme-web", project_id="acme")),
        FindingKind.UNDECLARED,
        "server acme-web (twin)",
    ),
    "a project with a tenant's name": (
        plus("projects", Project(id="twin", name="globex", domain_id="customers")),
        FindingKind.NAMESAKE,
        "project globex (id twin, domain customers) is not the declared one",
    ),
    "a route that is gone": (minus_route("platform"), FindingKind.MISSING, "router platform has a route to 172.30.0.0/28"),
    "a group that is gone from a port": (
        other("ports", "acme-web-app", security_groups=("acme-zone-app",)),
        FindingKind.MISSING,
        "port acme-web-app is in group acme-server-web",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_as_declared_is_found(name: str) -> None:
    """It is said in so many words, and nothing else is said of the same thing."""
    change, kind, words = CASES[name]
    (finding,) = wiring(change(running()), declared())
    assert finding.kind is kind
    assert words in finding.text


def test_replicas_of_a_router_are_no_finding() -> None:
    """Highly available routers find each other on a network of nobody's; distributed ones have a second port beside each interface."""
    snapshot = plus("networks", Network(id="ha", name="HA network tenant x", project_id=""))(running())
    snapshot = plus("ports", router_port("network:router_ha_interface", "ha", "acme-edge"))(snapshot)
    second = Port(
        id="snat",
        network_id="acme-app",
        project_id="",
        device_owner="network:router_centralized_snat",
        device_id="acme-edge",
        fixed_ips=(FixedIp(subnet_id="acme-app-4", ip_address="10.0.0.200"),),
    )
    assert list(wiring(plus("ports", second)(snapshot), declared())) == []


def test_pools_that_neutron_makes_by_itself_are_no_finding() -> None:
    """All addresses but the network's, the gateway's and IPv4's broadcast address, in every family."""
    whole = {"acme-app-4": ("10.0.0.2", "10.0.0.254"), "globex-app-6": ("fd00:9:10::2", "fd00:9:10::ffff:ffff:ffff:ffff")}
    snapshot = running()
    for name, (start, end) in whole.items():
        snapshot = other("subnets", name, allocation_pools=(Pool(start=start, end=end),))(snapshot)
    assert list(wiring(snapshot, declared())) == []


def test_segments_that_the_cloud_cut_otherwise_are_as_declared() -> None:
    """Which prefix of the pool a tenant got, and at which address its router is, is the cloud's to say."""
    text = dumps(running()).decode()
    for mine, other_ in (("172.30.0.0/28", "172.30.7.0/28"), ('"172.30.0.1"', '"172.30.7.1"'), ("172.29.0.2", "172.29.0.99")):
        text = text.replace(mine, other_)
    assert "172.30.7.0/28" in text
    assert list(wiring(loads(text.encode()), declared())) == []
