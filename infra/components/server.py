"""A tenant's server: its ports, its disks, its machine, and the flows inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_openstack as openstack
from pulumi import ComponentResource, Input, Output, ResourceOptions

from infra.components import wiring
from infra.components.guard import Guarded
from infra.components.instance import INSTANCE, InstanceArgs, first_boot, instance
from infra.components.storage import Volumes, VolumesArgs
from infra.declaration import names
from infra.delivery.operators import handed_over
from infra.delivery.papers import Holder
from infra.dynamic.guest_policy import GuestPolicy, GuestPolicyArgs
from infra.dynamic.host_key import HostKey
from infra.outputs import ServerOutput, encoded
from infra.render.nftables import render

if TYPE_CHECKING:
    from infra.components.facts import PlatformFacts
    from infra.components.groups import Groups
    from infra.components.guard import ReplacementGuard
    from infra.components.management import Management
    from infra.components.zones import Zone
    from infra.declaration.model import Platform, Tenant
    from infra.delivery.files import Source
    from infra.policy.rules import TenantPolicy
    from infra.topology import DeclaredPort, Topology


@dataclass(frozen=True, slots=True)
class TenantParts:
    """What all servers of a tenant share."""

    tenant: Tenant
    platform: Platform
    policy: TenantPolicy
    topology: Topology
    facts: PlatformFacts
    zones: dict[str, Zone]
    groups: Groups
    management: Management
    key_pair: Input[str]
    credential: Output[dict[str, str]]
    guard: ReplacementGuard
    source: Source | None = None
    """Where the servers' files come from, where the platform offers services."""


class TenantServer(ComponentResource):
    """One server of a tenant; ``facts`` is its entry in the stack's outputs."""

    facts: Output[dict[str, object]]

    def __init__(self, name: str, parts: TenantParts, opts: ResourceOptions) -> None:
        """Declare the server ``name`` of the tenant; ``opts`` carries the deployer's provider."""
        super().__init__("ringfence:tenant:Server", names.server(parts.tenant.name, name), None, opts)
        self._parts, self._server, self._entry = parts, name, parts.tenant.servers[name]
        first_zone = next(iter(self._entry.zones))
        self._labels = names.tags(parts.tenant, first_zone)
        self._name = names.server(parts.tenant.name, name)
        topology = parts.topology
        ports = {zone: self._port(zone, topology.ports[names.port(parts.tenant.name, name, zone)]) for zone in self._entry.zones}
        management = self._management_port(topology.ports[names.management_port(parts.tenant.name, name)])
        volumes = self._volumes()
        machine = self._machine(volumes, ports, management)
        for disk, volume in volumes.data.items():
            openstack.compute.VolumeAttach(
                names.data_volume(parts.tenant.name, name, disk), instance_id=machine.id, volume_id=volume.id, opts=self._child()
            )
        public = self._public_address(ports)
        host_key = HostKey(self._name, machine.id, parts.credential, opts=self._child()).host_key
        self._policy(machine, management, host_key)
        self.facts = Output.all(
            id=machine.id,
            management=management.all_fixed_ips[0],
            management_port_id=management.id,
            host_key=host_key,
            public=public,
            nics={zone: {"port_id": port.id, "mac": port.mac_address, "addresses": port.all_fixed_ips} for zone, port in ports.items()},
            volumes={"root": volumes.root.id, "data": {disk: volume.id for disk, volume in volumes.data.items()}},
        ).apply(lambda known: encoded(ServerOutput, known))
        self.register_outputs({"facts": self.facts})

    def _child(self, *depends_on: pulumi.Resource) -> ResourceOptions:
        return ResourceOptions(parent=self, depends_on=list(depends_on))

    def _port(self, place: str, declared: DeclaredPort) -> openstack.networking.Port:
        """Plug one NIC into its zone, with fixed addresses, explicit groups and port security.

        The addresses are written on the config drive at the server's creation, so another address is another port and another server.
        """
        parts, zone = self._parts, self._parts.zones[place]
        fixed = [
            openstack.networking.PortFixedIpArgs(subnet_id=zone.subnets[subnet].id, ip_address=str(address))
            for subnet, address in declared.addresses.items()
        ]
        return openstack.networking.Port(
            declared.name,
            name=declared.name,
            network_id=zone.network_id,
            fixed_ips=fixed,
            security_group_ids=[parts.groups.named[group] for group in declared.groups],
            port_security_enabled=True,
            tags=names.tag_list(names.tags(parts.tenant, place)),
            opts=ResourceOptions.merge(self._child(), self._carrying(["fixedIps"])),
        )

    def _management_port(self, declared: DeclaredPort) -> openstack.networking.Port:
        parts = self._parts
        return openstack.networking.Port(
            declared.name,
            name=declared.name,
            network_id=parts.management.network_id,
            fixed_ips=[openstack.networking.PortFixedIpArgs(subnet_id=parts.management.subnet_id)],
            security_group_ids=[parts.groups.named[group] for group in declared.groups],
            tags=names.tag_list(names.tags(parts.tenant)),
            opts=ResourceOptions.merge(self._child(*parts.management.ready), self._carrying([])),
        )

    def _carrying(self, replace_on_changes: list[str]) -> ResourceOptions:
        carrying = self._parts.guard.carrying(self._server)
        return ResourceOptions.merge(carrying, ResourceOptions(replace_on_changes=replace_on_changes))

    def _volumes(self) -> Volumes:
        parts = self._parts
        kind = self._entry.volume_type or parts.platform.default_volume_type
        args = VolumesArgs(parts.tenant.name, self._server, self._entry, kind, parts.facts.image_id, self._labels, parts.guard)
        return Volumes(self._name, args, self._child())

    def _machine(
        self, volumes: Volumes, ports: dict[str, openstack.networking.Port], management: openstack.networking.Port
    ) -> openstack.compute.Instance:
        """Boot the machine: NICs in zones first, in the order of the declaration, the management NIC last."""
        parts = self._parts
        args = InstanceArgs(
            self._name,
            self._entry.flavor,
            parts.key_pair,
            volumes.root,
            [*ports.values(), management],
            {**self._labels, **first_boot("server", parts.platform, management)},
        )
        guarded = parts.guard.protected(Guarded(INSTANCE, self._name, self._server))
        return instance(args, ResourceOptions.merge(self._child(*parts.management.ready), guarded))

    def _public_address(self, ports: dict[str, openstack.networking.Port]) -> Output[str] | None:
        """Return the server's public address, if it is declared to have one; the zone's edge has to be there first."""
        parts, zone, declared = self._parts, self._entry.public, self._parts.topology.public_of(self._name)
        if zone is None or declared is None:
            return None
        tags, after = names.tag_list(names.tags(parts.tenant, zone)), self._child(*parts.zones[zone].interfaces)
        return wiring.public_address(declared, parts.platform.external_network, ports[zone].id, tags, after).address

    def _policy(self, machine: openstack.compute.Instance, management: openstack.networking.Port, host_key: Output[str]) -> None:
        parts = self._parts
        args = GuestPolicyArgs(
            server_id=machine.id,
            address=management.all_fixed_ips[0],
            host_key=host_key,
            bastion=parts.facts.bastion_address,
            bastion_host_key=parts.facts.bastion_host_key,
            ssh_port=parts.platform.ssh_port,
            policy=render(parts.policy, self._server),
            files=self._files(management, host_key),
            **handed_over(parts.source.operators if parts.source else None),
        )
        GuestPolicy(self._name, args, opts=self._child())

    def _files(self, management: openstack.networking.Port, host_key: Output[str]) -> Output[str] | None:
        """Return what the platform puts into the server, where it offers services."""
        parts = self._parts
        if parts.source is None:
            return None
        holder = Holder(parts.tenant.name, self._name, management.all_fixed_ips[0], host_key)
        return parts.source.server(holder, self._child())
