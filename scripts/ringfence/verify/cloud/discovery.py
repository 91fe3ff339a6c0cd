"""What only the cloud knows: addresses of routers, MACs of management NICs, where the API is. Asked once, as the operator's admin."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.errors import CloudError
from ringfence.verify.cloud.view import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.declaration.model import Address
    from infra.outputs import ManagementOutput
    from ringfence.verify.inventory import Inventory

Json = dict[str, Any]
HTTPS = 443
HTTP = 80
AT_ONCE = 50
"""Values of an attribute in one question: their ids make a URL of 2,000 characters."""


def complete(inventory: Inventory, cloud: Connection) -> Inventory:
    """Return the inventory with what the stacks did not export filled in, asked for all tenants together."""
    segments = [str(tenant.facts.management.network_id) for tenant in inventory.tenants]
    ports = chosen(cloud.network, "/ports", "ports", network_id=segments)
    edges = chosen(cloud.network, "/routers", "routers", id=[str(tenant.facts.edge_router_id) for tenant in inventory.tenants])
    macs = {row["id"]: str(row["mac_address"]) for row in ports}
    tenants, outer = [], {}
    for tenant in inventory.tenants:
        own = {name: macs.get(server.management_port_id, "") for name, server in tenant.facts.servers.items()}
        tenants.append(replace(tenant, router=_management_router(ports, tenant.facts.management), macs=own))
        outer[tenant.name] = next((_outer(row) for row in edges if row["id"] == tenant.facts.edge_router_id), None)
    apis, nameless = api(cloud, inventory.platform_facts.external_network_id)
    return replace(
        inventory,
        tenants=tuple(tenants),
        outer={name: address for name, address in outer.items() if address},
        api=tuple(apis),
        nameless=tuple(nameless),
    )


def chosen(service: Proxy, path: str, key: str, **values: list[str]) -> list[Json]:
    """Return the rows that have one of the values of one attribute; a URL holds so many of them at a time."""
    ((name, wanted),) = values.items()
    parts = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    return [row for part in parts for row in listed(service, path, key, **{name: part})]


def _management_router(ports: Iterable[Json], management: ManagementOutput) -> str:
    """Return the address of the management router in its segment."""
    for row in ports:
        if (row["device_id"], row["network_id"]) == (management.router_id, management.network_id):
            for fixed in row["fixed_ips"]:
                return str(fixed["ip_address"])
    raise CloudError.of("the management router has no interface in its segment", where=management.router_id, hint="pulumi up of the tenant")


def _outer(router: Json) -> Address | None:
    """Return the IPv4 address that a router's tenant has outside."""
    gateway = router.get("external_gateway_info") or {}
    addresses = [ip_address(fixed["ip_address"]) for fixed in gateway.get("external_fixed_ips", ())]
    return next((address for address in addresses if address.version == 4), None)  # noqa: PLR2004 - the version of an address


def api(cloud: Connection, external_network_id: str) -> tuple[list[tuple[Address, int]], list[str]]:
    """Return address and port of every API endpoint of the catalogue, and the hosts whose names mean nothing on this machine.

    Names of internal endpoints are often known inside the cloud only; what address they have there cannot be told from here.
    An endpoint on the loopback is out of everybody's reach; where a small cloud has one, its host is often the external network's gateway
    and the API answers there as well, so that is tried instead.
    """
    urls = {endpoint["url"] for service in cloud.service_catalog for endpoint in service["endpoints"]}
    subnets = list(cloud.network.subnets(network_id=external_network_id))
    gateways = [ip_address(subnet.gateway_ip) for subnet in subnets if subnet.gateway_ip]
    places: set[tuple[Address, int]] = set()
    unknown: set[str] = set()
    for url in urls:
        parts = urlsplit(url)
        port = parts.port or (HTTPS if parts.scheme == "https" else HTTP)
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except socket.gaierror:
            unknown.add(str(parts.hostname))
            continue
        for *_, where in found:
            address = ip_address(where[0])
            places.update((one, port) for one in (gateways if address.is_loopback else [address]))
    return sorted(places, key=str), sorted(unknown)
