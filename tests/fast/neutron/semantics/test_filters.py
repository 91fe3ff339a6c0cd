"""Rows 7 to 11: which ports are filtered, who belongs to a remote group, and what passes without a rule."""

from __future__ import annotations

import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot import AddressGroup, Port
from infra.ranges import ANY, show
from infra.reachability.fabric import UNFILTERED, Direction, Fabric
from tests.fast.neutron.clouds import Cloud, allow

pytestmark = pytest.mark.fast

OVN, OVS, IPTABLES = Driver.OVN, Driver.OVS, Driver.IPTABLES_HYBRID


def cloud() -> Cloud:
    """One project with a group whose only rule admits its own members."""
    made = Cloud()
    made.project("acme")
    made.network("app", "acme", "10.0.0.0/24", "fd00::/64")
    made.group(
        "web", "acme", allow("ingress", remote_group_id="web", protocol="tcp"), allow("ingress", ethertype="IPv6", remote_group_id="web")
    )
    made.port("one", "app", "acme", "10.0.0.5", "fd00::5", groups=("web",), mac_address="fa:16:3e:00:00:01")
    return made


def fabric(made: Cloud, driver: Driver) -> Fabric:
    """Compile under a driver."""
    return compile_fabric(made.snapshot(), driver)


def peers(built: Fabric, endpoint: str = "one", family: int = 4) -> list[str]:
    """Return the peers that an endpoint's rules admit in one family."""
    filter_class = int(built.endpoints.filter_class[built.endpoints.names.index(endpoint)])
    allows = built.builder.allows(filter_class, Direction.INGRESS)
    return sorted(
        text for item in allows if not item.implicit and item.family == family for text in show(((family, item.first, item.last),))
    )


@pytest.mark.parametrize(
    ("driver", "expected"), [(OVN, ["10.0.0.5/32"]), (OVS, ["10.0.0.5/32", "10.0.0.9/32"]), (IPTABLES, ["10.0.0.5/32", "10.0.0.9/32"])]
)
def test_members_of_a_remote_group(driver: Driver, expected: list[str]) -> None:
    """Row 7: address pairs are members for the agents, not for OVN."""
    made = cloud()
    made.port("one", "app", "acme", "10.0.0.5", "fd00::5", groups=("web",), pairs=("10.0.0.9",))
    assert peers(fabric(made, driver)) == expected


def test_a_pair_of_everything_opens_the_group() -> None:
    """Row 8: an address pair 0.0.0.0/0 makes everybody a member."""
    made = cloud()
    made.port("one", "app", "acme", "10.0.0.5", "fd00::5", groups=("web",), pairs=("0.0.0.0/0",))
    assert peers(fabric(made, OVS)) == ["0.0.0.0/0"]
    assert peers(fabric(made, OVN)) == ["10.0.0.5/32"]


def test_a_rule_says_nothing_about_the_other_family() -> None:
    """Row 6: members' IPv6 addresses count in IPv6 rules only."""
    built = fabric(cloud(), OVN)
    assert peers(built, family=6) == ["fd00::5/128"]
    assert peers(built) == ["10.0.0.5/32"]


def test_members_of_other_networks_count() -> None:
    """Row 7: no driver looks at the network of a member."""
    made = cloud()
    made.project("globex")
    made.network("other", "globex", "10.0.0.0/24")
    made.port("two", "other", "globex", "10.0.0.77", groups=("web",))
    assert peers(fabric(made, OVN)) == ["10.0.0.5/32", "10.0.0.77/32"]


def test_an_address_group_of_its_family() -> None:
    """Row 6: an address group may mix families, a rule has one."""
    made = cloud()
    made.add(AddressGroup(id="partners", addresses=("198.51.100.0/25", "198.51.100.128/25", "2001:db8::/32")))
    made.group("web", "acme", allow("ingress", remote_address_group_id="partners"))
    assert peers(fabric(made, OVN)) == ["198.51.100.0/24"]


def test_host_bits_are_dropped() -> None:
    """Row 5: drivers use the normalised prefix."""
    made = cloud()
    made.group("web", "acme", allow("ingress", "10.1.2.3/8"))
    assert peers(fabric(made, OVN)) == ["10.0.0.0/8"]


UNGUARDED = {
    "port security off": {"port_security_enabled": False},
    "a trusted owner": {"device_owner": "network:something"},
    "an owner of Neutron's on a server's port": {"device_owner": "network:dhcp", "device_id": "vm"},
    "an SR-IOV binding": {"binding_vnic_type": "direct"},
}


@pytest.mark.parametrize("fields", UNGUARDED.values(), ids=UNGUARDED)
def test_ports_that_nothing_guards(fields: dict[str, object]) -> None:
    """Row 9: such a port may send from, and answer for, every address, and no group holds."""
    made = cloud()
    made.server("vm", "acme")
    made.change(Port, "one", **fields)
    built = fabric(made, OVN)
    assert built.endpoints.filter_class.tolist() == [UNFILTERED]
    assert built.builder.sources(0) == ANY
    assert built.builder.targets(0) == ANY


def test_a_guarded_port_is_the_twin() -> None:
    """Row 9: with everything in order the port is held to its own addresses, link-local included."""
    built = fabric(cloud(), OVN)
    assert built.endpoints.filter_class.tolist() == [0]
    assert show(built.builder.sources(0)) == ["10.0.0.5/32", "fd00::5/128", "fe80::f816:3eff:fe00:1/128"]


def test_neutrons_own_ports_are_no_endpoints() -> None:
    """A DHCP agent's port and a router's leg have no server behind them."""
    made = cloud()
    made.port("agent", "app", "acme", "10.0.0.2", "fd00::2", device_owner="network:dhcp", device_id="dhcp-1")
    assert fabric(made, OVN).endpoints.names == ("one",)


def test_no_group_means_nothing_passes() -> None:
    """Row 9: a port with port security and without groups is in the drop group."""
    made = cloud()
    made.change(Port, "one", security_groups=())
    assert peers(fabric(made, OVN)) == []


@pytest.mark.parametrize(("driver", "anywhere"), [(OVN, True), (OVS, False), (IPTABLES, True)])
def test_a_port_without_addresses(driver: Driver, anywhere: bool) -> None:  # noqa: FBT001 - a column of the table
    """Without fixed addresses OVN and iptables check the MAC only."""
    made = cloud()
    made.change(Port, "one", fixed_ips=())
    assert (fabric(made, driver).builder.sources(0) == ANY) is anywhere


IMPLICIT = {
    "row 11: OVN passes router advertisements from a server": (OVN, Direction.EGRESS, 134, True),
    "row 10: iptables drops them": (IPTABLES, Direction.EGRESS, 134, False),
    "row 10: Open vSwitch drops them": (OVS, Direction.EGRESS, 134, False),
    "row 10: iptables lets every other ICMPv6 out": (IPTABLES, Direction.EGRESS, 128, True),
    "row 10: Open vSwitch does not": (OVS, Direction.EGRESS, 128, False),
    "row 11: OVN does not": (OVN, Direction.EGRESS, 128, False),
    "neighbour solicitation comes in everywhere": (OVS, Direction.INGRESS, 135, True),
}


@pytest.mark.parametrize(("driver", "direction", "kind", "passes"), IMPLICIT.values(), ids=IMPLICIT)
def test_what_passes_without_a_rule(driver: Driver, direction: Direction, kind: int, passes: bool) -> None:  # noqa: FBT001 - a column of the table
    """Rows 10 and 11: each driver's implicit ICMPv6."""
    built = fabric(cloud(), driver)
    point = (58 << 16) + (kind << 8)
    found = any(a.implicit and a.family == 6 and a.l4_lo <= point < a.l4_hi for a in built.builder.allows(0, direction))
    assert found is passes


def test_a_rule_that_neutron_would_refuse_is_unknown() -> None:
    """What a driver makes of it cannot be told, so it is said and not dropped."""
    made = cloud()
    made.group("web", "acme", allow("ingress", protocol="tcp", ports=(0, 5)))
    assert fabric(made, OVN).unknowns == ("security group web, rule web/0: Neutron does not accept protocol tcp with ports 0-5",)


def test_stateful_and_stateless_on_one_port() -> None:
    """Row 13: Neutron refuses the mixture, so a snapshot that shows it is not understood."""
    made = cloud()
    made.group("loose", "acme", stateful=False)
    made.change(Port, "one", security_groups=("web", "loose"))
    assert fabric(made, OVN).unknowns == ("port one: Neutron refuses stateful and stateless groups on one port",)


def test_a_remote_group_is_told_by_its_name() -> None:
    """Who reads why a packet passes is told names; an id is for who has none."""
    made = cloud()
    made.add(AddressGroup(id="6f1d", name="partners", addresses=("198.51.100.0/24",)))
    made.add(AddressGroup(id="77aa", addresses=("198.51.100.0/24",)))
    made.group("web", "acme", *(allow("ingress", remote_address_group_id=name, protocol="tcp") for name in ("6f1d", "77aa")))
    built = fabric(made, OVN)
    allows = built.builder.allows(int(built.endpoints.filter_class[0]), Direction.INGRESS)
    told = {built.builder.origin(item.rule).text for item in allows if not item.implicit}
    assert told == {"ingress IPv4 tcp from partners", "ingress IPv4 tcp from 77aa"}
