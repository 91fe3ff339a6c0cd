"""What a plan plugs in, opens, changes and takes away: read as Neutron and Nova would do it."""

from __future__ import annotations

import pytest

from infra.errors import SnapshotError
from infra.neutron.plans.planned import planned_snapshot
from infra.neutron.plans.preview import UNKNOWN
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot import SEVERAL, FloatingIp, Port, Snapshot
from infra.proof import Verdict, prove
from tests.fast.neutron.clouds import OPEN, two_tenants
from tests.fast.neutron.plans.previews import Json, Preview
from tests.fast.neutron.plans.test_planned import after, port

pytestmark = pytest.mark.fast

NET = "openstack:networking/"
SERVER = "openstack:compute/instance:Instance"


def of_acme() -> Preview:
    """A plan whose provider acts for acme."""
    plan = Preview()
    plan.add("admin", "pulumi:providers:openstack", tenantId="acme")
    return plan


def new_port(snapshot: Snapshot) -> Port:
    """Return the one port that the two tenants' cloud does not have."""
    (found,) = {port.id: port for port in snapshot.ports if port.id not in {one.id for one in two_tenants().snapshot().ports}}.values()
    return found


@pytest.mark.parametrize(
    "entry",
    [{"uuid": "globex-app"}, {"name": "globex-app"}, {"uuid": "globex-app", "fixedIpV4": "10.0.0.99"}, {"uuid": "ref:net"}],
    ids=["by id", "by name", "with an address", "by reference"],
)
def test_a_server_plugged_in_by_network_has_a_card_there(entry: Json) -> None:
    """On another tenant's network it is a path, however the network is named."""
    plan = of_acme()
    plan.add("net", NET + "network:Network", op="same", identifier="globex-app", name="globex-app")
    plan.add("spy", SERVER, name="spy", networks=[entry], flavorName="small")
    snapshot = after(plan)
    found = new_port(snapshot)
    assert (found.network_id, found.project_id, found.device_owner) == ("globex-app", "acme", "compute:nova")
    proof = prove(compile_fabric(snapshot))
    assert proof.verdict is Verdict.BROKEN
    assert {e.source_party for e in proof.judgements[0].counterexamples} == {"acme", "globex"}


@pytest.mark.parametrize(
    "inputs", [{"portId": "ref:card"}, {"networkId": "globex-app"}, {"networkId": "globex-app", "fixedIp": "10.0.0.77"}]
)
def test_an_interface_that_is_attached_is_a_card(inputs: Json) -> None:
    """By port or by network, to a server that is there."""
    plan = of_acme()
    plan.add("card", NET + "port:Port", networkId="globex-app", fixedIps=[{"ipAddress": "10.0.0.77"}]) if "portId" in inputs else None
    plan.add("attach", "openstack:compute/interfaceAttach:InterfaceAttach", instanceId="acme-web", **inputs)
    snapshot = after(plan)
    assert (new_port(snapshot).device_id, new_port(snapshot).project_id) == ("acme-web", "acme")
    assert prove(compile_fabric(snapshot)).verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"networks": []},
        {"networks": UNKNOWN},
        {"networks": [{}]},
        {"networks": [{"name": "nowhere"}]},
        {"networks": [{"port": UNKNOWN}]},
    ],
)
def test_a_server_whose_network_is_not_told_makes_the_plan_cannot_tell(inputs: Json) -> None:
    """Nova would choose one, or the plan does not say which."""
    plan = of_acme()
    plan.add("vm", SERVER, name="vm", **inputs)
    assert prove(compile_fabric(after(plan))).verdict is Verdict.UNKNOWN
    alone = of_acme()
    alone.add("vm", SERVER, name="vm", networkMode="none")
    assert prove(compile_fabric(after(alone))).verdict is Verdict.HOLDS


def test_a_card_without_groups_has_the_default_group() -> None:
    """Neutron puts it on ports that name none; ``noSecurityGroups`` asks for none, and a group that is emptied is empty."""
    plan = of_acme()
    plan.add("card", NET + "port:Port", networkId="acme-app", fixedIps=[{"ipAddress": "10.0.0.50"}])
    plan.add("closed", NET + "port:Port", networkId="acme-app", fixedIps=[{"ipAddress": "10.0.0.51"}], noSecurityGroups=True)
    snapshot = after(plan)
    (group,) = port(snapshot, "card").security_groups
    rules = next(each for each in snapshot.security_groups if each.id == group).rules
    assert [(rule.direction, rule.remote_group_id) for rule in rules] == [("ingress", group)] * 2 + [("egress", None)] * 2
    assert port(snapshot, "closed").security_groups == ()
    plan.add("empty", "pulumi-python:dynamic/ringfence:EmptyDefaultGroup", project_id="acme")
    assert next(each for each in after(plan).security_groups if each.id == group).rules == ()


def test_the_groups_of_a_server_are_those_of_its_project_by_name() -> None:
    """And one that is not there is said."""
    plan = of_acme()
    plan.add("vm", SERVER, name="vm", networks=[{"uuid": "acme-app"}], securityGroups=["acme-open"])
    assert new_port(after(plan)).security_groups == ("acme-open",)
    plan.add("other", SERVER, name="other", networks=[{"uuid": "acme-app"}], securityGroups=["nowhere"])
    assert "which security group" in str(after(plan).unknowns)


def test_a_port_says_how_it_is_bound_and_who_owns_it() -> None:
    """Where groups are not enforced, and a port that calls itself Neutron's own; security off is inherited from the network."""
    plan = of_acme()
    plan.add("vf", NET + "port:Port", networkId="acme-app", binding={"vnicType": "direct"}, noSecurityGroups=True)
    plan.add("dhcp", NET + "port:Port", networkId="acme-app", deviceOwner="network:dhcp", deviceId="acme-web")
    plan.add("free", NET + "network:Network", name="free", portSecurityEnabled=False)
    plan.add("heir", NET + "port:Port", networkId="ref:free", noFixedIp=True)
    snapshot = after(plan)
    assert port(snapshot, "vf").binding_vnic_type == "direct"
    assert (port(snapshot, "dhcp").device_owner, port(snapshot, "dhcp").device_id) == ("network:dhcp", "acme-web")
    assert (port(snapshot, "heir").port_security_enabled, port(snapshot, "heir").fixed_ips) == (False, ())


def test_a_network_of_several_segments_is_said() -> None:
    """As for clouds."""
    plan = of_acme()
    plan.add("net", NET + "network:Network", name="n", segments=[{"networkType": "vlan"}, {"networkType": "flat"}])
    snapshot = after(plan)
    assert next(network for network in snapshot.networks if network.name == "n").provider_network_type == SEVERAL
    assert prove(compile_fabric(snapshot)).verdict is Verdict.UNKNOWN


def test_public_addresses_are_bound_by_associations_and_forwardings() -> None:
    """Whichever resource says it, and their removal takes the binding only."""
    plan = of_acme()
    plan.add("float", NET + "floatingIp:FloatingIp", pool="public")
    plan.add("bind", NET + "floatingIpAssociate:FloatingIpAssociate", floatingIp="ref:float", portId="acme-web-app")
    plan.add("second", NET + "floatingIp:FloatingIp", pool="public")
    ends: Json = {"internalPortId": "acme-web-app", "internalPort": 22, "externalPort": 2222, "protocol": "tcp"}
    plan.add("forward", NET + "portForwardingV2:PortForwardingV2", floatingipId="ref:second", **ends)
    plan.remove("203.0.113.61", NET + "floatingIpAssociate:FloatingIpAssociate")
    found: dict[str, FloatingIp] = {each.id.rpartition("::")[2]: each for each in after(plan).floating_ips}
    assert found["float"].port_id == "acme-web-app"
    (forward,) = found["second"].port_forwardings
    assert (forward.external_port, forward.internal_port, forward.internal_ip_address) == (2222, 22, "10.0.0.11")
    assert found["203.0.113.61"].port_id is None


def test_trunks_address_scopes_and_groups_of_ports_are_read() -> None:
    """A subport is its server's, a pool has its scope, a port the groups that another resource puts on it."""
    plan = of_acme()
    plan.add("sub", NET + "port:Port", networkId="globex-app", fixedIps=[{"ipAddress": "10.0.0.70"}])
    plan.add("trunk", NET + "trunk:Trunk", portId="acme-web-app", subPorts=[{"portId": "ref:sub", "segmentationId": 5}])
    plan.add("scope", NET + "addressScope:AddressScope", name="s", ipVersion=4)
    plan.add("pool", NET + "subnetPool:SubnetPool", name="p", prefixes=["10.7.0.0/16"], addressScopeId="ref:scope")
    plan.add("more", NET + "portSecGroupAssociate:PortSecGroupAssociate", portId="globex-web-app", securityGroupIds=["acme-open"])
    snapshot = after(plan)
    assert [sub.port_id.rpartition("::")[2] for sub in snapshot.trunks[0].sub_ports] == ["sub"]
    assert snapshot.subnet_pools[0].address_scope_id == snapshot.address_scopes[0].id
    assert next(each for each in snapshot.ports if each.id == "globex-web-app").security_groups == ("acme-open", "globex-open")
    assert prove(compile_fabric(snapshot)).verdict is Verdict.BROKEN


def test_a_change_leaves_what_the_plan_does_not_say() -> None:
    """A physical network stays one when its tags change, a router keeps its gateway without translation, a port its binding."""
    cloud = two_tenants()
    cloud.network("wire", "acme", provider_network_type="vlan", provider_physical_network="p", provider_segmentation_id=5, shared=True)
    cloud.router("plain", "acme", external="public", address="203.0.113.99", snat=False)
    cloud.change(Port, "acme-web-app", binding_vnic_type="direct")
    plan = of_acme()
    plan.add("net", NET + "network:Network", op="update", identifier="wire", name="renamed")
    plan.add("router", NET + "router:Router", op="update", identifier="plain", name="plain", externalNetworkId="public")
    plan.add("card", NET + "port:Port", op="update", identifier="acme-web-app", networkId="acme-app", fixedIps=[{"ipAddress": "10.0.0.11"}])
    snapshot = planned_snapshot(plan.data(), cloud.snapshot())
    wire = next(each for each in snapshot.networks if each.id == "wire")
    assert (wire.name, wire.provider_segmentation_id, wire.shared) == ("renamed", 5, True)
    assert [each.gateways for each in snapshot.routers if each.id == "plain"] == [
        each.gateways for each in cloud.snapshot().routers if each.id == "plain"
    ]
    card = next(each for each in snapshot.ports if each.id == "acme-web-app")
    assert (card.binding_vnic_type, card.device_id, card.security_groups) == ("direct", "acme-web", ("acme-open",))


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [
        (NET + "portSecGroupAssociate:PortSecGroupAssociate", "acme-web-app"),
        (NET + "routerRoutesV2:RouterRoutesV2", "acme-edge"),
        (NET + "quotaV2:QuotaV2", "acme"),
        ("pulumi-python:dynamic/ringfence:Unplugged", "acme-edge"),
        ("pulumi-python:dynamic/ringfence:RingFenceRemains", "acme"),
    ],
)
def test_a_removed_part_does_not_take_the_object_that_lends_it_its_id(kind: str, identifier: str) -> None:
    """The id of a resource is not always that of an object which goes with it."""
    plan = Preview()
    plan.remove(identifier, kind)
    base, found = two_tenants().snapshot(), after(plan)
    assert (found.ports, found.routers, found.projects) == (base.ports, base.routers, base.projects)


def test_what_goes_takes_along_what_neutron_takes_along() -> None:
    """A network with its own ports, a route and a leg by their made-up ids, rules that name a group."""
    cloud = two_tenants()
    cloud.network("gone", "acme", "10.8.0.0/24")
    cloud.port("agent", "gone", "acme", "10.8.0.2", device_owner="network:dhcp")
    cloud.group("spare", "acme")
    cloud.group("names", "acme", *(type(rule)(direction=rule.direction, remote_group_id="spare") for rule in OPEN[:1]))
    plan = Preview()
    plan.remove("gone", NET + "network:Network")
    plan.remove("gone-0", NET + "subnet:Subnet")
    plan.remove("spare", NET + "secGroup:SecGroup")
    plan.remove("acme-edge/acme-edge:acme-app", "pulumi-python:dynamic/ringfence:RouterLeg")
    ends: Json = {"router_id": "platform-router", "destination": "172.30.0.0/28", "next_hop": "172.29.0.10"}
    plan.remove("platform-router/172.30.0.0/28", "pulumi-python:dynamic/ringfence:ManagementRoute", **ends)
    snapshot = planned_snapshot(plan.data(), cloud.snapshot())
    assert "gone" not in {each.id for each in snapshot.networks}
    assert not {"agent", "acme-edge:acme-app"} & {each.id for each in snapshot.ports}
    assert [each.rules for each in snapshot.security_groups if each.id == "names"] == [()]
    assert [len(each.routes) for each in snapshot.routers if each.id == "platform-router"] == [1]


@pytest.mark.parametrize("login", [{"tenantName": "globex"}, {"applicationCredentialId": "abc"}, {"userName": "x"}])
def test_a_provider_whose_project_is_not_told_is_not_the_platforms(login: Json) -> None:
    """What it makes would count as trusted."""
    plan = Preview()
    plan.add("other", "pulumi:providers:openstack", **login)
    plan.add("net", NET + "network:Network", name="n", provider="other")
    assert "in which project" in str(after(plan).unknowns)


def test_a_value_of_another_type_is_an_error_that_names_it() -> None:
    """Never a value that happens to be true."""
    plan = of_acme()
    plan.add("net", NET + "network:Network", name="n", portSecurityEnabled="perhaps")
    with pytest.raises(SnapshotError, match="portSecurityEnabled") as error:
        after(plan)
    assert "true or false" in str(error.value)
    words = of_acme()
    words.add("net", NET + "network:Network", name="n", portSecurityEnabled="false")
    assert next(each for each in after(words).networks if each.name == "n").port_security_enabled is False


def test_a_route_is_on_the_router_that_has_a_place_for_it() -> None:
    """A new one may be on any of those named; one that is there is where its id says, and the way to the next router is read too."""
    cloud = two_tenants()
    cloud.router("second", "platform")
    cloud.leg("second", "backbone", "172.29.0.20", project="platform")
    own = "pulumi-python:dynamic/ringfence:"
    ends: Json = {"router_id": "platform-router", "next_hop": "172.29.0.30", "further": ["second"]}
    plan = Preview()
    plan.add("new", own + "ManagementRoute", destination="172.30.9.0/28", **ends)
    plan.add("there", own + "ManagementRoute", op="update", identifier="second/172.30.8.0/28", destination="172.30.8.0/28", **ends)
    plan.add(
        "pool", own + "PoolRoute", router_id="platform-router", destination="172.30.0.0/16", next_hop="172.29.0.20", next_router_id="second"
    )
    snapshot = planned_snapshot(plan.data(), cloud.snapshot())
    routes = {each.id: {route.destination for route in each.routes} for each in snapshot.routers}
    assert routes["second"] == {"172.30.9.0/28", "172.30.8.0/28"}
    assert routes["platform-router"] == {"172.30.0.0/28", "172.30.0.16/28", "172.30.9.0/28", "172.30.0.0/16"}
