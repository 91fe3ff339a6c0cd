"""Volume types of the platform, really encrypted, and the volumes of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.components.guard import Guarded
from infra.declaration import names
from infra.dynamic.volume_encryption import VolumeEncryption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.components.guard import ReplacementGuard
    from infra.declaration.model import Server, VolumeType

VOLUME = "openstack:blockstorage/volume:Volume"


class VolumeTypes(ComponentResource):
    """The platform's volume types; ``ids`` by name, each known only once its encryption is in force."""

    ids: dict[str, Output[str]]

    def __init__(self, name: str, types: Mapping[str, VolumeType], opts: ResourceOptions) -> None:
        """Declare all types."""
        super().__init__("ringfence:platform:VolumeTypes", name, None, opts)
        self.ids = {kind: self._declare(kind, entry) for kind, entry in types.items()}
        self.register_outputs({"ids": self.ids})

    def _declare(self, name: str, entry: VolumeType) -> Output[str]:
        child = ResourceOptions(parent=self)
        kind = openstack.blockstorage.VolumeTypeV3(name, name=name, is_public=True, extra_specs=entry.extra_specs, opts=child)
        if entry.encryption is None:
            return kind.id
        return VolumeEncryption(name, kind.id, entry.encryption, opts=child).type_id


@dataclass(frozen=True, slots=True)
class VolumesArgs:
    """A server's disks: whose, how large, of which type, from which image."""

    owner: str
    server: str
    entry: Server
    volume_type: str
    image_id: Input[str]
    labels: dict[str, str]
    guard: ReplacementGuard


class Volumes(ComponentResource):
    """The root volume, made from the image, and the data volumes of one server, each with a key of its own.

    The root volume comes first: the server waits for that one only, and is built while the cloud encrypts the others.
    """

    root: openstack.blockstorage.Volume
    data: dict[str, openstack.blockstorage.Volume]

    def __init__(self, name: str, args: VolumesArgs, opts: ResourceOptions) -> None:
        """Declare the volumes.

        A new image does not touch a server that exists: the image of its root volume counts at creation only.
        """
        super().__init__("ringfence:tenant:Volumes", name, None, opts)
        self._args = args
        keep = [] if args.guard.allows(args.server) else ["imageId"]
        root = names.root_volume(args.owner, args.server)
        self.root = self._volume(root, args.entry.root, args.image_id, ResourceOptions(ignore_changes=keep))
        self.data = {
            disk: self._volume(names.data_volume(args.owner, args.server, disk), entry.size, None, ResourceOptions(depends_on=[self.root]))
            for disk, entry in args.entry.data.items()
        }
        self.register_outputs({"root": self.root.id, "data": {disk: volume.id for disk, volume in self.data.items()}})

    def _volume(self, name: str, size: int, image_id: Input[str] | None, opts: ResourceOptions) -> openstack.blockstorage.Volume:
        options = ResourceOptions.merge(self._args.guard.protected(Guarded(VOLUME, name, self._args.server)), opts)
        return openstack.blockstorage.Volume(
            name,
            name=name,
            size=size,
            volume_type=self._args.volume_type,
            image_id=image_id,
            enable_online_resize=True,
            metadata=self._args.labels,
            opts=ResourceOptions.merge(ResourceOptions(parent=self), options),
        )
