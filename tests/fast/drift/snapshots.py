"""The rows of a cloud as a snapshot of it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.neutron import owners
from infra.neutron import snapshot as model
from infra.neutron.snapshot.store import from_records
from infra.neutron.sources.records import Objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.found import Found, Json

SECTIONS = {"groups": "security_groups", "rbac": "rbac_policies"}
KINDS = ("networks", "subnets", "subnet_pools", "routers", "ports", "groups", "address_groups", "rbac", "floating_ips", "trunks", "servers")
ALIASES = frozenset({"external-net", "binding", "allowed-address-pairs", "port-security", "stateful-security-group", "ext-gw-mode"})
"""Extensions of the cloud of the tests."""
OUTSIDE = model.Subnet(id="public", network_id="public", cidr="172.24.4.0/24", enable_dhcp=False)


def snapshot(found: Found) -> model.Snapshot:
    """Return the snapshot that a cloud of these rows would give."""
    header = model.Header(format=model.FORMAT_VERSION, origin="cloud", driver="ovn")
    return from_records(header, _records(found))


def _records(found: Found) -> Iterator[model.Record]:
    for row in found.projects:
        is_platform = row["name"] == names.PLATFORM
        source = None if is_platform else model.Source(tenant=row["name"])
        role = model.Role.PLATFORM if is_platform else model.Role.TENANT
        yield model.Project(id=row["id"], name=row["name"], role=role, source=source)
    objects = Objects(ALIASES)
    yield OUTSIDE
    for kind in KINDS:
        for row in found.rows(kind):
            yield objects.read(SECTIONS.get(kind, kind), _whole(found, kind, row), "rows")
    # A router of which a test has the interface alone.
    known = {row["id"] for row in found.routers}
    for id_ in sorted({row["device_id"] for row in found.ports if owners.is_routers(row["device_owner"])} - known):
        yield model.Router(id=id_, project_id="stranger")


def _whole(found: Found, kind: str, row: Json) -> Json:
    """Return a row with the subnet of every address, which the tests' rows do without."""
    if kind == "ports":
        return {**row, "fixed_ips": _placed(found, row["network_id"], row["fixed_ips"])}
    if kind == "routers" and row["external_gateway_info"]:
        gateway = row["external_gateway_info"]
        addresses = _placed(found, gateway["network_id"], gateway.get("external_fixed_ips", ()))
        return {**row, "external_gateway_info": {**gateway, "external_fixed_ips": addresses}}
    return row if kind != "subnet_pools" else {"address_scope_id": None, **row}


def _placed(found: Found, network: str, addresses: list[Json]) -> list[Json]:
    own = {row["id"]: ip_network(row["cidr"]) for row in found.subnets if row["network_id"] == network}
    first = next(iter(own), OUTSIDE.id)
    return [
        {**one, "subnet_id": next((id_ for id_, prefix in own.items() if ip_address(one["ip_address"]) in prefix), first)}
        for one in addresses
    ]
