"""How much projects have and may have, how large flavors are, how many routes routers hold, how old servers are: as the cloud's admin."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from infra.dynamic.clouds import admin
from infra.dynamic.limits import quota_api
from infra.neutron.quotas.room import Flavor, Gauge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.neutron.quotas.room import Room

DETAILS = {"network": "/details", "compute": "/detail", "volume": "?usage=True"}
"""What each service's quota API wants behind the path, to tell what is used."""


def room(project_id: str) -> Room:
    """Return the gauges of a project. What a service keeps without a usage (an id, or names) is no gauge."""
    found: dict[str, dict[str, Gauge]] = {}
    for service, details in DETAILS.items():
        api = quota_api(service, project_id)
        rows: dict[str, Any] = api.client.get(f"{api.path}{details}", raise_exc=True).json()[api.key]
        found[service] = {name: gauge(row) for name, row in rows.items() if isinstance(row, dict)}
    return found


def made(server_id: str) -> datetime:
    """Return when the cloud made a server."""
    row = admin().compute.get(f"/servers/{server_id}", raise_exc=True).json()["server"]
    moment = datetime.fromisoformat(row["created"])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def own_project() -> str:
    """Return the id of the admin's project, which is the platform's."""
    return str(admin().current_project_id)


def gauge(row: Mapping[str, int]) -> Gauge:
    """Return a gauge: what is reserved is as good as used; Neutron and the other services have different words."""
    used = row["used"] if "used" in row else row["in_use"]
    return Gauge(int(used) + int(row.get("reserved", 0)), int(row["limit"]))


def usual_room(any_project_id: str) -> Room:
    """Return the gauges of a project that is not there yet: Nova's defaults. The stack sets the limits of the rest itself."""
    api = quota_api("compute", any_project_id)
    rows = api.client.get(f"{api.path}/{api.usual}", raise_exc=True).json()[api.key]
    return {"compute": {name: Gauge(0, int(rows[name])) for name in ("cores", "ram") if name in rows}}


def flavors() -> dict[str, Flavor]:
    """Return all flavors by name, those that are not public too."""
    rows = admin().compute.get("/flavors/detail?is_public=None", raise_exc=True).json()["flavors"]
    return {row["name"]: Flavor(int(row["vcpus"]), int(row["ram"])) for row in rows}


def tenants_routes(router_ids: Iterable[str], pool: str) -> dict[str, int]:
    """Return by name how many routes to tenants each router has; the one to all of the pool leads to the next router."""
    whole, found = ip_network(pool), {}
    for router_id in router_ids:
        router = admin().network.find_router(router_id, ignore_missing=True)
        if router is not None:
            found[str(router.name)] = sum(1 for route in router.routes or () if ip_network(route["destination"]) != whole)
    return found
