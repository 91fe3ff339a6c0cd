"""Removes what the script made, by name: from a whole tenant to the half of one whose script was killed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.up.bare.site import keystone
from infra.declaration import names
from infra.dynamic import clouds, default_group, leftovers, ring_fence
from infra.dynamic.limits import ProjectLimitsLifecycle
from infra.dynamic.management_route import change
from infra.errors import CloudError
from ringfence.verify import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openstack.connection import Connection

    Stage = Callable[[Connection, str], Iterator[leftovers.Item]]

ROLE = "admin"
PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 1.0


def remove(tenant: str) -> None:
    """Remove everything of a tenant that the script made, in the order in which things let go of each other.

    The project is made first and goes last, so without it there is nothing. Raises :class:`CloudError` when something does not go.
    """
    with failures.translated(f"removing {tenant}"):
        admin = clouds.admin()
        project = keystone(admin).find_project(names.project(tenant))
        if project is None:
            return
        project_id = str(project.id)
        inside = enter(admin, project_id)
        drain(leftovers.servers, inside, project_id)
        release(inside, project_id)
        unroute(admin, tenant)
        ring_fence.remove(project_id, [names.edge_router(tenant), names.management(tenant), names.backbone_port(tenant)], ())
        for stage in (leftovers.storage, leftovers.network, leftovers.keys):
            drain(stage, inside, project_id)
        forget(admin, inside, tenant, project_id)


def enter(admin: Connection, project_id: str) -> Connection:
    """Return the admin's connection in the tenant's project: Nova, Cinder and Barbican answer for the project of the caller."""
    identity = keystone(admin)
    identity.assign_project_role_to_user(project_id, str(admin.current_user_id), identity.find_role(ROLE, ignore_missing=False))
    return admin.connect_as_project({"id": project_id})


def drain(stage: Stage, inside: Connection, project_id: str) -> None:
    """Remove what a stage finds until it finds nothing.

    Stage by stage and not by ``leftovers.remove``: the key pairs there are those of the caller, who is the operator here.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while found := list(stage(inside, project_id)):
        for item in found:
            item.delete()
        if time.monotonic() > deadline:
            got, expected = ", ".join(item.name for item in found), f"none after {PATIENCE_SECONDS:.0f} s"
            raise CloudError.of(f"{stage.__name__} do not go away", where=project_id, expected=expected, got=got)
        time.sleep(PAUSE_SECONDS)


def release(inside: Connection, project_id: str) -> None:
    """Remove what holds on to routers and networks of the platform: public addresses and ports."""
    for address in inside.network.ips(project_id=project_id):
        inside.network.delete_ip(address)
    for port in inside.network.ports(project_id=project_id):
        inside.network.delete_port(port)


def unroute(admin: Connection, tenant: str) -> None:
    """Take the tenant's route from the platform's router: the one that leads to its port on the backbone."""
    router = admin.network.find_router(names.PLATFORM, ignore_missing=True)
    hops = {fixed["ip_address"] for port in admin.network.ports(name=names.backbone_port(tenant)) for fixed in port.fixed_ips}
    if router is None:
        return
    for route in router.routes or []:
        if route["nexthop"] in hops:
            change({"router_id": router.id, "destination": route["destination"], "next_hop": route["nexthop"]}, "remove")


def forget(admin: Connection, inside: Connection, tenant: str, project_id: str) -> None:
    """Remove what is left of the project: address groups, the key pair, the default group, quotas, users, and itself."""
    for group in inside.network.address_groups(project_id=project_id):
        inside.network.delete_address_group(group)
    admin.network.delete_security_group(default_group.find(project_id)["id"], ignore_missing=True)
    ProjectLimitsLifecycle().delete(project_id, {})
    for name in (names.deployer(tenant), names.reader(tenant)):
        user = keystone(admin).find_user(name)
        if user:
            admin.compute.delete_keypair(names.key_pair(tenant), user_id=user.id)
            keystone(admin).delete_user(user)
    keystone(admin).delete_project(project_id)
