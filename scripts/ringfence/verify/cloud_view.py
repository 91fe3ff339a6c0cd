"""What the cloud has of a tenant, as its APIs say it: read as the operator's admin, judged elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError

if TYPE_CHECKING:
    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from ringfence.verify.world import TenantWorld, World

Json = dict[str, Any]
Rows = tuple[Json, ...]
COMPUTE_VERSION = "2.90"
HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class View:
    """Rows as the APIs return them. ``ports`` are all ports on the tenant's networks and all ports of its project, whoever made them."""

    networks: Rows
    subnets: Rows
    ports: Rows
    routers: Rows
    groups: Rows
    address_groups: Rows
    rbac: Rows
    floating_ips: Rows
    servers: Rows
    volumes: Rows
    encrypted_types: frozenset[str]

    def router(self, router_id: str) -> Json:
        """Return a router's row, an empty one when it is not there."""
        return next((row for row in self.routers if row["id"] == router_id), {})


def collect(cloud: Connection, world: World, tenant: TenantWorld) -> View:
    """Ask all services at the same time. Raises :class:`CloudError` when one does not answer."""
    facts, project = tenant.facts, tenant.facts["project_id"]
    own = [zone["network_id"] for zone in facts["zones"].values()] + [facts["management"]["network_id"]]
    network, compute, storage = cloud.network, cloud.compute, cloud.block_storage
    with ThreadPoolExecutor(8) as pool:
        asked = {
            "networks": pool.submit(_rows, network, "/networks", "networks"),
            "subnets": pool.submit(_rows, network, "/subnets", "subnets"),
            "ports": pool.submit(_rows, network, "/ports", "ports"),
            "routers": pool.submit(_rows, network, "/routers", "routers"),
            "groups": pool.submit(_rows, network, "/security-groups", "security_groups", project_id=project),
            "address_groups": pool.submit(_rows, network, "/address-groups", "address_groups"),
            "rbac": pool.submit(_rows, network, "/rbac-policies", "rbac_policies"),
            "floating_ips": pool.submit(_rows, network, "/floatingips", "floatingips"),
            "servers": pool.submit(_rows, compute, "/servers/detail", "servers", all_tenants=1, project_id=project),
            "volumes": pool.submit(_rows, storage, "/volumes/detail", "volumes", all_tenants=1, project_id=project),
        }
        types = pool.submit(_encrypted_types, storage)
    found = {name: future.result() for name, future in asked.items()}
    ports = tuple(row for row in found["ports"] if row["network_id"] in own or row["project_id"] == project or _is_leg(row, world, tenant))
    port_ids = {row["id"] for row in ports}
    groups = {row["id"] for row in found["groups"]}
    # An address group that is shared with everybody is listed for everybody; only rows of this project's objects matter here.
    address_groups = tuple(row for row in found["address_groups"] if row["project_id"] == project)
    objects = {*own, *groups, *(row["id"] for row in address_groups)}
    objects |= {row["id"] for row in found["networks"] if row["project_id"] == project}
    return View(
        networks=tuple(row for row in found["networks"] if row["id"] in own or row["project_id"] == project),
        subnets=tuple(row for row in found["subnets"] if row["network_id"] in own or row["project_id"] == project),
        ports=ports,
        routers=found["routers"],
        groups=found["groups"],
        address_groups=address_groups,
        rbac=tuple(row for row in found["rbac"] if row["object_id"] in objects),
        floating_ips=tuple(row for row in found["floating_ips"] if row["project_id"] == project or row["port_id"] in port_ids),
        servers=tuple({**row, "interfaces": _interfaces(compute, row["id"])} for row in found["servers"]),
        volumes=found["volumes"],
        encrypted_types=types.result(),
    )


def _is_leg(row: Json, world: World, tenant: TenantWorld) -> bool:
    routers = {tenant.facts["edge_router_id"], tenant.facts["management"]["router_id"], world.platform_facts["router_id"]}
    return row["device_id"] in routers


def _get(service: Proxy, path: str, **params: Any) -> Json:  # noqa: ANN401 - query parameters
    versions = {"compute": COMPUTE_VERSION, "block-storage": "3.64", "volume": "3.64", "volumev3": "3.64"}
    answer = service.get(path, params=params, microversion=versions.get(str(service.service_type)))
    if answer.status_code != HTTP_OK:
        raise CloudError.of("the API refused to list", where=path, expected="200", got=f"{answer.status_code} {answer.text[:200]}")
    body: Json = answer.json()
    return body


def _rows(service: Proxy, path: str, key: str, **params: Any) -> Rows:  # noqa: ANN401 - query parameters
    """Return all rows of a listing, page by page."""
    rows: list[Json] = []
    marker: Json = {}
    while True:
        body = _get(service, path, **params, **marker)
        rows += body[key]
        if not body[key] or not body.get(f"{key}_links"):
            return tuple(rows)
        marker = {"marker": body[key][-1]["id"]}


def _interfaces(compute: Proxy, server: str) -> list[str]:
    """Return the ids of the ports that a server has."""
    return [row["port_id"] for row in _get(compute, f"/servers/{server}/os-interface")["interfaceAttachments"]]


def _encrypted_types(storage: Proxy) -> frozenset[str]:
    """Return the names of the volume types that encrypt."""
    types = _get(storage, "/types", is_public="None")["volume_types"]
    return frozenset(row["name"] for row in types if _get(storage, f"/types/{row['id']}/encryption").get("cipher"))
