"""What the cloud has, as its APIs say it: listed once for all tenants, as the operator's admin, page by page. Judged elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from infra.drift.found import Found
from infra.errors import CloudError

if TYPE_CHECKING:
    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.drift.found import Json, Rows

VERSIONS = {"compute": "2.90", "block-storage": "3.64", "volume": "3.64", "volumev3": "3.64"}
PAGE = 1000
HTTP_OK = 200
HTTP_NOT_FOUND = 404


def collect(cloud: Connection) -> Found:
    """Ask all services at the same time. Raises :class:`CloudError` when one does not answer."""
    network = cloud.network
    with ThreadPoolExecutor(8) as pool:
        asked = {
            "ports": pool.submit(listed, network, "/ports", "ports"),
            "groups": pool.submit(listed, network, "/security-groups", "security_groups"),
            "servers": pool.submit(listed, cloud.compute, "/servers/detail", "servers", all_tenants="1"),
            "volumes": pool.submit(listed, cloud.block_storage, "/volumes/detail", "volumes", all_tenants="1"),
            "networks": pool.submit(listed, network, "/networks", "networks"),
            "subnets": pool.submit(listed, network, "/subnets", "subnets"),
            "routers": pool.submit(listed, network, "/routers", "routers"),
            "address_groups": pool.submit(_optional, network, "/address-groups", "address_groups"),
            "subnet_pools": pool.submit(listed, network, "/subnetpools", "subnetpools"),
            "rbac": pool.submit(listed, network, "/rbac-policies", "rbac_policies"),
            "floating_ips": pool.submit(_floating_ips, network),
            "trunks": pool.submit(_optional, network, "/trunks", "trunks"),
            "volume_types": pool.submit(_volume_types, cloud.block_storage),
            "projects": pool.submit(_projects, cloud.identity),
        }
    return Found(**{name: future.result() for name, future in asked.items()})


def _get(service: Proxy, path: str, **params: Any) -> Json:  # noqa: ANN401 - query parameters
    answer = service.get(path, params=params, microversion=VERSIONS.get(str(service.service_type)))
    if answer.status_code != HTTP_OK:
        raise CloudError.of("the API refused to list", where=path, expected="200", got=f"{answer.status_code} {answer.text[:200]}")
    body: Json = answer.json()
    return body


def listed(service: Proxy, path: str, key: str, **params: Any) -> Rows:  # noqa: ANN401 - query parameters
    """Return all rows of a listing, page by page."""
    rows: list[Json] = []
    marker: Json = {"limit": PAGE}
    while True:
        body = _get(service, path, **params, **marker)
        rows += body[key]
        if not body[key] or not (body.get(f"{key}_links") or len(body[key]) >= PAGE):
            return tuple(rows)
        marker["marker"] = body[key][-1]["id"]


def _optional(service: Proxy, path: str, key: str) -> Rows:
    """Return the rows of an extension of the API; a cloud that has not got it answers 404, and has no such objects."""
    if service.get(path, params={"limit": 1}).status_code == HTTP_NOT_FOUND:
        return ()
    return listed(service, path, key)


def _floating_ips(network: Proxy) -> Rows:
    """Return all floating IPs. The list shows a forwarding without its port, so forwardings are read one by one where there are any."""
    found = listed(network, "/floatingips", "floatingips")
    for row in found:
        if row.get("port_forwardings"):
            row["port_forwardings"] = _get(network, f"/floatingips/{row['id']}/port_forwardings")["port_forwardings"]
    return found


def _volume_types(storage: Proxy) -> Rows:
    """Return the volume types with their encryption, an empty one for those that do not encrypt."""
    types = listed(storage, "/types", "volume_types", is_public="None")
    return tuple({**row, "encryption": _get(storage, f"/types/{row['id']}/encryption")} for row in types)


def _projects(identity: Proxy) -> Rows:
    """Return all projects; Keystone does not page."""
    return tuple(_get(identity, "/projects")["projects"])
