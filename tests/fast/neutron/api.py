"""A small cloud behind the APIs that a snapshot is read from: lists in pages, and what is refused."""

from __future__ import annotations

from typing import Any

from infra.neutron.semantics.parties import Trust
from infra.neutron.snapshot import Header, Snapshot
from infra.neutron.snapshot.store import from_records
from infra.neutron.sources.cloud import records

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
        self.collections = collections
        self._refused = refused
        self.asked: list[str] = []

    def get(self, url: str, *, params: dict[str, Any]) -> Answer:
        """Answer a read."""
        self.asked.append(url)
        key = url.removesuffix("/detail").split("/")[-1].replace("-", "_")
        if key in self._refused.split():
            return Answer({}, 403)
        if key not in self.collections:
            return Answer({}, 404)
        objects = self.collections[key]
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
        self.network.collections["extensions"] = [{"alias": alias} for alias in EXTENSIONS]
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


def unknowns(connection: Connection) -> list[str]:
    """Return the types of what is not understood."""
    return [unknown.type for unknown in read(connection).unknowns]
