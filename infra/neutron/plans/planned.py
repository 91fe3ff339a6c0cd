"""From a plan to a snapshot: the cloud as it will be once ``pulumi up`` has run.

``base`` is the cloud as it is (or as declared); what the plan creates, changes and removes is laid over it. Values that only the cloud
will decide are filled in: prefixes cut from pools and addresses of routers by counting, addresses of servers by "any of the subnet".
Whatever the plan holds and the model does not know is said (:mod:`infra.neutron.plans.kinds`), never dropped.
"""

from __future__ import annotations

from typing import Any

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.plans.floating_ips import add_floating_ips
from infra.neutron.plans.groups import add_groups, add_port_groups, add_shares
from infra.neutron.plans.kinds import ResourceKind
from infra.neutron.plans.overlay import Overlay
from infra.neutron.plans.ports import add_port, add_trunks
from infra.neutron.plans.preview import Plan, Resource, is_told, source
from infra.neutron.plans.removal import remove
from infra.neutron.plans.router_interfaces import add_interfaces, add_routes
from infra.neutron.plans.servers import add_servers, plug_servers
from infra.neutron.plans.unknowns import add_doubts
from infra.neutron.snapshot.store import from_records


def planned_snapshot(data: bytes, base: model.Snapshot | None = None, name: str = "plan") -> model.Snapshot:
    """Return the snapshot after the plan.

    Raises:
        SnapshotError: this is no plan, it refers to something that neither it nor ``base`` has, or without a ``base`` it leaves out what
            stays as it is: a proof over the rest would be one over next to nothing.
    """
    plan = Plan(data, name)
    if base is None and plan.left_out > 0:
        got, hint = f"{plan.left_out} resources that stay as they are are not printed", f"lay it over the cloud: plan:{name}+cloud"
        raise SnapshotError(Problem("the plan is not a whole state", where=name, expected="a state that it changes", got=got, hint=hint))
    overlay = Overlay(plan, base)
    remove(overlay)
    overlay.take_stock()
    _apply(overlay)
    header = model.Header(format=model.FORMAT_VERSION, origin="plan")
    if base is not None:
        header = msgspec.structs.replace(base.header, origin="plan")
    return from_records(header, overlay.records(), name)


def _apply(overlay: Overlay) -> None:
    """Lay the plan over the base, in an order in which whatever is referred to is there already."""
    for resource in overlay.new(ResourceKind.PROJECT):
        _put(overlay, model.Project, resource, name=resource.text("name"))
    for resource in overlay.new(ResourceKind.NETWORK):
        _network(overlay, resource)
    for resource in overlay.new(ResourceKind.ADDRESS_SCOPE):
        version = 6 if resource.number("ipVersion") == 6 else 4  # noqa: PLR2004 - the family
        _put(overlay, model.AddressScope, resource, name=resource.text("name"), project_id=overlay.project(resource), ip_version=version)
    for resource in overlay.new(ResourceKind.SUBNET_POOL):
        scope = overlay.plan.reference(resource, "addressScopeId", ResourceKind.ADDRESS_SCOPE) or None
        fields = {"prefixes": tuple(map(str, resource.items("prefixes"))), "address_scope_id": scope}
        _put(overlay, model.SubnetPool, resource, project_id=overlay.project(resource), name=resource.text("name"), **fields)
    for resource in overlay.new(ResourceKind.SUBNET):
        _subnet(overlay, resource)
    add_groups(overlay)
    for resource in overlay.new(ResourceKind.ROUTER):
        _router(overlay, resource)
    add_servers(overlay)
    for resource in overlay.new(ResourceKind.PORT):
        add_port(overlay, resource)
    add_port_groups(overlay)
    add_interfaces(overlay)
    plug_servers(overlay)
    add_trunks(overlay)
    add_floating_ips(overlay)
    add_routes(overlay)
    add_shares(overlay)
    add_doubts(overlay)


def _put(overlay: Overlay, kind: type[model.Record], resource: Resource, **fields: object) -> None:
    """Add a record, or change what the plan says of the one that is there and leave the rest."""
    overlay.put(overlay.changed(kind, resource.id, **fields))


def _network(overlay: Overlay, resource: Resource) -> None:
    segments = [segment for segment in resource.items("segments") if isinstance(segment, dict)]
    fields: dict[str, Any] = {}
    if segments:
        fields["provider_network_type"] = model.SEVERAL if len(segments) > 1 else segments[0].get("networkType")
        fields["provider_physical_network"] = segments[0].get("physicalNetwork")
        fields["provider_segmentation_id"] = _number(segments[0].get("segmentationId"))
    if "portSecurityEnabled" in resource.state.inputs:
        fields["port_security_enabled"] = resource.flag("portSecurityEnabled", default=True)
    for name in ("shared", "external"):
        if name in resource.state.inputs:
            fields[name] = resource.flag(name, default=False)
    project = overlay.project(resource)
    _put(overlay, model.Network, resource, name=resource.text("name"), project_id=project, source=source(resource), **fields)


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | float | str) and str(value).isdecimal() else None


def _subnet(overlay: Overlay, resource: Resource) -> None:
    earlier = overlay.find(model.Subnet, resource.id)
    pool = overlay.plan.reference(resource, "subnetpoolId", ResourceKind.SUBNET_POOL)
    cidr = resource.get("cidr") or (earlier.cidr if earlier else None) or _cut(overlay, resource, pool)
    gateway = resource.get("gatewayIp") or (earlier.gateway_ip if earlier else None) or overlay.allocation.first(str(cidr))
    if resource.flag("noGateway", default=False):
        gateway = None
    if gateway:
        overlay.allocation.take(str(gateway))
    pools = [pool for pool in resource.items("allocationPools") if isinstance(pool, dict) and is_told(pool)]
    fields: dict[str, Any] = {"subnetpool_id": pool} if pool else {}
    if pools:
        fields["allocation_pools"] = tuple(model.Pool(start=str(pool.get("start")), end=str(pool.get("end"))) for pool in pools)
    record = overlay.changed(
        model.Subnet,
        resource.id,
        name=resource.text("name"),
        network_id=overlay.plan.reference(resource, "networkId", ResourceKind.NETWORK),
        project_id=overlay.project(resource),
        cidr=str(cidr),
        gateway_ip=gateway,
        enable_dhcp=resource.flag("enableDhcp", default=True),
        source=source(resource),
        **fields,
    )
    overlay.put(record)


def _cut(overlay: Overlay, resource: Resource, pool: str) -> str:
    """Return a prefix of a pool for a subnet that names none."""
    found = overlay.find(model.SubnetPool, pool)
    length = resource.number("prefixLength")
    if length is None:
        asked = [other.number("defaultPrefixlen") for other in overlay.plan.of(ResourceKind.SUBNET_POOL) if other.id == pool]
        length = asked[0] if asked else None
    if found is None or length is None:
        where = f"{overlay.plan.name}: {resource.state.urn}"
        raise SnapshotError(Problem("a subnet without a prefix", where=where, expected="cidr, or subnetpoolId and prefixLength"))
    return overlay.allocation.prefix(found, length)


def _router(overlay: Overlay, resource: Resource) -> None:
    earlier = overlay.find(model.Router, resource.id)
    network = overlay.plan.reference(resource, "externalNetworkId", ResourceKind.NETWORK)
    gateways: tuple[model.Gateway, ...] = ()
    if network:
        same = next((gateway for gateway in earlier.gateways if gateway.network_id == network), None) if earlier else None
        fixed = _outer(overlay, resource, network) if same is None or resource.items("externalFixedIps") else same.external_fixed_ips
        snat = resource.flag("enableSnat", default=same.enable_snat if same else True)
        gateways = (model.Gateway(network_id=network, enable_snat=snat, external_fixed_ips=fixed),)
    overlay.put(
        overlay.changed(
            model.Router,
            resource.id,
            name=resource.text("name"),
            project_id=overlay.project(resource),
            gateways=gateways,
            admin_state_up=resource.flag("adminStateUp", default=True),
            source=source(resource),
        )
    )


def _outer(overlay: Overlay, resource: Resource, network: str) -> tuple[model.FixedIp, ...]:
    """Return a router's addresses on an external network: those that are asked for, else a free one of every subnet."""
    subnets = {subnet.id: subnet for subnet in overlay.all(model.Subnet) if subnet.network_id == network}
    asked = [item for item in resource.items("externalFixedIps") if isinstance(item, dict) and item.get("subnetId") in subnets]
    if asked:
        pairs = [(str(item["subnetId"]), item.get("ipAddress")) for item in asked]
        return tuple(model.FixedIp(subnet_id=name, ip_address=str(text) if text and is_told(text) else None) for name, text in pairs)
    return tuple(model.FixedIp(subnet_id=subnet.id, ip_address=overlay.allocation.address(subnet.cidr)) for subnet in subnets.values())
