"""From a plan to a snapshot: the cloud as it will be once ``pulumi up`` has run.

``base`` is the cloud as it is (or as declared); what the plan creates, changes and removes is laid over it. Values that only the cloud
will decide are filled in: prefixes cut from pools and addresses of routers by counting, addresses of servers by "any of the subnet".
"""

from __future__ import annotations

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.addresses import parse_prefix
from infra.neutron.overlay import Overlay
from infra.neutron.plan import UNKNOWN, Plan, Resource, source
from infra.neutron.planned_groups import add_groups, add_shares
from infra.neutron.plugging import add_floating_ips, add_routes, plug
from infra.neutron.store import from_records

_MODULES = ("openstack:networking/", "openstack:firewall/", "openstack:vpnaas/", "openstack:loadbalancer/", "openstack:bgpvpn/")
_UNDERSTOOD = frozenset(
    {
        *("Network", "Subnet", "SubnetPool", "Router", "RouterInterface", "RouterRoute", "Port", "SecGroup", "SecGroupRule"),
        *("AddressGroupV2", "FloatingIp", "RbacPolicyV2"),
    }
)
_HARMLESS = frozenset(
    {"SubnetRoute", "Quota", "QuotaV2", "QosPolicy", "QosBandwidthLimitRule", "QosDscpMarkingRule", "QosMinimumBandwidthRule"}
)


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
    _apply(overlay)
    header = model.Header(format=model.FORMAT_VERSION, origin="plan")
    if base is not None:
        header = msgspec.structs.replace(base.header, origin="plan")
    return from_records(header, overlay.records(), name)


def _apply(overlay: Overlay) -> None:
    """Lay the plan over the base, in an order in which whatever is referred to is there already."""
    for resource in overlay.plan.of("Project"):
        overlay.put(model.Project(id=resource.id, name=str(resource.get("name") or ""), source=source(resource)))
    for resource in overlay.new("Network"):
        overlay.put(_network(overlay, resource))
    for resource in overlay.new("SubnetPool"):
        prefixes = tuple(resource.get("prefixes") or ())
        overlay.put(model.SubnetPool(id=resource.id, prefixes=prefixes, address_scope_id=resource.get("addressScopeId")))
    for resource in overlay.new("Subnet"):
        overlay.put(_subnet(overlay, resource))
    add_groups(overlay)
    for resource in overlay.new("Router"):
        overlay.put(_router(overlay, resource))
    for resource in overlay.new("Instance"):
        overlay.put(model.Server(id=resource.id, name=str(resource.get("name") or ""), project_id=overlay.project(resource)))
    for resource in overlay.new("Port"):
        overlay.put(_port(overlay, resource))
    plug(overlay)
    add_floating_ips(overlay)
    add_routes(overlay)
    add_shares(overlay)
    _not_understood(overlay)


def _network(overlay: Overlay, resource: Resource) -> model.Network:
    segments = resource.get("segments") or [{}]
    return model.Network(
        id=resource.id,
        name=str(resource.get("name") or ""),
        project_id=overlay.project(resource),
        shared=bool(resource.get("shared")),
        external=bool(resource.get("external")),
        port_security_enabled=resource.get("portSecurityEnabled") is not False,
        provider_network_type=segments[0].get("networkType"),
        provider_physical_network=segments[0].get("physicalNetwork"),
        provider_segmentation_id=segments[0].get("segmentationId"),
        source=source(resource),
    )


def _subnet(overlay: Overlay, resource: Resource) -> model.Subnet:
    pool = overlay.plan.reference(resource, "subnetpoolId", "SubnetPool")
    cidr = resource.get("cidr")
    if cidr is None:
        found = overlay.find(model.SubnetPool, pool)
        if found is None:
            raise SnapshotError(Problem("a subnet without prefix and pool", where=f"{overlay.plan.name}: {resource.state.urn}"))
        cidr = overlay.allocation.prefix(found, int(resource.get("prefixLength")))
    gateway = None if resource.get("noGateway") else resource.get("gatewayIp") or overlay.allocation.address(cidr)
    if gateway:
        overlay.allocation.take(gateway)
    return model.Subnet(
        id=resource.id,
        name=str(resource.get("name") or ""),
        network_id=overlay.plan.reference(resource, "networkId", "Network"),
        project_id=overlay.project(resource),
        cidr=cidr,
        gateway_ip=gateway,
        enable_dhcp=resource.get("enableDhcp") is not False,
        subnetpool_id=pool or None,
        source=source(resource),
    )


def _router(overlay: Overlay, resource: Resource) -> model.Router:
    earlier = overlay.find(model.Router, resource.id)
    network = overlay.plan.reference(resource, "externalNetworkId", "Network")
    gateways: tuple[model.Gateway, ...] = ()
    if network:
        fixed = tuple(
            model.FixedIp(subnet_id=subnet.id, ip_address=overlay.allocation.address(subnet.cidr))
            for subnet in overlay.all(model.Subnet)
            if subnet.network_id == network
        )
        gateways = (model.Gateway(network_id=network, enable_snat=resource.get("enableSnat") is not False, external_fixed_ips=fixed),)
    if earlier and [g.network_id for g in earlier.gateways] == [g.network_id for g in gateways]:
        gateways = earlier.gateways
    return model.Router(
        id=resource.id,
        name=str(resource.get("name") or ""),
        project_id=overlay.project(resource),
        gateways=gateways,
        routes=earlier.routes if earlier else (),
        source=source(resource),
    )


def _port(overlay: Overlay, resource: Resource) -> model.Port:
    earlier = overlay.find(model.Port, resource.id)
    network = overlay.plan.reference(resource, "networkId", "Network")
    pairs = resource.get("allowedAddressPairs") or ()
    return model.Port(
        id=resource.id,
        name=str(resource.get("name") or ""),
        network_id=network,
        project_id=overlay.project(resource),
        mac_address=str(resource.get("macAddress") or ""),
        fixed_ips=_fixed_ips(overlay, resource, network),
        device_owner=earlier.device_owner if earlier else "",
        device_id=earlier.device_id if earlier else "",
        security_groups=tuple(sorted(overlay.plan.references(resource, "securityGroupIds", "SecGroup"))),
        port_security_enabled=resource.get("portSecurityEnabled") is not False,
        allowed_address_pairs=tuple(model.AddressPair(ip_address=pair["ipAddress"]) for pair in pairs),
        source=source(resource),
    )


def _fixed_ips(overlay: Overlay, resource: Resource, network: str) -> tuple[model.FixedIp, ...]:
    """Return the port's addresses: each belongs to the subnet of its network whose prefix holds it."""
    if overlay.find(model.Network, network) is None:
        hint = "give the snapshot of the cloud that the plan is for"
        where = f"{overlay.plan.name}: {resource.state.urn}"
        raise SnapshotError(Problem("a port on a network that is not there", where=where, got=network, hint=hint))
    subnets = [subnet for subnet in overlay.all(model.Subnet) if subnet.network_id == network]
    found = []
    for item in resource.get("fixedIps") or [{} for _ in subnets]:
        address, named = item.get("ipAddress"), item.get("subnetId")
        subnet = next((s for s in subnets if s.id == named or (address and address != UNKNOWN and _holds(s.cidr, address))), None)
        if subnet is None and len(subnets) == 1:
            subnet = subnets[0]
        if subnet is None:
            raise SnapshotError(Problem("the plan does not say the subnet", where=f"{overlay.plan.name}: {resource.state.urn} fixedIps"))
        found.append(model.FixedIp(subnet_id=subnet.id, ip_address=None if address in {None, UNKNOWN} else address))
    return tuple(found)


def _not_understood(overlay: Overlay) -> None:
    """Everything else that touches the network is said, never dropped."""
    for resource in overlay.plan.resources.values():
        if resource.state.type.startswith(_MODULES) and resource.kind not in _UNDERSTOOD | _HARMLESS:
            reason = "the model does not know what this kind of resource does to packets"
            overlay.anonymous.append(model.Unknown(type=resource.state.type, id=resource.id, reason=reason))


def _holds(cidr: str, address: str) -> bool:
    whole, part = parse_prefix(cidr), parse_prefix(address)
    return whole is not None and part is not None and whole[0] == part[0] and whole[1] <= part[1] <= whole[2]
