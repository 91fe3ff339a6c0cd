"""A running cloud read through its API: page by page, strictly, with everything that decides."""

from __future__ import annotations

from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import CloudError, Problem, SnapshotError
from infra.neutron.ahead import CHUNK, side_by_side
from infra.neutron.cloud import driver, records, sees_everything
from infra.neutron.listing import PAGE
from infra.neutron.parties import Trust
from infra.neutron.snapshot import Header, Snapshot
from infra.neutron.store import dumps, from_records, loads

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast


EXTENSIONS = ["allowed-address-pairs", "binding", "external-net", "extraroute", "port-security", "stateful-security-group", "vpnaas"]


class Answer:
    """What the API answers."""

    def __init__(self, body: object, status: int = 200) -> None:
        self._body = body
        self.status_code = status

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Return the body."""
        return self._body


class Service:
    """A service with collections, which counts and pages as the API does."""

    def __init__(self, collections: dict[str, list[dict[str, Any]]], refused: str = "") -> None:
        self._collections = collections
        self._refused = refused
        self.asked: list[str] = []

    def get(self, url: str, *, params: dict[str, Any]) -> Answer:
        """Answer a read."""
        self.asked.append(url)
        key = url.removesuffix("/detail").split("/")[-1].replace("-", "_")
        if key in self._refused.split():
            return Answer({}, 403)
        if key not in self._collections:
            return Answer({}, 404)
        objects = self._collections[key]
        start = next((n + 1 for n, item in enumerate(objects) if item.get("id", "") == params.get("marker")), 0)
        return Answer({key: objects[start : start + int(params.get("limit", 10**6))]})


class Connection:
    """A cloud with one project, one network and a few ports."""

    def __init__(self, refused: str = "", ports: int = 1) -> None:
        pair: dict[str, Any] = {"ip_address": "10.0.0.99", "mac_address": "fa:16:3e:00:00:09"}
        port: dict[str, Any] = {
            "network_id": "n",
            "tenant_id": "p",
            "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.5"}],
            "device_owner": "compute:nova",
        }
        port |= {"device_id": "v", "security_groups": ["g"], "mac_address": "fa:16:3e:00:00:01", "allowed_address_pairs": [pair]}
        port["port_security_enabled"] = port["admin_state_up"] = True
        port |= {"binding:vnic_type": "normal", "name": "web"}
        rule: dict[str, Any] = {
            "id": "r",
            "direction": "ingress",
            "ethertype": "IPv4",
            "protocol": "tcp",
            "port_range_min": 22,
            "port_range_max": 22,
        }
        rule |= {"remote_ip_prefix": "0.0.0.0/0", "remote_group_id": None, "description": "flow ssh"}
        self.network = Service(
            {
                "networks": [
                    {
                        "id": "n",
                        "name": "app",
                        "tenant_id": "p",
                        "router:external": False,
                        "shared": False,
                        "provider:network_type": "geneve",
                    }
                ],
                "subnets": [
                    {
                        "id": "s",
                        "network_id": "n",
                        "cidr": "10.0.0.0/24",
                        "gateway_ip": None,
                        "enable_dhcp": False,
                        "tenant_id": "p",
                        "subnetpool_id": None,
                    }
                ],
                "routers": [
                    {
                        "id": "x",
                        "tenant_id": "p",
                        "external_gateway_info": None,
                        "routes": [{"destination": "10.1.0.0/16", "nexthop": "10.0.0.9"}],
                    }
                ],
                "ports": [{**port, "id": f"port-{number}"} for number in range(ports)],
                "security_groups": [{"id": "g", "name": "web", "tenant_id": "p", "stateful": True, "security_group_rules": [rule]}],
                "rbac_policies": [],
                "floatingips": [],
            },
            refused,
        )
        self.network._collections["extensions"] = [{"alias": alias} for alias in EXTENSIONS]
        self.identity = Service({"projects": [{"id": "p", "name": "acme"}, {"id": "q", "name": "operations"}]})
        self.load_balancer = Service({"loadbalancers": []})
        self.catalog: set[str] = set()
        self.compute = Service({"servers": [{"id": "v", "name": "web", "tenant_id": "p"}]})

    def has_service(self, service_key: str) -> bool:
        """Tell whether the catalog has a service."""
        return service_key in self.catalog


def read(connection: Connection) -> Snapshot:
    """Read a cloud."""
    return from_records(Header(format=1, origin="cloud"), records(connection, Trust(named=frozenset({"q"}))))


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
    del connection.network._collections["networks"][0]["provider:network_type"]
    assert not sees_everything(connection)


def test_a_missing_field_is_an_error_not_a_default() -> None:
    """A port without its owner could be anything."""
    connection = Connection()
    del connection.network._collections["ports"][0]["device_owner"]
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
    connection.network._collections["routers"][0] |= {"external_gateway_info": info, "external_gateways": gateways}
    assert read(connection).routers[0].gateways[0].enable_snat is translates


def unknowns(connection: Connection) -> list[str]:
    """Return the types of what is not understood."""
    return [unknown.type for unknown in read(connection).unknowns]


def test_objects_of_an_extension_that_is_not_modelled_are_unknown() -> None:
    """Where the cloud has the extension, its list is read; an empty one says that there is nothing."""
    connection = Connection()
    connection.network._collections["vpnservices"] = [{"id": "v", "name": "tunnel"}]
    assert unknowns(connection) == ["vpnservices"]
    connection.network._collections["vpnservices"] = []
    assert unknowns(connection) == []


@pytest.mark.parametrize("refused", ["vpnservices", "extensions"])
def test_what_may_not_be_listed_is_not_absent(refused: str) -> None:
    """The cloud answers 403: whether there are such objects, nobody knows."""
    connection = Connection(refused=refused)
    connection.network._collections["vpnservices"] = []
    assert unknowns(connection) == ["extension:vpnaas" if refused == "vpnservices" else "extensions"]


def test_a_list_that_fails_although_its_extension_is_there_is_not_empty() -> None:
    """404 means "none" only of an extension that the cloud does not have."""
    assert unknowns(Connection()) == ["extension:vpnaas"]


def test_an_extension_in_no_list_is_unknown() -> None:
    """Other people's extensions move packets in ways that nobody here knows."""
    connection = Connection()
    connection.network._collections["vpnservices"] = []
    connection.network._collections["extensions"].append({"alias": "acme-fabric"})
    assert unknowns(connection) == ["extension:acme-fabric"]


@pytest.mark.parametrize(("provider", "found"), [("amphora", []), ("ovn", ["load_balancer"]), ("f5", ["load_balancer"])])
def test_load_balancers_that_are_no_servers_are_unknown(provider: str, found: list[str]) -> None:
    """Octavia knows their members, the network's API does not; amphorae are servers with ports."""
    connection = Connection()
    connection.network._collections["vpnservices"] = []
    connection.load_balancer = Service({"loadbalancers": [{"id": "l", "name": "front", "provider": provider}]})
    assert unknowns(connection) == []
    connection.catalog.add("load-balancer")
    assert unknowns(connection) == found
    connection.load_balancer = Service({}, "loadbalancers")
    assert unknowns(connection) == ["load_balancer"]


def test_forwardings_are_read_where_the_list_of_floating_ips_does_not_show_them() -> None:
    """An extension shows them; without it they are there all the same."""
    connection = Connection()
    connection.network._collections["extensions"].append({"alias": "floating-ip-port-forwarding"})
    floating = {"id": "f", "floating_network_id": "n", "floating_ip_address": "203.0.113.5", "port_id": None, "fixed_ip_address": None}
    connection.network._collections["floatingips"] = [{**floating, "router_id": "x", "tenant_id": "p"}]
    forwarding = {"protocol": "tcp", "internal_ip_address": "10.0.0.5", "internal_port_id": "port-0", "id": "w"}
    connection.network._collections["port_forwardings"] = [{**forwarding, "external_port": 80, "internal_port": 8080}]
    (found,) = read(connection).floating_ips[0].port_forwardings
    assert (found.external_port, found.internal_port) == (80, 8080)


def test_a_driver_is_told_by_all_agents_or_not_at_all() -> None:
    """An Open vSwitch agent may enforce groups in two ways, and says which."""
    connection = Connection()
    agents = connection.network._collections["agents"] = []
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


class Changing(Service):
    """A service in which something happens between two reads: ``hidden`` from lists and there by its id, or ``gone`` by then."""

    def __init__(self, service: Service, *, hidden: tuple[str, ...] = (), gone: tuple[str, ...] = ()) -> None:
        super().__init__(service._collections)
        self.hidden, self.gone = hidden, gone

    def get(self, url: str, *, params: dict[str, Any]) -> Answer:
        """Answer a read of a list, or of one object."""
        *_, collection, last = url.split("/")
        collection = collection.replace("-", "_")
        if collection in self._collections and last != "detail":
            found = next((item for item in self._collections[collection] if item.get("id") == last and last not in self.gone), None)
            return Answer({"object": found}) if found else Answer({}, 404)
        body = super().get(url, params=params)
        listed = {key: [item for item in items if item.get("id") not in self.hidden] for key, items in body.json().items()}
        return Answer(listed, body.status_code)


def changing(**changes: tuple[str, ...]) -> Connection:
    """Return a cloud that changes while it is read."""
    connection = Connection()
    connection.network._collections["vpnservices"] = []
    connection.network = Changing(connection.network, **changes)
    return connection


@pytest.mark.parametrize("identifier", ["n", "s", "g"])
def test_what_was_made_after_its_list_was_read_is_read_by_its_id(identifier: str) -> None:
    """A port of a network, subnet or group that is not in the lists: the snapshot has both."""
    snapshot = read(changing(hidden=(identifier,)))
    assert (len(snapshot.networks), len(snapshot.subnets), len(snapshot.security_groups), len(snapshot.ports)) == (1, 1, 1, 1)
    assert snapshot.unknowns == ()


def test_what_is_gone_with_all_that_it_referred_to_is_left_out() -> None:
    """A port was listed, and is deleted by now with its group: nothing is corrupt."""
    snapshot = read(changing(hidden=("g",), gone=("g", "port-0")))
    assert (snapshot.ports, snapshot.security_groups, snapshot.unknowns) == ((), (), ())


def test_every_thing_that_is_not_understood_stays_where_one_object_has_several() -> None:
    """Records of kind unknown are told apart by more than an id."""
    connection = Connection()
    connection.network._collections["vpnservices"] = []
    connection.network._collections["ports"][0] |= {"odd": 1, "strange": 2}
    assert sorted(unknowns(connection)) == ["field:port.odd", "field:port.strange"]


def test_what_dangles_all_the_same_is_named() -> None:
    """The port is there and names a group that is not: nobody can tell what guards it."""
    snapshot = read(changing(hidden=("g",), gone=("g",)))
    assert [(unknown.type, unknown.id) for unknown in snapshot.unknowns] == [("dangling:ports", "port-0")]
    assert "security_groups g" in snapshot.unknowns[0].reason


def test_a_list_goes_on_where_the_object_that_a_page_ended_with_is_gone() -> None:
    """The API refuses its id as a marker: the list is begun anew, and nothing is read twice."""
    connection = Connection(ports=2 * PAGE + 5)
    connection.network._collections["vpnservices"] = []
    fine, refused = connection.network.get, []

    def get(url: str, *, params: dict[str, Any]) -> Answer:
        if params.get("marker") == f"port-{PAGE - 1}" and not refused:
            refused.append(params["marker"])
            return Answer({}, 404)
        return fine(url, params=params)

    connection.network.get = get  # type: ignore[method-assign]
    assert (len({port.id for port in read(connection).ports}), len(refused)) == (2 * PAGE + 5, 1)


def test_lists_are_read_side_by_side_and_handed_on_in_order() -> None:
    """A slow first list lets the others run; an error comes where its list would be, and ends the readers."""
    started = Barrier(2, timeout=5)

    def slow() -> Iterator[int]:
        started.wait()
        yield from range(3 * CHUNK)

    assert [name for name, _ in side_by_side({"first": slow, "second": slow}, 2)] == ["first"] * 3 * CHUNK + ["second"] * 3 * CHUNK

    def broken() -> Iterator[int]:
        yield 1
        raise CloudError(Problem("the cloud did not answer", where="/ports"))

    taken: list[str] = []
    with pytest.raises(CloudError, match="/ports"):
        taken.extend(name for name, _ in side_by_side({"fine": lambda: range(5), "broken": broken, "long": lambda: range(100 * CHUNK)}, 3))
    assert set(taken) <= {"fine"}
