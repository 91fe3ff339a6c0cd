"""A running cloud read through its API: page by page, strictly, with everything that decides."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import CloudError, SnapshotError
from infra.neutron.snapshot.store import dumps, loads
from infra.neutron.sources.cloud import driver, records, sees_everything
from infra.neutron.sources.listing import PAGE
from tests.fast.neutron.api import Answer, Connection, Service, read, unknowns

pytestmark = pytest.mark.fast


def test_a_cloud_is_read() -> None:
    """Everything that decides is there: roles, rules, pairs, routes."""
    snapshot = read(Connection())
    assert [(p.name, p.role) for p in snapshot.projects] == [("acme", "tenant"), ("operations", "platform")]
    assert snapshot.ports[0].allowed_address_pairs[0].ip_address == "10.0.0.99"
    assert snapshot.security_groups[0].rules[0].description == "flow ssh"
    assert snapshot.routers[0].routes[0].nexthop == "10.0.0.9"
    assert loads(dumps(snapshot)) == snapshot


def test_a_large_cloud_is_read_page_by_page() -> None:
    """Markers lead through the pages, nothing twice, nothing left out."""
    connection = Connection(ports=2 * PAGE + 5)
    seen: list[tuple[str, int]] = []
    found = list(records(connection, progress=lambda section, count: seen.append((section, count))))
    assert sum(type(record).__name__ == "Port" for record in found) == 2 * PAGE + 5
    assert [count for section, count in seen if section == "ports"] == [PAGE, 2 * PAGE, 2 * PAGE + 5]


def test_a_refused_read_is_an_error() -> None:
    """A credential that may not read something gives no partial snapshot."""
    with pytest.raises(CloudError, match="/ports"):
        read(Connection(refused="ports"))


def test_whether_everything_is_seen() -> None:
    """Provider attributes are shown to those who see all."""
    connection = Connection()
    assert sees_everything(connection)
    del connection.network.collections["networks"][0]["provider:network_type"]
    assert not sees_everything(connection)


def test_a_missing_field_is_an_error_not_a_default() -> None:
    """A port without its owner could be anything."""
    connection = Connection()
    del connection.network.collections["ports"][0]["device_owner"]
    with pytest.raises(SnapshotError, match="ports port-0: a field is missing"):
        read(connection)


GATEWAY = {"network_id": "n", "external_fixed_ips": []}
TRANSLATION = {
    "the router translates": ({**GATEWAY, "enable_snat": True}, [GATEWAY], True),
    "it does not, and the list of gateways leaves that out": ({**GATEWAY, "enable_snat": False}, [GATEWAY], False),
    "the gateway says it by itself": ({**GATEWAY, "enable_snat": False}, [{**GATEWAY, "enable_snat": True}], True),
    "nobody says": (GATEWAY, [GATEWAY], False),
    "an API without the list": ({**GATEWAY, "enable_snat": True}, None, True),
}


@pytest.mark.parametrize(("info", "gateways", "translates"), TRANSLATION.values(), ids=TRANSLATION)
def test_translation_is_never_guessed(info: dict[str, Any], gateways: object, translates: bool) -> None:  # noqa: FBT001 - a column
    """A router counts as translating only when the API says so: the opposite would hide a path."""
    connection = Connection()
    connection.network.collections["routers"][0] |= {"external_gateway_info": info, "external_gateways": gateways}
    assert read(connection).routers[0].gateways[0].enable_snat is translates


def test_objects_of_an_extension_that_is_not_modelled_are_unknown() -> None:
    """Where the cloud has the extension, its list is read; an empty one says that there is nothing."""
    connection = Connection()
    connection.network.collections["vpnservices"] = [{"id": "v", "name": "tunnel"}]
    assert unknowns(connection) == ["vpnservices"]
    connection.network.collections["vpnservices"] = []
    assert unknowns(connection) == []


@pytest.mark.parametrize("refused", ["vpnservices", "extensions"])
def test_what_may_not_be_listed_is_not_absent(refused: str) -> None:
    """The cloud answers 403: whether there are such objects, nobody knows."""
    connection = Connection(refused=refused)
    connection.network.collections["vpnservices"] = []
    assert unknowns(connection) == ["extension:vpnaas" if refused == "vpnservices" else "extensions"]


def test_a_list_that_fails_although_its_extension_is_there_is_not_empty() -> None:
    """404 means "none" only of an extension that the cloud does not have."""
    assert unknowns(Connection()) == ["extension:vpnaas"]


def test_an_extension_in_no_list_is_unknown() -> None:
    """Other people's extensions move packets in ways that nobody here knows."""
    connection = Connection()
    connection.network.collections["vpnservices"] = []
    connection.network.collections["extensions"].append({"alias": "acme-fabric"})
    assert unknowns(connection) == ["extension:acme-fabric"]


@pytest.mark.parametrize(("provider", "found"), [("amphora", []), ("ovn", ["load_balancer"]), ("f5", ["load_balancer"])])
def test_load_balancers_that_are_no_servers_are_unknown(provider: str, found: list[str]) -> None:
    """Octavia knows their members, the network's API does not; amphorae are servers with ports."""
    connection = Connection()
    connection.network.collections["vpnservices"] = []
    connection.load_balancer = Service({"loadbalancers": [{"id": "l", "name": "front", "provider": provider}]})
    assert unknowns(connection) == []
    connection.catalog.add("load-balancer")
    assert unknowns(connection) == found
    connection.load_balancer = Service({}, "loadbalancers")
    assert unknowns(connection) == ["load_balancer"]


def test_forwardings_are_read_where_the_list_of_floating_ips_does_not_show_them() -> None:
    """An extension shows them; without it they are there all the same."""
    connection = Connection()
    connection.network.collections["extensions"].append({"alias": "floating-ip-port-forwarding"})
    floating = {"id": "f", "floating_network_id": "n", "floating_ip_address": "203.0.113.5", "port_id": None, "fixed_ip_address": None}
    connection.network.collections["floatingips"] = [{**floating, "router_id": "x", "tenant_id": "p"}]
    forwarding = {"protocol": "tcp", "internal_ip_address": "10.0.0.5", "internal_port_id": "port-0", "id": "w"}
    connection.network.collections["port_forwardings"] = [{**forwarding, "external_port": 80, "internal_port": 8080}]
    (found,) = read(connection).floating_ips[0].port_forwardings
    assert (found.external_port, found.internal_port) == (80, 8080)


def test_a_driver_is_told_by_all_agents_or_not_at_all() -> None:
    """An Open vSwitch agent may enforce groups in two ways, and says which."""
    connection = Connection()
    agents = connection.network.collections["agents"] = []
    assert driver(connection) is None
    agents.append({"binary": "neutron-dhcp-agent"})
    agents.append({"binary": "neutron-openvswitch-agent", "configurations": {"ovs_hybrid_plug": True}})
    assert driver(connection) == "iptables_hybrid"
    agents[-1]["configurations"] = {}
    assert driver(connection) is None
    agents[-1] = {"binary": "ovn-controller"}
    assert driver(connection) == "ovn"
    agents.append({"binary": "neutron-linuxbridge-agent"})
    assert driver(connection) is None


@pytest.mark.parametrize("body", [{}, {"error": "busy"}, [], "ok", None, {"ports": None}, {"ports": {}}])
def test_an_answer_without_its_list_is_no_empty_list(body: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers with 200 and something else is not the API, and says nothing about how many ports there are."""
    cloud = Connection()
    ask = cloud.network.get
    monkeypatch.setattr(cloud.network, "get", lambda url, *, params: Answer(body) if url == "/ports" else ask(url, params=params))
    with pytest.raises(CloudError, match="the cloud answered something else"):
        list(records(cloud))
