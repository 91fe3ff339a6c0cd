"""What a fresh cloud needs before anyone can use it, made through its own APIs: find each thing, make what is missing.

Runs inside the lab with the lab's own openstacksdk: ``python -m labcloud.bootstrap identity|host|resources``. The passwords of the
service users come by a file, never by arguments.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

import openstack
from openstack.exceptions import HttpException

from labcloud import strangers
from labcloud.apis import APIS, SERVICE_USERS
from labcloud.layout import EXTERNAL, EXTERNAL6, EXTERNAL6_GATEWAY, EXTERNAL_GATEWAY, EXTERNAL_POOL, Layout
from labcloud.profiles import USUAL_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openstack.connection import Connection
    from openstack.identity.v3._proxy import Proxy as Identity
    from openstack.identity.v3.service import Service
    from openstack.network.v2._proxy import Proxy as Network

Found = TypeVar("Found")
SERVER_ERROR: Final = 500
PLAIN_TYPE: Final = "plain"
HOST_SECONDS: Final = 300.0


def identity(cloud: Connection, layout: Layout) -> None:
    """Make the service users and the catalog."""
    keystone = cast("Identity", cloud.identity)
    passwords = json.loads(layout.secrets_file.read_text())["services"]
    project = keystone.find_project("service") or keystone.create_project(name="service", domain_id="default")
    roles = {role.name: role for role in keystone.roles()}
    for name in SERVICE_USERS:
        user = keystone.find_user(name) or keystone.create_user(name=name, password=passwords[name], domain_id="default")
        for role in ("admin", "service"):
            keystone.assign_project_role_to_user(project, user, roles[role])
    for api in APIS:
        for entry in api.catalog:
            service = _first(keystone.services(type=entry.type)) or keystone.create_service(type=entry.type, name=entry.name)
            urls = {"internal": layout.internal_url(api.port) + entry.path, "public": layout.public_url(api.port) + entry.path}
            _endpoints(keystone, service, urls, layout.profile.region)
    _operator(keystone, layout)


def resources(cloud: Connection, layout: Layout) -> None:
    """Make flavors, the external network, the unencrypted volume type that Cinder's default names, and what strangers have."""
    profile = layout.profile
    for flavor in profile.flavors:
        if not cloud.compute.find_flavor(flavor.name):
            cloud.compute.create_flavor(name=flavor.name, ram=flavor.memory, vcpus=flavor.processors, disk=flavor.disk)
    _external_network(cloud.network, profile.external_network)
    strangers.make(cloud, profile)
    types = {volume_type.name for volume_type in cloud.block_storage.types()}
    if PLAIN_TYPE not in types:
        cloud.block_storage.create_type(name=PLAIN_TYPE, extra_specs={"volume_backend_name": "rbd"})


def host(cloud: Connection, _layout: Layout) -> None:
    """Wait until this machine can take servers and volumes: its agents have reported since it began, and the keys' service answers."""
    begun = datetime.now(UTC)
    deadline = time.monotonic() + HOST_SECONDS
    while True:
        missing = [name for name, ready in _AGENTS.items() if not answers(ready, cloud, begun)]
        if not missing:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"not up after {HOST_SECONDS:.0f} s: {', '.join(missing)}")
        time.sleep(1.0)


def answers(ready: Callable[[Connection, datetime], bool], cloud: Connection, since: datetime) -> bool:
    """Ask whether an agent is ready. A service that has only just started may say that it cannot reach another one yet: it is not."""
    try:
        return ready(cloud, since)
    except HttpException as error:
        if (error.status_code or 0) < SERVER_ERROR:
            raise
        return False


def has_reported(state: str, updated_at: str | None, since: datetime) -> bool:
    """Whether an agent is up and has said so after ``since``: what an earlier life reported counts for minutes as "up"."""
    if state != "up" or not updated_at:
        return False
    # Both services give UTC without saying so.
    return datetime.fromisoformat(updated_at).replace(tzinfo=UTC) >= since


def _compute_up(cloud: Connection, since: datetime) -> bool:
    """Nova's compute service reports, and its hypervisor is mapped to the cell."""
    up = any(has_reported(row.state, row.updated_at, since) for row in cloud.compute.services(binary="nova-compute"))
    return up and _first(cloud.compute.hypervisors()) is not None


def _volume_up(cloud: Connection, since: datetime) -> bool:
    """Cinder's volume service reports."""
    return any(has_reported(row.state, row.updated_at, since) for row in cloud.block_storage.services(binary="cinder-volume"))


def _keys_up(cloud: Connection, _since: datetime) -> bool:
    """Barbican has answered once: of its first requests, if they come side by side, some find its policies not read yet and get a 500."""
    _first(cloud.key_manager.secrets())
    return True


_AGENTS: Final[dict[str, Callable[[Connection, datetime], bool]]] = {
    "nova-compute": _compute_up,
    "cinder-volume": _volume_up,
    "barbican": _keys_up,
}


def _endpoints(keystone: Identity, service: Service, urls: dict[str, str], region: str) -> None:
    """An address for whoever asks from inside, and one for whoever asks from outside."""
    for interface, url in urls.items():
        if not _first(keystone.endpoints(service_id=service.id, interface=interface)):
            keystone.create_endpoint(service_id=service.id, interface=interface, url=url, region_id=region)


def _operator(keystone: Identity, layout: Layout) -> None:
    """The operator, where it is not the first user: an administrator in a project of another domain."""
    profile = layout.profile
    if profile.domain == USUAL_DOMAIN:
        return
    domain = keystone.find_domain(profile.domain) or keystone.create_domain(name=profile.domain)
    projects = keystone.projects(domain_id=domain.id, name=profile.project)
    project = _first(projects) or keystone.create_project(name=profile.project, domain_id=domain.id)
    password = json.loads(layout.secrets_file.read_text())["administrator"]
    users = keystone.users(domain_id=domain.id, name=profile.operator)
    user = _first(users) or keystone.create_user(name=profile.operator, password=password, domain_id=domain.id)
    keystone.assign_project_role_to_user(project, user, keystone.find_role("admin", ignore_missing=False))


def _external_network(neutron: Network, name: str) -> None:
    """The provider's network with a subnet of each family."""
    network = neutron.find_network(name) or neutron.create_network(
        name=name,
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network="public",
    )
    there = {subnet.name for subnet in neutron.subnets(network_id=network.id)}
    if "public-4" not in there:
        first, last = map(str, EXTERNAL_POOL)
        neutron.create_subnet(
            network_id=network.id,
            name="public-4",
            ip_version=4,
            cidr=str(EXTERNAL),
            gateway_ip=str(EXTERNAL_GATEWAY.ip),
            is_dhcp_enabled=False,
            allocation_pools=[{"start": first, "end": last}],
        )
    if "public-6" not in there:
        neutron.create_subnet(
            network_id=network.id,
            name="public-6",
            ip_version=6,
            cidr=str(EXTERNAL6),
            gateway_ip=str(EXTERNAL6_GATEWAY.ip),
            is_dhcp_enabled=False,
        )


def _first(found: Iterable[Found]) -> Found | None:
    """The first of an iterable, or nothing."""
    return next(iter(found), None)


def main() -> None:
    """Do the named parts."""
    parts = {"identity": identity, "resources": resources, "host": host}
    layout = Layout.load(Path(os.environ["OS_CLIENT_CONFIG_FILE"]).parent)
    cloud = openstack.connect(cloud="lab")
    for name in sys.argv[1:]:
        parts[name](cloud, layout)


if __name__ == "__main__":
    main()
