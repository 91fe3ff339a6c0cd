"""One virtual machine as Nova sees it: booted from its encrypted root volume, plugged into ports that exist already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import Input, ResourceOptions

from infra.render.nftables import server_access

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.declaration.model import Platform

INSTANCE = "openstack:compute/instance:Instance"


@dataclass(frozen=True, slots=True)
class InstanceArgs:
    """What Nova is told. ``ports`` are in the order of the guest's NICs; ``metadata`` reaches the guest on its config drive."""

    name: str
    flavor: str
    key_pair: Input[str]
    root_volume: openstack.blockstorage.Volume
    ports: Sequence[openstack.networking.Port]
    metadata: Mapping[str, Input[str]]


def first_boot(role: str, platform: Platform, management: openstack.networking.Port) -> dict[str, Input[str]]:
    """Return what a server's first boot makes its base policy of: who may open SSH, and by which NIC."""
    access = server_access(platform)
    return {
        "ringfence_role": role,
        "ringfence_management_mac": management.mac_address,
        "ringfence_ssh_from": ",".join(map(str, access.ssh_from)),
        "ringfence_ssh_port": str(access.ssh_port),
    }


def instance(args: InstanceArgs, opts: ResourceOptions) -> openstack.compute.Instance:
    """Declare the machine. Security groups are the ports' business, never the machine's; there is no user data.

    It is replaced with its root volume and its ports: otherwise the engine would delete a volume from under a running machine.
    """
    return openstack.compute.Instance(
        args.name,
        name=args.name,
        flavor_name=args.flavor,
        key_pair=args.key_pair,
        config_drive=True,
        block_devices=[
            openstack.compute.InstanceBlockDeviceArgs(
                uuid=args.root_volume.id,
                source_type="volume",
                destination_type="volume",
                boot_index=0,
                delete_on_termination=False,
            )
        ],
        networks=[openstack.compute.InstanceNetworkArgs(port=port.id) for port in args.ports],
        metadata=args.metadata,
        opts=ResourceOptions.merge(opts, ResourceOptions(replace_with=[args.root_volume, *args.ports])),
    )
