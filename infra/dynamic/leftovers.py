"""What is still in a project when everything that was declared is gone: half-made volumes, their keys, ports of a crash.

The resource does nothing while the tenant lives. It is deleted after all that was declared and before the deployer's credential, and
removes the rest with that credential: so ``pulumi destroy`` leaves nothing of the tenant in any service, keys in Barbican included.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, Resource

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import Credential, deployer
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openstack.connection import Connection

WAIT_SECONDS = 120
POLL_SECONDS = 2.0


def servers(cloud: Connection, _project: str) -> Iterator[Callable[[], object]]:
    """Servers; their volumes become free when they are gone."""
    for server in cloud.compute.servers():
        yield lambda server=server: cloud.compute.delete_server(server, ignore_missing=True)  # type: ignore[misc]


def storage(cloud: Connection, _project: str) -> Iterator[Callable[[], object]]:
    """Backups and snapshots before the volumes that they come from; a volume takes its key with it."""
    blocks = cloud.block_storage
    for backup in blocks.backups():
        yield lambda backup=backup: blocks.delete_backup(backup, ignore_missing=True)  # type: ignore[misc]
    for snapshot in blocks.snapshots():
        yield lambda snapshot=snapshot: blocks.delete_snapshot(snapshot, ignore_missing=True)  # type: ignore[misc]
    for volume in blocks.volumes():
        if volume.status != "deleting":
            yield lambda volume=volume: blocks.delete_volume(volume, ignore_missing=True)  # type: ignore[misc]


def network(cloud: Connection, project: str) -> Iterator[Callable[[], object]]:
    """Whatever the project still owns in Neutron, users before what they use."""
    neutron = cloud.network
    for address in neutron.ips(project_id=project):
        yield lambda address=address: neutron.delete_ip(address, ignore_missing=True)  # type: ignore[misc]
    for port in neutron.ports(project_id=project):
        yield lambda port=port: neutron.delete_port(port, ignore_missing=True)  # type: ignore[misc]
    for net in neutron.networks(project_id=project):
        yield lambda net=net: neutron.delete_network(net, ignore_missing=True)  # type: ignore[misc]
    for group in neutron.security_groups(project_id=project):
        if group.name != "default":
            yield lambda group=group: neutron.delete_security_group(group, ignore_missing=True)  # type: ignore[misc]


def keys(cloud: Connection, _project: str) -> Iterator[Callable[[], object]]:
    """Secrets that a failed volume creation left behind, and the orders that Cinder made them with."""
    barbican = cloud.key_manager
    for order in barbican.orders():
        yield lambda order=order: barbican.delete_order(order, ignore_missing=True)  # type: ignore[misc]
    for secret in barbican.secrets():
        yield lambda secret=secret: barbican.delete_secret(secret, ignore_missing=True)  # type: ignore[misc]


STAGES = (servers, storage, network, keys)
"""In the order in which things let go of each other."""


def remove(cloud: Connection, project: str) -> None:
    """Remove everything stage by stage; go on to the next stage when one is empty.

    Nova, Cinder and Barbican answer for the project of the credential, so that must be this one.

    Raises :class:`CloudError` when it is not, or when something does not go away in time.
    """
    if cloud.current_project_id != project:
        raise CloudError.of("the credential is for another project", expected=project, got=str(cloud.current_project_id))
    for stage in STAGES:
        deadline = time.monotonic() + WAIT_SECONDS
        while actions := list(stage(cloud, project)):
            for action in actions:
                action()
            if time.monotonic() > deadline:
                raise CloudError.of(
                    f"{len(actions)} {stage.__name__} of the project do not go away",
                    where=project,
                    expected=f"an empty project after {WAIT_SECONDS} s",
                    hint="look at them with `openstack --os-cloud ...`, then run pulumi destroy again",
                )
            time.sleep(POLL_SECONDS)


class LeftoversLifecycle(Lifecycle):
    """Nothing until the tenant is destroyed; then the sweep."""

    identity: ClassVar[tuple[str, ...]] = ("project_id",)
    content: ClassVar[tuple[str, ...]] = ("credential",)

    def create(self, props: Props) -> CreateResult:
        """Remember whose leftovers and with which credential."""
        return CreateResult(required(props, "project_id", "leftovers"), dict(props))

    def delete(self, _id: str, _props: Props) -> None:
        """Remove whatever the project still holds."""
        remove(deployer(Credential.of(_props["credential"])), _id)


class Leftovers(Resource, module="ringfence", name="Leftovers"):
    """When the tenant goes, nothing of it stays in its project."""

    project_id: Output[str]

    def __init__(self, name: str, project_id: Input[str], credential: Output[dict[str, str]], opts: ResourceOptions | None = None) -> None:
        """Declare it before everything that is made with ``credential``, so that it is deleted after all of that."""
        marked = ResourceOptions(additional_secret_outputs=["credential"])
        props = {"project_id": project_id, "credential": credential}
        super().__init__(LeftoversLifecycle(), name, props, ResourceOptions.merge(opts, marked))
