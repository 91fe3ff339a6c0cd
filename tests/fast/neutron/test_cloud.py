"""A running cloud read through its API: page by page, strictly, with everything that decides."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import CloudError, SnapshotError
from infra.neutron.cloud import PAGE, records, sees_everything
from infra.neutron.snapshot import Header, Snapshot
from infra.neutron.store import dumps, from_records, loads

pytestmark = pytest.mark.fast


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
        key = url.strip("/").split("/")[0].replace("-", "_")
        if key == self._refused:
            return Answer({}, 403)
        if key not in self._collections:
            return Answer({}, 404)
        objects = self._collections[key]
        start = next((n + 1 for n, item in enumerate(objects) if item["id"] == params.get("marker")), 0)
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
                    {"id": "s", "network_id": "n", "cidr": "10.0.0.0/24", "gateway_ip": None, "enable_dhcp": False, "tenant_id": "p"}
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
                "vpn": [{"id": "v", "name": "tunnel"}],
            },
            refused,
        )
        self.network._collections["vpnservices"] = []
        self.identity = Service({"projects": [{"id": "p", "name": "acme"}, {"id": "q", "name": "operations"}]})
        self.compute = Service({"servers": [{"id": "v", "name": "web", "tenant_id": "p"}]})


def read(connection: Connection) -> Snapshot:
    """Read a cloud."""
    return from_records(Header(format=1, origin="cloud"), records(connection, {"operations"}))


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
