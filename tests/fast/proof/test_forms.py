"""Every leak is found, and no harmless change alarms, in whatever form the cloud is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import SnapshotError
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot import AddressPair, FloatingIp, Port, RbacPolicy, SubPort, Trunk
from infra.proof import Claim, Verdict, prove
from tests.fast.neutron.clouds import OPEN as OPEN_GROUP
from tests.fast.neutron.clouds import allow, two_tenants
from tests.fast.proof.changes import LEAKS
from tests.fast.proof.forms import Sections, of_a_folder, of_the_api, sections
from tests.fast.proof.harmless import HARMLESS
from tests.fast.proof.mixed import OPEN, mixed
from tests.fast.proof.test_exposure import SENDERS, admitting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.neutron.snapshot import Snapshot
    from tests.fast.neutron.clouds import Cloud

pytestmark = pytest.mark.fast


def forms(cloud: Cloud, path: Path) -> Iterator[Snapshot]:
    """Yield a cloud as it is read from the API and from a folder."""
    snapshot = cloud.snapshot()
    found = sections(snapshot)
    yield of_the_api(found, snapshot)
    yield of_a_folder(found, snapshot, path)


def verdicts(cloud: Cloud, path: Path, *claims: Claim) -> list[Verdict]:
    """Return what is proven in each form."""
    return [prove(compile_fabric(snapshot), claims=set(claims) or None).verdict for snapshot in forms(cloud, path)]


@pytest.mark.parametrize("change", LEAKS.values(), ids=LEAKS)
def test_a_leak_is_found_in_every_form(change: Callable[[Cloud], None], tmp_path: Path) -> None:
    """No reader drops what joins two tenants."""
    cloud = two_tenants()
    change(cloud)
    assert verdicts(cloud, tmp_path) == [Verdict.BROKEN] * 2


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_change_is_one_in_every_form(change: Callable[[Cloud], None], tmp_path: Path) -> None:
    """No reader invents anything."""
    cloud = two_tenants()
    change(cloud)
    assert verdicts(cloud, tmp_path) == [Verdict.HOLDS] * 2


@pytest.mark.parametrize("change", OPEN.values(), ids=OPEN)
def test_groups_too_open_are_found_in_every_form(change: Callable[[Cloud], None], tmp_path: Path) -> None:
    """No reader drops a rule, or the port that it matters to."""
    cloud = mixed()
    change(cloud)
    assert verdicts(cloud, tmp_path, Claim.PACKETS) == [Verdict.BROKEN] * 2


@pytest.mark.parametrize("change", SENDERS)
def test_a_face_is_found_in_every_form(change: Callable[[Cloud], None], tmp_path: Path) -> None:
    """Nor what makes a server send with another's address."""
    cloud = admitting("198.51.100.0/24")
    change(cloud)
    assert verdicts(cloud, tmp_path, Claim.PUBLIC) == [Verdict.BROKEN] * 2


def setting(section: str, number: int = -1, **fields: Any) -> Callable[[Sections], None]:  # noqa: ANN401 - JSON
    """Return the change that sets fields of an object; ``:`` is written as ``__``."""

    def change(found: Sections) -> None:
        found[section][number] |= {name.replace("__", ":"): value for name, value in fields.items()}

    return change


def left_out(section: str, field: str) -> Callable[[Sections], None]:
    """Return the change that leaves a field out of an object."""

    def change(found: Sections) -> None:
        del found[section][-1][field]

    return change


NOT_UNDERSTOOD: dict[str, Callable[[Sections], None]] = {
    "a network of private VLANs": setting("networks", pvlan=True),
    "a subnet whose routes leak": setting("subnets", leak_routes=True),
    "a router in a VPN of Ethernet": setting("routers", evpn_vni=77),
    "a router with a helper of connections": setting("routers", conntrack_helpers=[{"protocol": "tcp", "port": 21, "helper": "ftp"}]),
    "groups off where the port is bound": setting("ports", binding__vif_details={"port_filter": False}),
    "a load balancer by its name": setting("ports", device_owner="", name="ovn-lb-vip-1"),
    "a load balancer by its owner": setting("ports", device_owner="ovn-lb:vip"),
    "several segments": setting("networks", segments=[{"provider:network_type": "vlan"}, {"provider:network_type": "geneve"}]),
    "a type of network that no release has": setting("networks", provider__network_type="portgroup", provider__segmentation_id=100),
    "an owner of ports that no release has": setting("ports", device_owner="edge:appliance"),
    "no routes": left_out("routers", "routes"),
    "no port security": left_out("ports", "port_security_enabled"),
    "no binding": left_out("ports", "binding:vnic_type"),
    "no address pairs": left_out("ports", "allowed_address_pairs"),
    "no rules": left_out("security_groups", "security_group_rules"),
    "no statefulness": left_out("security_groups", "stateful"),
}


def test_the_cloud_itself_is_isolated_in_every_form(tmp_path: Path) -> None:
    """The twin of what is not understood."""
    assert verdicts(two_tenants(), tmp_path) == [Verdict.HOLDS] * 2


@pytest.mark.parametrize("change", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_not_understood_is_never_isolated(change: Callable[[Sections], None], tmp_path: Path) -> None:
    """A form that shows more than the model knows, or less than it needs, gives no proof: "cannot tell", or an error."""
    snapshot = two_tenants().snapshot()
    for take in (of_the_api, lambda found, snapshot: of_a_folder(found, snapshot, tmp_path)):
        found = sections(snapshot)
        change(found)
        try:
            verdict = prove(compile_fabric(take(found, snapshot))).verdict
        except SnapshotError:
            continue
        assert verdict is Verdict.UNKNOWN


SAYING_NOTHING: dict[str, dict[str, Any]] = {
    "projects": {"name": "renamed", "description": "x", "enabled": True, "tags": ["x"], "is_domain": False},
    "networks": {
        "name": "renamed",
        "description": "<script>",
        "tags": ["a", "b"],
        "mtu": 1442,
        "dns_domain": "example.org.",
        "availability_zone_hints": ["nova"],
        "availability_zones": ["nova"],
        "qos_policy_id": "slow",
        "revision_number": 7,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "status": "ACTIVE",
        "l2_adjacency": True,
        "shared": True,
        "admin_state_up": False,
        "subnets": ["globex-management-0"],
    },
    "subnets": {
        "name": "renamed",
        "description": "x",
        "tags": ["x"],
        "dns_nameservers": ["198.51.100.53"],
        "ip_version": 4,
        "service_types": ["compute:nova"],
        "allocation_pools": [{"start": "172.30.0.20", "end": "172.30.0.29"}],
        "enable_dhcp": False,
        "dns_publish_fixed_ip": True,
        "revision_number": 3,
    },
    "routers": {
        "name": "renamed",
        "description": "x",
        "tags": ["x"],
        "ha": True,
        "distributed": True,
        "availability_zone_hints": ["nova"],
        "admin_state_up": False,
        "revision_number": 9,
        "status": "ACTIVE",
    },
    "ports": {
        "name": "renamed",
        "description": "x",
        "tags": ["x"],
        "dns_name": "web",
        "dns_assignment": [{"hostname": "web", "ip_address": "172.30.0.21", "fqdn": "web.example.org."}],
        "extra_dhcp_opts": [{"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}],
        "qos_policy_id": "slow",
        "binding:host_id": "compute-7",
        "admin_state_up": False,
        "numa_affinity_policy": "preferred",
        "propagate_uplink_status": True,
        "ip_allocation": "immediate",
        "resource_request": {},
        "status": "DOWN",
        "device_profile": None,
        "mac_address": "fa:16:3e:12:34:56",
        "revision_number": 11,
    },
    "security_groups": {"name": "renamed", "description": "x", "tags": ["x"], "shared": True, "revision_number": 4},
    "floating_ips": {
        "description": "x",
        "tags": ["x"],
        "dns_name": "www",
        "dns_domain": "example.org.",
        "status": "DOWN",
        "qos_policy_id": "slow",
        "router_id": "globex-edge",
    },
    "servers": {"name": "renamed", "status": "SHUTOFF", "metadata": {"a": "b"}, "key_name": "k", "created": "2026-01-01T00:00:00Z"},
}
"""Changes of single fields after which the same packets pass: what has no bearing on isolation must not alarm."""

QUIET = [(section, {field: value}) for section, fields in SAYING_NOTHING.items() for field, value in fields.items()]


@pytest.mark.parametrize("section", SAYING_NOTHING)
def test_what_says_nothing_about_packets_alarms_nobody(section: str) -> None:
    """Each field by itself, as Neutron's API shows it."""
    snapshot = two_tenants().snapshot()
    for fields in (fields for place, fields in QUIET if place == section):
        found = sections(snapshot)
        found[section][-1] |= fields
        judged = prove(compile_fabric(of_the_api(found, snapshot)))
        assert judged.verdict is Verdict.HOLDS, (fields, judged.unknowns)


def covered(cloud: Cloud) -> None:
    """A rule that another one covers already."""
    cloud.group("acme-open", "acme", *OPEN_GROUP, allow("ingress", "198.51.100.7/32", "tcp", (22, 22)))


def unused(cloud: Cloud) -> None:
    """A group on no port, a router without legs, a network without ports, an address bound to nothing."""
    cloud.group("idle", "acme", *OPEN_GROUP)
    cloud.router("idle", "acme")
    cloud.network("idle", "globex", "10.0.0.0/24")
    cloud.add(FloatingIp(id="idle", floating_network_id="public", floating_ip_address="203.0.113.250", project_id="acme"))


def lent_to_nobody(cloud: Cloud) -> None:
    """A network shared with a tenant that has nothing on it."""
    cloud.add(RbacPolicy(id="lent", object_type="network", object_id="acme-app", action="access_as_shared", target_project="globex"))


def newcomer(cloud: Cloud) -> None:
    """A third tenant with the addresses of the others."""
    cloud.project("initech")
    cloud.network("initech-app", "initech", "10.0.0.0/24")
    cloud.group("initech-open", "initech", *OPEN_GROUP)
    cloud.port("initech-web", "initech-app", "initech", "10.0.0.11", groups=("initech-open",))


def own_trunk(cloud: Cloud) -> None:
    """A trunk with a subport on a network of the same tenant."""
    cloud.network("acme-sub", "acme", "10.4.0.0/24")
    cloud.port("sub", "acme-sub", "acme", "10.4.0.5", groups=("acme-open",), device_owner="trunk:subport")
    cloud.add(Trunk(id="trunk", project_id="acme", port_id="acme-web-app", sub_ports=(SubPort(port_id="sub", segmentation_id=7),)))


def virtual_address(cloud: Cloud) -> None:
    """An address that two servers of a tenant share."""
    cloud.port("acme-twin", "acme-app", "acme", "10.0.0.12", groups=("acme-open",), pairs=("10.0.0.200",))
    cloud.change(Port, "acme-web-app", allowed_address_pairs=(AddressPair(ip_address="10.0.0.200"),))


MORE_HARMLESS = (covered, unused, lent_to_nobody, newcomer, own_trunk, virtual_address)


@pytest.mark.parametrize("change", MORE_HARMLESS)
def test_ordinary_changes_alarm_nobody(change: Callable[[Cloud], None], tmp_path: Path) -> None:
    """In the cloud itself and in every form."""
    cloud = two_tenants()
    change(cloud)
    assert prove(compile_fabric(cloud.snapshot())).verdict is Verdict.HOLDS
    assert verdicts(cloud, tmp_path) == [Verdict.HOLDS] * 2


def test_there_are_sixty_harmless_changes() -> None:
    """The count that the documentation names."""
    assert len(QUIET) + len(HARMLESS) + len(MORE_HARMLESS) >= 60


def test_a_form_says_the_same_as_the_snapshot(tmp_path: Path) -> None:
    """What the forms give is the cloud itself, but for the servers and numbers that they make up."""
    cloud = two_tenants()
    ports = [{port.id: (port.fixed_ips, port.security_groups, port.device_owner) for port in form.ports} for form in forms(cloud, tmp_path)]
    assert ports[0] == ports[1]
    assert ports[0].keys() == {record.id for record in cloud.records.values() if isinstance(record, Port)}
