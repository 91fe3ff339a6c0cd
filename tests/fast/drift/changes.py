"""Changes of a cloud, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.fast.drift.rows import PLATFORM_PROJECT, group, port
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from infra.drift.found import Found

Change = Callable[["Found"], "Found"]
ACME = inventory().tenants[0]
ANY = {"direction": "ingress", "ethertype": "IPv4", "protocol": None, "port_range_min": None, "port_range_max": None}
ANY_RULE = {**ANY, "remote_ip_prefix": None, "remote_group_id": None, "remote_address_group_id": None}
NET, SEGMENT, BACKBONE = ACME.facts.zones["app"].network_id, ACME.facts.management.network_id, "net-backbone"


def with_rows(found: Found, which: str, rows: list[Any]) -> Found:
    """Return a view with other rows of a kind."""
    changed: dict[str, Any] = {which: tuple(rows)}
    return replace(found, **changed)


def change(which: str, name: str, /, **values: object) -> Change:
    """Return a change of the first row with a name or an id."""

    def act(found: Found) -> Found:
        next(row for row in found.rows(which) if name in {row.get("name"), row["id"]}).update(values)
        return found

    return act


def more(which: str, row: dict[str, Any]) -> Change:
    """Return the addition of a row."""
    return lambda found: with_rows(found, which, [*found.rows(which), row])


def fewer(which: str, name: str) -> Change:
    """Return the loss of a row."""
    return lambda found: with_rows(found, which, [row for row in found.rows(which) if name not in {row.get("name"), row["id"]}])


def without(which: str, key: str) -> Change:
    """Return rows of a kind that have no such attribute, as a cloud without the extension shows them."""
    return lambda found: with_rows(found, which, [{k: v for k, v in row.items() if k != key} for row in found.rows(which)])


def twin(which: str, name: str, *, is_first: bool) -> Change:
    """Return a second row that differs by its id alone, listed before or after the other."""

    def act(found: Found) -> Found:
        row = {**next(row for row in found.rows(which) if row["name"] == name), "id": "twin"}
        return with_rows(found, which, [row, *found.rows(which)] if is_first else [*found.rows(which), row])

    return act


def both(*changes: Change) -> Change:
    """Return several changes at once."""

    def act(found: Found) -> Found:
        for one in changes:
            found = one(found)
        return found

    return act


def gateway(**values: object) -> Change:
    """Return a change of the edge router's gateway."""

    def act(found: Found) -> Found:
        next(row for row in found.routers if row["name"] == "acme-edge")["external_gateway_info"].update(values)
        return found

    return act


def lent(object_id: str, kind: str, target: str = "project-globex") -> dict[str, Any]:
    """Return an RBAC policy that lends something."""
    policy = {"id": "policy", "project_id": PLATFORM_PROJECT, "object_id": object_id, "object_type": kind}
    return {**policy, "action": "access_as_shared", "target_tenant": target}


def address(port_id: str | None, **values: object) -> dict[str, Any]:
    """Return a floating IP of a stranger."""
    row: dict[str, Any] = {"id": "f", "floating_ip_address": "172.24.4.99", "port_id": port_id, "project_id": "project-globex", "tags": []}
    return {**row, "floating_network_id": "public", "fixed_ip_address": None, "router_id": None, **values}


PAIR = [{"ip_address": "0.0.0.0/0", "mac_address": "fa:16:3e:66:66:66"}]
INTRUDER = port("x", "intruder", NET, ["10.0.0.66"], "project-globex")
ROUTE = {"destination": "10.9.0.0/24", "nexthop": "10.0.0.99"}
FORWARDING = {
    "protocol": "tcp",
    "internal_ip_address": "10.0.1.12",
    "external_port": 22,
    "internal_port": 5432,
    "internal_port_id": "port-acme-db-data",
}
SUBPORT = {"port_id": "port-acme-db-data", "segmentation_type": "vlan", "segmentation_id": 7}
TRUNK = {"id": "t", "name": "loot", "project_id": "project-globex", "port_id": "port-globex-db1-app", "sub_ports": [SUBPORT]}
OPEN = group("g", "open", "project-acme", [ANY_RULE], [])
CARD = port("x", "", "net-globex-app", ["10.0.0.99"], "project-globex", device_id="server-acme-db", device_owner="compute:nova")
LOOT = {"id": "v", "name": "loot", "os-vol-tenant-attr:tenant_id": "project-acme", "volume_type": "plain", "encrypted": False}
STRANGER = {"id": "s", "name": "intruder", "tenant_id": "project-acme", "status": "ACTIVE"}
PLAIN = {"id": "type-encrypted", "name": "encrypted", "extra_specs": {}, "encryption": {}}
FOREIGN_MEMBER = port("x", "intruder", "net-globex-app", ["10.0.0.66"], "project-globex", security_groups=["id-acme-zone-app"])
PEER_TWIN = {"id": "twin", "name": "acme-internet-4", "project_id": "project-globex", "addresses": ["0.0.0.0/0"]}
BY_TWIN = {**ANY_RULE, "remote_address_group_id": "twin"}
