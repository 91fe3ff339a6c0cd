"""What a crash may leave of a tenant that is not the tenant's own and no stack knows: of its ring fence, and its identities.

Made right after the tenant's project and before both, so it is deleted after both and just before the project. A project whose answer was
lost is not looked for: one of that name may be a tenant's whose state was lost, with all that it has.
See ``infra.dynamic.leftovers`` for the same inside the tenant's project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlsplit

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import admin, delete
from infra.neutron.owners import is_router_interface

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from openstack.connection import Connection
    from openstack.network.v2._proxy import Proxy
    from openstack.network.v2.subnet import Subnet


def remove(tenant: str, names: Collection[str], known: Collection[str]) -> None:
    """Remove what is not ``known`` by its id and has one of the ``names``. ``tenant`` is the id of the tenant's project."""
    cloud = admin()
    remove_routers(cloud, tenant, names, known)
    remove_networks(cloud, names, known)
    remove_identities(cloud, tenant, names, known)


def remove_routers(cloud: Connection, tenant: str, names: Collection[str], known: Collection[str]) -> None:
    """Take back what the platform lends to the tenant, and remove routers with their legs; only the admin's project's."""
    neutron, project = cloud.network, cloud.current_project_id
    for policy in neutron.rbac_policies(project_id=project, target_project_id=tenant):
        if policy.id not in known:
            neutron.delete_rbac_policy(policy, ignore_missing=True)
    for router in neutron.routers(project_id=project):
        if router.name in names and router.id not in known:
            for port in filter(lambda port: is_router_interface(port.device_owner), neutron.ports(device_id=router.id)):
                neutron.put(f"/routers/{router.id}/remove_router_interface", json={"port_id": port.id}, raise_exc=True)
            neutron.delete_router(router, ignore_missing=True)


def remove_networks(cloud: Connection, names: Collection[str], known: Collection[str]) -> None:
    """Remove ports, then subnets and the routes of those that stay, then networks; only the admin's project's."""
    neutron, project = cloud.network, cloud.current_project_id
    for port in neutron.ports(project_id=project):
        if port.name in names and port.id not in known:
            neutron.delete_port(port, ignore_missing=True)
    for subnet in neutron.subnets(project_id=project):
        if subnet.name in names and subnet.id not in known:
            neutron.delete_subnet(subnet, ignore_missing=True)
        elif subnet.name in names:
            remove_routes(neutron, subnet, known)
    for network in neutron.networks(project_id=project):
        if network.name in names and network.id not in known:
            neutron.delete_network(network, ignore_missing=True)


def remove_routes(neutron: Proxy, subnet: Subnet, known: Collection[str]) -> None:
    """Remove the subnet's routes that are not known: the provider refuses to add one that is there."""
    kept = [route for route in subnet.host_routes if route_id(subnet.id, route) in known]
    if kept != subnet.host_routes:
        neutron.update_subnet(subnet, host_routes=kept)


def route_id(subnet: str, route: Mapping[str, str]) -> str:
    """Return the id of a subnet's route, as the provider makes it up (``openstack_networking_subnet_route_v2``)."""
    return f"{subnet}-route-{route['destination']}-{route['nexthop']}"


def remove_identities(cloud: Connection, tenant: str, names: Collection[str], known: Collection[str]) -> None:
    """Remove the users of the tenant's project, and the application credentials of those that are known: Keystone refuses a second one."""
    for name in names:
        for user in found(cloud, f"/users?name={quote(name)}"):
            if user.get("default_project_id") != tenant:
                continue
            path = f"/users/{user['id']}"
            if user["id"] not in known:
                delete(cloud.identity, path)
                continue
            for credential in found(cloud, f"{path}/application_credentials"):
                if credential["id"] not in known:
                    delete(cloud.identity, f"{path}/application_credentials/{credential['id']}")


def found(cloud: Connection, path: str) -> list[dict[str, str]]:
    """Return a collection of Keystone's; what it lists goes by the last word of the path."""
    rows: dict[str, list[dict[str, str]]] = cloud.identity.get(path, raise_exc=True).json()
    return rows[urlsplit(path).path.rpartition("/")[2]]


class RingFenceRemainsLifecycle(Lifecycle):
    """Nothing while all goes well; ``recover`` is ``None``, or the ids that the stack has when the run before broke off."""

    identity: ClassVar[tuple[str, ...]] = ("project_id",)
    content: ClassVar[tuple[str, ...]] = ("names",)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """A recovery is a change; its end is none."""
        by_properties = super().diff(_id, _olds, _news)
        changes = bool(by_properties.changes or _news.get("recover") is not None)
        return DiffResult(changes=changes, replaces=by_properties.replaces, delete_before_replace=True)

    def create(self, props: Props) -> CreateResult:
        """Remember the names; sweep after a run that broke off."""
        if props.get("recover") is not None:
            remove(required(props, "project_id", "ring fence"), props["names"], props["recover"])
        return CreateResult(required(props, "project_id", "ring fence"), dict(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Sweep, or take over other names."""
        return UpdateResult(self.create(_news).outs)

    def delete(self, _id: str, _props: Props) -> None:
        """Remove what still has one of the names: all that was declared is gone by now."""
        remove(_id, _props["names"], ())


class RingFenceRemains(Resource, module="ringfence", name="RingFenceRemains"):
    """Nothing of a tenant's ring fence stays in the platform's project, and none of its identities."""

    project_id: Output[str]

    def __init__(
        self, name: str, project_id: Input[str], names: list[str], recover: list[str] | None, opts: ResourceOptions | None = None
    ) -> None:
        """Declare it before the ring fence and the identities that have these names."""
        super().__init__(RingFenceRemainsLifecycle(), name, {"project_id": project_id, "names": names, "recover": recover}, opts)
