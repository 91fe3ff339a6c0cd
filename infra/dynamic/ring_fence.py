"""What a crash may leave of a tenant's ring fence in the platform's project: routers, ports and a network that no stack knows.

Made right after the tenant's project and before the ring fence, so it is deleted after the ring fence and just before the project.
See ``infra.dynamic.leftovers`` for the same inside the tenant's project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import admin

if TYPE_CHECKING:
    from collections.abc import Collection


def remove(tenant: str, names: Collection[str], known: Collection[str]) -> None:
    """Remove what is not ``known`` by its id: what is lent to the tenant, and routers, ports and networks with one of the ``names``.

    Only what belongs to the admin's project is looked at. ``tenant`` is the id of the tenant's project.
    """
    cloud = admin()
    neutron, project = cloud.network, cloud.current_project_id
    for policy in neutron.rbac_policies(project_id=project, target_project_id=tenant):
        if policy.id not in known:
            neutron.delete_rbac_policy(policy, ignore_missing=True)
    for router in neutron.routers(project_id=project):
        if router.name in names and router.id not in known:
            for port in neutron.ports(device_id=router.id, device_owner="network:router_interface"):
                neutron.put(f"/routers/{router.id}/remove_router_interface", json={"port_id": port.id}, raise_exc=True)
            neutron.delete_router(router, ignore_missing=True)
    for port in neutron.ports(project_id=project):
        if port.name in names and port.id not in known:
            neutron.delete_port(port, ignore_missing=True)
    for network in neutron.networks(project_id=project):
        if network.name in names and network.id not in known:
            neutron.delete_network(network, ignore_missing=True)


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
    """Nothing of a tenant's ring fence stays in the platform's project."""

    project_id: Output[str]

    def __init__(
        self, name: str, project_id: Input[str], names: list[str], recover: list[str] | None, opts: ResourceOptions | None = None
    ) -> None:
        """Declare it before the ring fence that has these names."""
        super().__init__(RingFenceRemainsLifecycle(), name, {"project_id": project_id, "names": names, "recover": recover}, opts)
