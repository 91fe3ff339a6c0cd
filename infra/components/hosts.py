"""The platform's own servers on the backbone: the bastion, the only SSH entry point, and the services server, where one is declared.

Each has one port with a declared address, one security group, and encrypted volumes. Where the platform offers services, both get their
whole packet filter over SSH as a tenant's server does: the bastion's first boot knew of none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from infra.components import wiring
from infra.components.backbone import TAGS
from infra.components.guard import Guarded
from infra.components.instance import INSTANCE, InstanceArgs, first_boot, instance
from infra.components.storage import Volumes, VolumesArgs
from infra.declaration import addresses, names
from infra.declaration.model import Disk, Server
from infra.dynamic.guest_policy import GuestPolicy, GuestPolicyArgs
from infra.dynamic.host_key import HostKey
from infra.neutron.quotas.demand import BASTION_ROOT_GIB, SERVICES_ROOT_GIB
from infra.policy.bastion import platform_servers
from infra.render.bastion import properties
from infra.render.nftables import render_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.components.backbone import Backbone
    from infra.components.guard import ReplacementGuard
    from infra.declaration.model import Platform
    from infra.declaration.services import Services
    from infra.policy.rules import Rule

BASTION, SERVICES = "bastion", "services"
"""What the servers are called in the configuration that allows a replacement."""
LABELS = {"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY}


@dataclass(frozen=True, slots=True)
class HostArgs:
    """What a server of the platform is built from.

    ``files`` makes of its host key what :func:`hardening.bundle.encode_files` makes, where it gets any; ``told`` is what it is told of
    operators besides.
    """

    platform: Platform
    backbone: Backbone
    image_id: Input[str]
    volume_type: str
    guard: ReplacementGuard
    files: Callable[[Output[str]], Output[str]] | None = None
    told: Mapping[str, str] = field(default_factory=dict)


class Bastion(ComponentResource):
    """A hardened server on the backbone: SSH in from where the operators are, SSH out to the servers, the platform's services."""

    server_id: Output[str]
    address: Output[str]
    host_key: Output[str]
    key_pair: Output[str]
    ready: list[Resource]
    """What a server that is reached through the bastion has to wait for."""

    def __init__(self, name: str, args: HostArgs, public_key: str, opts: ResourceOptions) -> None:
        """Declare the bastion."""
        super().__init__("ringfence:platform:Bastion", name, None, opts)
        child, platform = ResourceOptions(parent=self), args.platform
        port = _port(args, names.BASTION, "SSH from the operators to the bastion, and from it to the servers", child)
        key = openstack.compute.Keypair(
            names.key_pair(names.PLATFORM), name=names.key_pair(names.PLATFORM), public_key=public_key, opts=child
        )
        server = Server(zones={"backbone": platform.backbone.bastion}, flavor=platform.bastion.flavor, root=BASTION_ROOT_GIB)
        volumes = Volumes(
            names.BASTION, VolumesArgs(names.PLATFORM, BASTION, server, args.volume_type, args.image_id, LABELS, args.guard), child
        )
        metadata: dict[str, Input[str]] = {**LABELS, **properties(platform), "ringfence_management_mac": port.mac_address}
        machine = instance(
            InstanceArgs(names.BASTION, server.flavor, key.name, volumes.root, [port], metadata),
            ResourceOptions.merge(args.guard.protected(Guarded(INSTANCE, names.BASTION, BASTION)), child),
        )
        declared = args.backbone.topology.public[names.BASTION]
        after = ResourceOptions(parent=self, depends_on=[args.backbone.interface])
        public = wiring.public_address(declared, platform.external_network, port.id, TAGS, after)
        key_of_host = HostKey(names.BASTION, machine.id, opts=child)
        self.server_id, self.address, self.host_key, self.key_pair = machine.id, public.address, key_of_host.host_key, key.name
        self.ready = [self._policy(args)] if platform.services else []
        self.register_outputs({"server_id": machine.id, "address": public.address, "host_key": key_of_host.host_key})

    def _policy(self, args: HostArgs) -> GuestPolicy:
        """Put the bastion's filter into force as a whole; the way to the bastion ends there, so no address is behind it."""
        asked = GuestPolicyArgs(
            server_id=self.server_id,
            address="",
            host_key=self.host_key,
            bastion=self.address,
            bastion_host_key=self.host_key,
            ssh_port=args.platform.ssh_port,
            policy=_filter(args.platform, names.BASTION),
            files=args.files(self.host_key) if args.files else None,
            **args.told,
        )
        return GuestPolicy(names.BASTION, asked, opts=ResourceOptions(parent=self))


class ServicesHost(ComponentResource):
    """A hardened server on the backbone that offers what the platform declares, and has a store of its own."""

    facts: Output[dict[str, object]]

    def __init__(self, name: str, args: HostArgs, services: Services, bastion: Bastion, opts: ResourceOptions) -> None:
        """Declare the services server of a platform that declares one."""
        super().__init__("ringfence:platform:Services", name, None, opts)
        child, platform = ResourceOptions(parent=self), args.platform
        port = _port(args, names.SERVICES, "the platform's services for servers and bastion, and SSH from the bastion", child)
        disks = {names.STORE: Disk(size=services.store)}
        server = Server(zones={"backbone": services.host}, flavor=services.flavor, root=SERVICES_ROOT_GIB, data=disks)
        volumes = Volumes(
            names.SERVICES, VolumesArgs(names.PLATFORM, SERVICES, server, args.volume_type, args.image_id, LABELS, args.guard), child
        )
        metadata = {**LABELS, **first_boot("services", platform, port)}
        machine = instance(
            InstanceArgs(names.SERVICES, server.flavor, bastion.key_pair, volumes.root, [port], metadata),
            ResourceOptions.merge(args.guard.protected(Guarded(INSTANCE, names.SERVICES, SERVICES)), child),
        )
        for disk, volume in volumes.data.items():
            store = names.data_volume(names.PLATFORM, SERVICES, disk)
            openstack.compute.VolumeAttach(store, instance_id=machine.id, volume_id=volume.id, opts=child)
        address = str(addresses.services_address(platform))
        host_key = HostKey(names.SERVICES, machine.id, opts=child).host_key
        asked = GuestPolicyArgs(
            server_id=machine.id,
            address=address,
            host_key=host_key,
            bastion=bastion.address,
            bastion_host_key=bastion.host_key,
            ssh_port=platform.ssh_port,
            policy=_filter(platform, names.SERVICES),
            files=args.files(host_key) if args.files else None,
            **args.told,
        )
        GuestPolicy(names.SERVICES, asked, opts=ResourceOptions(parent=self, depends_on=bastion.ready))
        self.facts = Output.all(id=machine.id, address=address, host_key=host_key)
        self.register_outputs({"facts": self.facts})


def _filter(platform: Platform, server: str) -> str:
    """Return the packet filter of one of the platform's servers."""
    address = addresses.bastion_address(platform) if server == names.BASTION else addresses.services_address(platform)
    if address is None:
        raise LookupError(server)
    return render_platform(server, address, platform_servers(platform)[server])


def _port(args: HostArgs, server: str, description: str, child: ResourceOptions) -> openstack.networking.Port:
    """Declare a server's only port with its security group, both of the server's name."""
    declared = args.backbone.topology.ports[server]
    group = openstack.networking.SecGroup(server, name=server, description=description, delete_default_rules=True, tags=TAGS, opts=child)
    for rule in platform_servers(args.platform)[server]:
        _rule(server, group, rule, child)
    return openstack.networking.Port(
        declared.name,
        name=declared.name,
        network_id=args.backbone.network_id,
        security_group_ids=[group.id],
        fixed_ips=[
            openstack.networking.PortFixedIpArgs(subnet_id=args.backbone.subnet_id, ip_address=str(address))
            for address in declared.addresses.values()
        ],
        port_security_enabled=True,
        tags=TAGS,
        opts=ResourceOptions.merge(args.guard.carrying(server.removeprefix(f"{names.PLATFORM}-")), child),
    )


def _rule(server: str, group: openstack.networking.SecGroup, rule: Rule, child: ResourceOptions) -> None:
    match = rule.match
    openstack.networking.SecGroupRule(
        names.group_rule(server, rule.direction.value, match.protocol.value, str(match.first), str(rule.peer)),
        security_group_id=group.id,
        direction=rule.direction.value,
        ethertype=f"IPv{rule.family.value}",
        protocol=match.protocol.value,
        port_range_min=match.first,
        port_range_max=match.last,
        remote_ip_prefix=str(rule.peer),
        opts=child,
    )
