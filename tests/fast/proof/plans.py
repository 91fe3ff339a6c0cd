"""A change to a cloud of the tests as a plan: the resources that ``pulumi preview`` would print, laid over the cloud before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.neutron.plans.planned import planned_snapshot
from infra.neutron.snapshot import (
    AddressGroup,
    AddressScope,
    Network,
    Port,
    Project,
    Router,
    SecurityGroup,
    Server,
    Snapshot,
    Subnet,
    SubnetPool,
    Trunk,
)
from infra.neutron.snapshot.store import records_of
from tests.fast.neutron.plans.previews import Preview

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.snapshot import Record

NET = "openstack:networking/"
LEG = "network:router_interface"


class Change:
    """The plan that leads from one cloud to another."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        """Write a step for everything that is new or other. Servers are there before: a plan makes them with ports of their own."""
        self.base = before
        self.plan = Preview()
        known = {_key(record): record for record in records_of(before)}
        self.missing: list[str] = []
        for record in records_of(after):
            if known.get(_key(record)) != record:
                write = WRITERS.get(type(record))
                if write is None:
                    self.missing.append(type(record).__name__)
                else:
                    write(self, record)

    def snapshot(self) -> Snapshot:
        """Return the cloud after the plan."""
        return planned_snapshot(self.plan.data(), self.base, "plan.json")

    def step(self, kind: str, record: Any, **inputs: object) -> None:  # noqa: ANN401 - any record with id, name and project
        """Add a step for a record, under its id."""
        owner = {"tenantId": record.project_id} if getattr(record, "project_id", "") else {}
        told = {name: value for name, value in {"name": record.name, **owner, **inputs}.items() if value is not None}
        self.plan.add(record.id, NET + kind, op="create", identifier=record.id, **told)

    def network(self, record: Network) -> None:
        """Write a network with its segment."""
        segment = {
            "networkType": record.provider_network_type,
            "physicalNetwork": record.provider_physical_network,
            "segmentationId": record.provider_segmentation_id,
        }
        told = {name: value for name, value in segment.items() if value is not None}
        self.step("network:Network", record, shared=record.shared, external=record.external, segments=[told] if told else None)

    def subnet(self, record: Subnet) -> None:
        """Write a subnet."""
        gateway = {"gatewayIp": record.gateway_ip} if record.gateway_ip else {"noGateway": True}
        self.step(
            "subnet:Subnet",
            record,
            networkId=record.network_id,
            cidr=record.cidr,
            subnetpoolId=record.subnetpool_id,
            enableDhcp=False,
            **gateway,
        )

    def pool(self, record: SubnetPool) -> None:
        """Write a pool."""
        self.step("subnetPool:SubnetPool", record, prefixes=list(record.prefixes), addressScopeId=record.address_scope_id)

    def scope(self, record: AddressScope) -> None:
        """Write a scope."""
        self.step("addressScope:AddressScope", record, ipVersion=record.ip_version)

    def router(self, record: Router) -> None:
        """Write a router and its routes."""
        gateway = record.gateways[0] if record.gateways else None
        outer = [{"subnetId": f.subnet_id, "ipAddress": f.ip_address} for f in gateway.external_fixed_ips] if gateway else []
        more = {"externalNetworkId": gateway.network_id, "enableSnat": gateway.enable_snat} if gateway else {}
        self.step("router:Router", record, externalFixedIps=outer or None, **more)
        for number, route in enumerate(record.routes):
            fields = {"routerId": record.id, "destinationCidr": route.destination, "nextHop": route.nexthop}
            self.plan.add(f"{record.id}-route-{number}", NET + "routerRoute:RouterRoute", **fields)

    def group(self, record: SecurityGroup) -> None:
        """Write a group and its rules; those of the same id that are gone or other are removed first."""
        self.step("secGroup:SecGroup", record, deleteDefaultRules=True, stateful=record.stateful)
        before = next((group.rules for group in self.base.security_groups if group.id == record.id), ())
        for rule in before:
            if rule not in record.rules:
                self.plan.remove(rule.id)
        for rule in record.rules:
            told = {
                "direction": rule.direction,
                "ethertype": rule.ethertype,
                "protocol": rule.protocol,
                "portRangeMin": rule.port_range_min,
                "portRangeMax": rule.port_range_max,
                "remoteIpPrefix": rule.remote_ip_prefix,
                "remoteGroupId": rule.remote_group_id,
                "remoteAddressGroupId": rule.remote_address_group_id,
            }
            fields: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
            kind = NET + "secGroupRule:SecGroupRule"
            self.plan.add(f"{rule.id}-new", kind, identifier=f"{rule.id}-new", securityGroupId=record.id, **fields)

    def addresses(self, record: AddressGroup) -> None:
        """Write an address group."""
        self.step("addressGroupV2:AddressGroupV2", record, addresses=list(record.addresses))

    def port(self, record: Port) -> None:
        """Write a port; a leg is plugged into its router."""
        leg = record.device_owner == LEG
        pairs = [{"ipAddress": pair.ip_address} for pair in record.allowed_address_pairs]
        fixed = [{"subnetId": f.subnet_id, "ipAddress": f.ip_address} for f in record.fixed_ips]
        guarded = record.port_security_enabled
        self.step(
            "port:Port",
            record,
            networkId=record.network_id,
            macAddress=record.mac_address or None,
            fixedIps=fixed or None,
            noFixedIp=not fixed or None,
            securityGroupIds=list(record.security_groups) or None,
            noSecurityGroups=(guarded and not record.security_groups) or None,
            portSecurityEnabled=guarded,
            allowedAddressPairs=pairs or None,
            binding={"vnicType": record.binding_vnic_type} if record.binding_vnic_type != "normal" else None,
            deviceOwner=None if leg else record.device_owner or None,
            deviceId=None if leg else record.device_id or None,
        )
        if leg:
            self.plan.add(f"{record.id}-in", NET + "routerInterface:RouterInterface", routerId=record.device_id, portId=record.id)

    def trunk(self, record: Trunk) -> None:
        """Write a trunk."""
        subs = [{"portId": sub.port_id, "segmentationId": sub.segmentation_id, "segmentationType": "vlan"} for sub in record.sub_ports]
        fields = {"tenantId": record.project_id} if record.project_id else {}
        self.plan.add(record.id, NET + "trunk:Trunk", identifier=record.id, portId=record.port_id, subPorts=subs, **fields)


def _key(record: Record) -> tuple[type, str]:
    return type(record), getattr(record, "id", "")


WRITERS: dict[type, Callable[[Change, Any], None]] = {
    Network: Change.network,
    Subnet: Change.subnet,
    SubnetPool: Change.pool,
    AddressScope: Change.scope,
    Router: Change.router,
    SecurityGroup: Change.group,
    AddressGroup: Change.addresses,
    Port: Change.port,
    Trunk: Change.trunk,
}
THERE_BEFORE = (Project, Server)
"""Kinds of records that are laid under the plan."""
