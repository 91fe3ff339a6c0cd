"""What is in a project and was not declared: half-made volumes, their keys, ports and rules of a crash.

Two moments call for it. *Recovery*: the run before broke off, and the cloud may have made things whose answer never arrived; they hold
addresses and quota, so they are removed before everything is made that the stack does not have. *The end*: the resource is deleted
after all that was declared and before the deployer's credential, and removes the rest with that credential: so ``pulumi destroy``
leaves nothing of the tenant in any service, keys in Barbican included.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import Credential, delete, deployer
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openstack.connection import Connection

WAIT_SECONDS = 120
POLL_SECONDS = 2.0
IN_USE = "in-use"
"""The status of a volume that is at a server (api-ref: volumes, ``status``)."""
SETTLED = frozenset({"available", "error", "error_restoring", "error_extending", "error_managing"})
"""Statuses in which Cinder deletes a volume (api-ref: "Delete a volume", preconditions)."""
SETTLED_BACKUPS = frozenset({"available", "error"})
"""Statuses in which Cinder deletes a backup."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a project, and how to remove it."""

    id: str
    name: str
    delete: Callable[[], object]


def servers(cloud: Connection, _project: str) -> Iterator[Item]:
    """Servers; their volumes become free when they are gone."""
    for server in cloud.compute.servers():
        yield Item(server.id, server.name, partial(cloud.compute.delete_server, server, ignore_missing=True))


def attachments(cloud: Connection, _project: str) -> Iterator[Item]:
    """Data volumes at servers, with the provider's id (``openstack_compute_volume_attach_v2``); a root volume cannot be taken."""
    for server in cloud.compute.servers():
        for attachment in cloud.compute.volume_attachments(server):
            volume = cloud.block_storage.get_volume(attachment.volume_id)
            if not volume.is_bootable:
                yield Item(
                    f"{server.id}/{attachment.volume_id}",
                    server.name,
                    partial(detach, cloud, server.id, attachment.volume_id, volume.status),
                )


def detach(cloud: Connection, server: str, volume: str, status: str) -> None:
    """Take a volume from its server, once: Nova refuses it for a volume that is being taken."""
    if status == IN_USE:
        cloud.compute.delete_volume_attachment(server, volume, ignore_missing=True)


def key_pairs(cloud: Connection, _project: str) -> Iterator[Item]:
    """The deployer's key pairs, which go by their names."""
    for pair in cloud.compute.keypairs():
        yield Item(pair.name, pair.name, partial(cloud.compute.delete_keypair, pair.name, ignore_missing=True))


def storage(cloud: Connection, _project: str) -> Iterator[Item]:
    """Backups and snapshots before the volumes that they come from; a volume takes its key with it."""
    blocks = cloud.block_storage
    for backup in blocks.backups():
        yield Item(
            backup.id, backup.name, partial(delete_backup, cloud, backup.id, backup.status, is_leaf=not backup.has_dependent_backups)
        )
    for snapshot in blocks.snapshots():
        yield Item(snapshot.id, snapshot.name, partial(blocks.delete_snapshot, snapshot.id, ignore_missing=True))
    for volume in blocks.volumes():
        if volume.status != "deleting":
            yield Item(volume.id, volume.name, partial(delete_volume, cloud, volume.id, volume.status))


def delete_backup(cloud: Connection, backup: str, status: str, *, is_leaf: bool) -> None:
    """Delete a backup that has settled and that no increment stands upon: Cinder refuses every other one, which a later round takes."""
    if is_leaf and status in SETTLED_BACKUPS:
        cloud.block_storage.delete_backup(backup, ignore_missing=True)


def delete_volume(cloud: Connection, volume: str, status: str) -> None:
    """Delete a volume that has settled: Cinder refuses it for one that is still being made, attached or taken from a server."""
    if status in SETTLED:
        cloud.block_storage.delete_volume(volume, ignore_missing=True)


def network(cloud: Connection, project: str) -> Iterator[Item]:
    """Whatever the project still owns in Neutron, users before what they use.

    What has no name of its own goes by the name of what it belongs to, an address by its port's, a rule by its group's: Neutron would
    refuse to make either a second time.
    """
    neutron = cloud.network
    ports = list(neutron.ports(project_id=project))
    named = {port.id: port.name for port in ports}
    for address in neutron.ips(project_id=project):
        yield Item(address.id, named.get(address.port_id, ""), partial(neutron.delete_ip, address, ignore_missing=True))
    for port in ports:
        yield Item(port.id, port.name, partial(neutron.delete_port, port, ignore_missing=True))
    for subnet in neutron.subnets(project_id=project):
        yield Item(subnet.id, subnet.name, partial(neutron.delete_subnet, subnet, ignore_missing=True))
    for net in neutron.networks(project_id=project):
        yield Item(net.id, net.name, partial(neutron.delete_network, net, ignore_missing=True))
    groups = {group.id: group for group in neutron.security_groups(project_id=project) if group.name != "default"}
    for rule in neutron.security_group_rules(project_id=project):
        if rule.security_group_id in groups:
            group = groups[rule.security_group_id]
            yield Item(rule.id, group.name, partial(neutron.delete_security_group_rule, rule, ignore_missing=True))
    for group in groups.values():
        yield Item(group.id, group.name, partial(neutron.delete_security_group, group, ignore_missing=True))
    for addresses in neutron.address_groups(project_id=project):
        yield Item(addresses.id, addresses.name, partial(neutron.delete_address_group, addresses, ignore_missing=True))


def keys(cloud: Connection, _project: str) -> Iterator[Item]:
    """Secrets that a failed volume creation left behind, and the orders that Cinder made them with.

    By plain requests: openstacksdk 4 takes a secret's whole address for its id when it deletes it, and the 404 of that for success.
    """
    for kind in ("orders", "secrets"):
        for row in cloud.key_manager.get(f"/{kind}", params={"limit": 100}, raise_exc=True).json()[kind]:
            name = str(row[f"{kind.removesuffix('s')}_ref"]).rpartition("/")[2]
            yield Item(name, "", partial(delete, cloud.key_manager, f"/{kind}/{name}"))


STAGES = (servers, attachments, key_pairs, storage, network, keys)
"""In the order in which things let go of each other."""


def nothing(_item: Item) -> bool:
    """Spare nothing."""
    return False


def remove(cloud: Connection, project: str, spare: Callable[[Item], bool] = nothing) -> None:
    """Remove everything but what is spared, stage by stage; go on to the next stage when one is empty.

    Nova, Cinder and Barbican answer for the project of the credential, so that must be this one.

    Raises :class:`CloudError` when it is not, or when something does not go away in time.
    """
    if cloud.current_project_id != project:
        raise CloudError.of("the credential is for another project", expected=project, got=str(cloud.current_project_id))
    for stage in STAGES:
        deadline = time.monotonic() + WAIT_SECONDS
        while found := [item for item in stage(cloud, project) if not spare(item)]:
            for item in found:
                item.delete()
            if time.monotonic() > deadline:
                raise CloudError.of(
                    f"{len(found)} {stage.__name__} of the project do not go away",
                    where=project,
                    expected=f"an empty project after {WAIT_SECONDS} s",
                    hint="look at them with `openstack --os-cloud ...`, then run the same command again",
                )
            time.sleep(POLL_SECONDS)


def is_spared(props: Props, item: Item) -> bool:
    """Spare, in a recovery, what the stack knows and whatever does not have one of its names."""
    return item.id in props["recover"] or not item.name.startswith(f"{props['tenant']}-")


class LeftoversLifecycle(Lifecycle):
    """Nothing while all goes well; a sweep of what is unknown after a run that broke off, and of everything at the end.

    ``recover`` is ``None``, or the ids that the stack has when the run before broke off.
    """

    identity: ClassVar[tuple[str, ...]] = ("project_id",)
    content: ClassVar[tuple[str, ...]] = ("credential",)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """A recovery is a change; its end is none."""
        by_properties = super().diff(_id, _olds, _news)
        changes = bool(by_properties.changes or _news.get("recover") is not None)
        return DiffResult(changes=changes, replaces=by_properties.replaces, delete_before_replace=True)

    def create(self, props: Props) -> CreateResult:
        """Remember whose leftovers and with which credential; sweep after a run that broke off."""
        project = required(props, "project_id", "leftovers")
        if props.get("recover") is not None:
            remove(deployer(Credential.of(props["credential"])), project, partial(is_spared, props))
        return CreateResult(project, dict(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Sweep, or take over a new credential."""
        return UpdateResult(self.create(_news).outs)

    def delete(self, _id: str, _props: Props) -> None:
        """Remove whatever the project still holds."""
        remove(deployer(Credential.of(_props["credential"])), _id)


@dataclass(frozen=True, slots=True)
class LeftoversArgs:
    """Whose project, by which name its things begin, with which credential, and what is known after a run that broke off."""

    project_id: Input[str]
    tenant: str
    credential: Output[dict[str, str]]
    recover: list[str] | None


class Leftovers(Resource, module="ringfence", name="Leftovers"):
    """Nothing that was not declared stays in the project: not after a crash, and not when the tenant goes."""

    project_id: Output[str]

    def __init__(self, name: str, args: LeftoversArgs, opts: ResourceOptions | None = None) -> None:
        """Declare it before everything that is made with the credential, so that it is deleted after all of that."""
        marked = ResourceOptions(additional_secret_outputs=["credential"])
        props = {field: getattr(args, field) for field in LeftoversArgs.__slots__}
        super().__init__(LeftoversLifecycle(), name, props, ResourceOptions.merge(opts, marked))
