"""A declared cloud and what somebody changes in it, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from infra.declaration import load_tenant
from infra.neutron.snapshot import (
    FloatingIp,
    Port,
    PortForwarding,
    RbacPolicy,
    Route,
    Snapshot,
)
from infra.neutron.sources.declared import declared_snapshot
from tests.fast.declaration.declared import EVERY_SERVICE, shipped_platform

ROOT = Path(__file__).parents[4]
Change = Callable[[Snapshot], Snapshot]


@cache
def declared(*, services: bool = False) -> Snapshot:
    """Return what the declarations of this repository describe, on a platform with every service or none."""
    platform = shipped_platform(EVERY_SERVICE if services else None)
    tenants = [load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=date(2026, 11, 23)) for name in ("acme", "globex")]
    return declared_snapshot(platform, tenants)


def running() -> Snapshot:
    """Return a running cloud that is exactly as declared, under ids of its own."""
    snapshot = declared()
    return msgspec.structs.replace(snapshot, header=msgspec.structs.replace(snapshot.header, origin="cloud"))


def plus(section: str, record: object) -> Change:
    """Add a record."""
    return lambda snapshot: msgspec.structs.replace(snapshot, **{section: (*getattr(snapshot, section), record)})


def other(section: str, name: str, **fields: Any) -> Change:  # noqa: ANN401 - the records' own fields
    """Change a record."""

    def change(snapshot: Snapshot) -> Snapshot:
        rows = getattr(snapshot, section)
        assert any(row.name == name for row in rows)
        new = tuple(msgspec.structs.replace(row, **fields) if row.name == name else row for row in rows)
        return msgspec.structs.replace(snapshot, **{section: new})

    return change


def plus_route(router: str, route: Route) -> Change:
    """Add a route to a router."""

    def change(snapshot: Snapshot) -> Snapshot:
        (found,) = (row for row in snapshot.routers if row.name == router)
        return other("routers", router, routes=(*found.routes, route))(snapshot)

    return change


def minus_route(router: str) -> Change:
    """Take the first route of a router away."""

    def change(snapshot: Snapshot) -> Snapshot:
        (found,) = (row for row in snapshot.routers if row.name == router)
        return other("routers", router, routes=found.routes[1:])(snapshot)

    return change


def router_port(owner: str, network: str, router: str = "strange") -> Port:
    """Return a port of a router."""
    return Port(id="x", network_id=network, project_id="platform", device_owner=owner, device_id=router)


def lent(kind: str, identifier: str, project: str) -> RbacPolicy:
    """Return a policy that lends an object."""
    return RbacPolicy(id="x", object_type=kind, object_id=identifier, action="access_as_shared", target_project=project)


def forwarding(port: str, project: str) -> FloatingIp:
    """Return a public address of a project, one port of which leads to SSH on a port."""
    one = PortForwarding(protocol="tcp", internal_ip_address="10.0.1.12", internal_port_id=port, external_port=2222, internal_port=22)
    return FloatingIp(id="x", floating_network_id="public", floating_ip_address="198.18.0.99", project_id=project, port_forwardings=(one,))
