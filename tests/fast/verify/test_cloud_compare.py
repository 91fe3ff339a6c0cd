from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infra.outcome import Verdict
from ringfence.verify import cloud_compare
from tests.fast.verify.views import leg, view
from tests.fast.verify.worlds import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringfence.verify.cloud_view import View
    from ringfence.verify.world import TenantWorld

pytestmark = pytest.mark.fast

WORLD = world()
ACME = WORLD.tenants[0]
ANY = {"direction": "ingress", "ethertype": "IPv4", "protocol": None, "port_range_min": None, "port_range_max": None}
ANY_RULE = {**ANY, "remote_ip_prefix": None, "remote_group_id": None, "remote_address_group_id": None}
NET = ACME.facts["zones"]["app"]["network_id"]


def named(rows: tuple[dict[str, Any], ...], name: str) -> dict[str, Any]:
    """Return the row with a name."""
    return next(row for row in rows if row["name"] == name)


def change(which: str, name: str, **values: object) -> Callable[[View], View]:
    """Return a change of one row."""

    def act(found: View) -> View:
        named(getattr(found, which), name).update(values)
        return found

    return act


def with_rows(found: View, which: str, rows: tuple[Any, ...]) -> View:
    """Return a view with other rows of a kind."""
    changed: dict[str, Any] = {which: rows}
    return replace(found, **changed)


def more(which: str, row: dict[str, Any]) -> Callable[[View], View]:
    """Return the addition of a row."""
    return lambda found: with_rows(found, which, (*getattr(found, which), row))


def fewer(which: str, name: str) -> Callable[[View], View]:
    """Return the loss of a row."""
    return lambda found: with_rows(found, which, tuple(row for row in getattr(found, which) if row["name"] != name))


PAIR = [{"ip_address": "0.0.0.0/0"}]
STRANGER = {"id": "x", "name": "intruder", "device_owner": "", "device_id": "", "network_id": NET, "fixed_ips": []}
EVERYBODY = {"object_id": NET, "object_type": "network", "action": "access_as_shared", "target_tenant": "*"}
LENT_GROUP = {
    "object_id": "id-acme-zone-app",
    "object_type": "security_group",
    "action": "access_as_shared",
    "target_tenant": "project-globex",
}
FLOATING = {"id": "f", "floating_ip_address": "172.24.4.99", "port_id": "port-acme-db-data", "tags": []}
ROUTE = {"destination": "10.9.0.0/24", "nexthop": "10.0.0.99"}
BROKEN: dict[str, tuple[Callable[[View], View], str]] = {
    "rule by hand": (
        change("groups", "acme-server-db", security_group_rules=[ANY_RULE]),
        "undeclared rule in acme-server-db: ingress IPv4 any all any",
    ),
    "rule of IPv6 by hand": (change("groups", "acme-management", security_group_rules=[{**ANY_RULE, "ethertype": "IPv6"}]), "ingress IPv6"),
    "rule removed": (change("groups", "acme-server-db", security_group_rules=[]), "missing rule in acme-server-db"),
    "default rules back": (change("groups", "default", security_group_rules=[ANY_RULE]), "undeclared rule in default"),
    "undeclared group": (more("groups", {"id": "g", "name": "open", "security_group_rules": []}), "undeclared security group open"),
    "address group widened": (
        change("address_groups", "acme-internet-4", addresses=["0.0.0.0/0"]),
        "undeclared prefixes in acme-internet-4",
    ),
    "port security off": (change("ports", "acme-db-data", port_security_enabled=False), "port security is off on acme-db-data"),
    "address pair": (change("ports", "acme-db-data", allowed_address_pairs=PAIR), "acme-db-data may also send from 0.0.0.0/0"),
    "group removed": (change("ports", "acme-db-data", security_groups=[]), "acme-db-data has groups none"),
    "wrong group": (change("ports", "acme-db-data", security_groups=["id-acme-management"]), "acme-db-data has groups acme-management"),
    "other address": (change("ports", "acme-db-data", fixed_ips=[{"ip_address": "10.0.1.77"}]), "has addresses 10.0.1.77"),
    "undeclared port": (more("ports", STRANGER), "undeclared port intruder"),
    "port lost": (fewer("ports", "acme-db-data"), "missing port acme-db-data"),
    "network shared": (change("networks", "acme-app", shared=True), "network acme-app is shared"),
    "network external": (change("networks", "acme-app", **{"router:external": True}), "network acme-app is external"),
    "network without port security": (change("networks", "acme-app", port_security_enabled=False), "have no port security"),
    "shared with everybody": (more("rbac", EVERYBODY), "network acme-app is shared with everybody"),
    "group shared": (more("rbac", LENT_GROUP), "security_group acme-zone-app is shared with project project-globex"),
    "management not lent": (lambda found: replace(found, rbac=()), "not lent to the tenant's project"),
    "DHCP on": (change("subnets", "acme-app-4", enable_dhcp=True), "subnet acme-app-4 has DHCP on"),
    "management default route": (change("subnets", "acme-management", gateway_ip="172.30.0.1"), "subnet acme-management is"),
    "host route": (change("subnets", "acme-app-4", host_routes=[ROUTE]), "subnet acme-app-4 is"),
    "stranger's router": (more("ports", leg("r", NET, "10.0.0.9")), "router r has an undeclared leg on network acme-app"),
    "edge router elsewhere": (
        more("ports", leg("edge-acme", "net-globex-app", "10.0.0.9")),
        "the edge router has a leg on network net-globex-app",
    ),
    "route between tenants": (change("routers", "acme-edge", routes=[ROUTE]), "undeclared route on router acme-edge: 10.9.0.0/24"),
    "route in management": (change("routers", "acme-management", routes=[ROUTE]), "undeclared route on router acme-management"),
    "gateway in management": (change("routers", "acme-management", external_gateway_info={"network_id": "public"}), "has a default route"),
    "way back lost": (change("routers", "platform", routes=[]), "no route to 172.30.0.0/28"),
    "floating IP": (more("floating_ips", FLOATING), "undeclared public address 172.24.4.99"),
    "extra card": (
        change("servers", "acme-db", interfaces=["port-acme-db-data", "port-acme-db-management", "x"]),
        "1 undeclared network card(s)",
    ),
    "undeclared server": (more("servers", {"name": "intruder", "interfaces": [], "status": "ACTIVE"}), "undeclared server intruder"),
    "server off": (change("servers", "acme-db", status="SHUTOFF"), "acme-db is SHUTOFF"),
    "plain volume": (more("volumes", {"name": "loot", "volume_type": "plain", "encrypted": False}), "volume loot is stored in the clear"),
    "volume retyped": (change("volumes", "acme-db-db", volume_type="plain", encrypted=False), "is of type plain, declared encrypted"),
    "encryption taken off the type": (lambda found: replace(found, encrypted_types=frozenset()), "stored in the clear"),
    "labels lost": (change("networks", "acme-app", tags=[]), "acme-app lacks"),
}


def judged(found: View) -> list[str]:
    """Return what is wrong."""
    outcomes = list(cloud_compare.compare(WORLD, ACME, found))
    assert len(outcomes) == 11
    return [outcome.reason for outcome in outcomes if outcome.verdict is not Verdict.PASS]


@pytest.mark.parametrize("tenant", WORLD.tenants, ids=lambda tenant: tenant.name)
def test_declared_cloud_passes(tenant: TenantWorld) -> None:
    """A cloud that is as declared passes every subject."""
    outcomes = list(cloud_compare.compare(WORLD, tenant, view(WORLD, tenant)))
    assert [(outcome.check, outcome.reason) for outcome in outcomes if outcome.verdict is not Verdict.PASS] == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken_cloud_is_named(name: str) -> None:
    """Every way to break the cloud is found, and the reason names it."""
    act, says = BROKEN[name]
    assert any(says in reason for reason in judged(act(view(WORLD, ACME)))), judged(act(view(WORLD, ACME)))
