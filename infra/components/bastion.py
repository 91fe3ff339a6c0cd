"""The bastion: the only SSH entry point to the tenants' servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.components import wiring
from infra.components.backbone import TAGS
from infra.components.guard import Guarded
from infra.components.instance import INSTANCE, InstanceArgs, instance
from infra.components.storage import Volumes, VolumesArgs
from infra.declaration import names
from infra.declaration.model import Server
from infra.dynamic.host_key import HostKey
from infra.neutron.quotas.demand import BASTION_ROOT_GIB
from infra.policy.bastion import bastion_rules
from infra.render.bastion import properties

if TYPE_CHECKING:
    from infra.components.backbone import Backbone
    from infra.components.guard import ReplacementGuard
    from infra.declaration.model import Platform
    from infra.policy.rules import Rule

NAME = "bastion"


@dataclass(frozen=True, slots=True)
class BastionArgs:
    """What the bastion is built from."""

    platform: Platform
    backbone: Backbone
    image_id: Input[str]
    volume_type: str
    public_key: str
    guard: ReplacementGuard


class Bastion(ComponentResource):
    """A hardened server on the backbone: SSH in from where the operators are, SSH out to the management pool, nothing else."""

    server_id: Output[str]
    address: Output[str]
    host_key: Output[str]

    def __init__(self, name: str, args: BastionArgs, opts: ResourceOptions) -> None:
        """Declare the bastion."""
        super().__init__("ringfence:platform:Bastion", name, None, opts)
        child, platform = ResourceOptions(parent=self), args.platform
        port = self._port(args)
        key = openstack.compute.Keypair(
            names.key_pair(names.PLATFORM), name=names.key_pair(names.PLATFORM), public_key=args.public_key, opts=child
        )
        server = Server(zones={"backbone": platform.backbone.bastion}, flavor=platform.bastion.flavor, root=BASTION_ROOT_GIB)
        labels = {"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY}
        volumes = Volumes(
            names.BASTION, VolumesArgs(names.PLATFORM, NAME, server, args.volume_type, args.image_id, labels, args.guard), child
        )
        metadata: dict[str, Input[str]] = {
            **properties(platform),
            "ringfence_management_mac": port.mac_address,
        }
        machine = instance(
            InstanceArgs(names.BASTION, server.flavor, key.name, volumes.root, [port], {**labels, **metadata}),
            ResourceOptions.merge(args.guard.protected(Guarded(INSTANCE, names.BASTION, NAME)), child),
        )
        declared = args.backbone.topology.public[names.BASTION]
        after = ResourceOptions(parent=self, depends_on=[args.backbone.interface])
        public = wiring.public_address(declared, platform.external_network, port.id, TAGS, after)
        key_of_host = HostKey(names.BASTION, machine.id, opts=child)
        self.server_id, self.address, self.host_key = machine.id, public.address, key_of_host.host_key
        self.register_outputs({"server_id": machine.id, "address": public.address, "host_key": key_of_host.host_key})

    def _port(self, args: BastionArgs) -> openstack.networking.Port:
        child, declared = ResourceOptions(parent=self), args.backbone.topology.ports[names.BASTION]
        group = openstack.networking.SecGroup(
            names.BASTION,
            name=names.BASTION,
            description="SSH from the operators to the bastion, and from it to the servers",
            delete_default_rules=True,
            tags=TAGS,
            opts=child,
        )
        for rule in bastion_rules(args.platform):
            self._rule(group, rule)
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
            opts=ResourceOptions.merge(args.guard.carrying(NAME), child),
        )

    def _rule(self, group: openstack.networking.SecGroup, rule: Rule) -> None:
        match = rule.match
        openstack.networking.SecGroupRule(
            names.group_rule(names.BASTION, rule.direction.value, match.protocol.value, str(match.first), str(rule.peer)),
            security_group_id=group.id,
            direction=rule.direction.value,
            ethertype=f"IPv{rule.family.value}",
            protocol=match.protocol.value,
            port_range_min=match.first,
            port_range_max=match.last,
            remote_ip_prefix=str(rule.peer),
            opts=ResourceOptions(parent=self),
        )
