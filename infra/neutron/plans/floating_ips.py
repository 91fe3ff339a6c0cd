"""Floating IPs of a plan, the ports that they are bound to, and what they forward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.plans.kinds import ResourceKind
from infra.neutron.plans.preview import source

if TYPE_CHECKING:
    from infra.neutron.plans.overlay import Overlay
    from infra.neutron.plans.preview import Resource


def add_floating_ips(overlay: Overlay) -> None:
    """Add the floating IPs of a plan, then what binds them and what they forward."""
    for resource in overlay.new(ResourceKind.FLOATING_IP):
        overlay.put(_floating(overlay, resource))
    for resource in overlay.plan.of(ResourceKind.FLOATING_IP_ASSOCIATE):
        found = _bound(overlay, resource)
        port = overlay.plan.reference(resource, "portId", ResourceKind.PORT) or None
        fields: dict[str, Any] = {"fixed_ip_address": resource.text("fixedIp") or None, "router_id": None}
        if found.port_id != port:
            overlay.put(msgspec.structs.replace(found, port_id=port, **fields))
    for resource in overlay.plan.of(ResourceKind.PORT_FORWARDING):
        _forward(overlay, resource)


def _floating(overlay: Overlay, resource: Resource) -> model.Record:
    earlier = overlay.find(model.FloatingIp, resource.id)
    network = earlier.floating_network_id if earlier else _pool(overlay, resource)
    fields: dict[str, Any] = {}
    if earlier is None:
        ranges = [s.cidr for s in overlay.all(model.Subnet) if s.network_id == network and ":" not in s.cidr]
        if not ranges:
            where = f"{overlay.plan.name}: {resource.state.urn}"
            expected = "an IPv4 subnet on the external network"
            raise SnapshotError(Problem("the pool of a floating IP has no subnet", where=where, expected=expected, got=network))
        fields["floating_ip_address"] = resource.get("address") or overlay.allocation.address(ranges[0])
    port = overlay.plan.reference(resource, "portId", ResourceKind.PORT) or None
    if earlier is None or earlier.port_id != port or resource.text("fixedIp"):
        fields |= {"port_id": port, "fixed_ip_address": resource.text("fixedIp") or None, "router_id": None}
    return overlay.changed(
        model.FloatingIp, resource.id, floating_network_id=network, project_id=overlay.project(resource), source=source(resource), **fields
    )


def _pool(overlay: Overlay, resource: Resource) -> str:
    """Return the external network of a floating IP, which the plan names by its name or id."""
    pool = resource.get("pool") or overlay.plan.reference(resource, "pool", ResourceKind.NETWORK)
    networks = [network for network in overlay.all(model.Network) if pool in {network.id, network.name}]
    found = [network.id for network in networks if network.external or network.id == pool]
    if len(found) == 1:
        return found[0]
    where = f"{overlay.plan.name}: {resource.state.urn}"
    raise SnapshotError(Problem("the pool of a floating IP is not there", where=where, expected="one external network", got=str(pool)))


def _bound(overlay: Overlay, resource: Resource) -> model.FloatingIp:
    """Return the floating IP that a resource names: by address or by id, or by what it depends on."""
    for name in ("floatingIp", "floatingipId"):
        text = resource.text(name)
        wanted = {text} if text else {target.id for target in overlay.plan.targets(resource, name, ResourceKind.FLOATING_IP)}
        found = [each for each in overlay.all(model.FloatingIp) if wanted & {each.id, each.floating_ip_address}]
        if len(found) == 1:
            return found[0]
    where = f"{overlay.plan.name}: {resource.state.urn}"
    raise SnapshotError(Problem("the plan does not say which floating IP this is", where=where, expected="one that is there"))


def _forward(overlay: Overlay, resource: Resource) -> None:
    found = _bound(overlay, resource)
    outer, inner = resource.number("externalPort"), resource.number("internalPort")
    if outer is None or inner is None:
        overlay.doubt(resource, "the plan does not tell its ports")
        return
    port = overlay.plan.reference(resource, "internalPortId", ResourceKind.PORT)
    addresses = [resource.text("internalIpAddress")] if resource.text("internalIpAddress") else _addresses(overlay, port)
    if not addresses:
        overlay.doubt(resource, "the plan does not tell internalIpAddress")
    protocol = resource.text("protocol")
    others = (each for each in found.port_forwardings if (each.protocol, each.external_port) != (protocol, outer))
    ends: dict[str, Any] = {"protocol": protocol, "internal_port_id": port, "external_port": outer, "internal_port": inner}
    forwardings = (*others, *(model.PortForwarding(internal_ip_address=address, **ends) for address in addresses))
    overlay.put(msgspec.structs.replace(found, port_forwardings=forwardings))


def _addresses(overlay: Overlay, port: str) -> list[str]:
    found = overlay.find(model.Port, port)
    return [fixed.ip_address for fixed in found.fixed_ips if fixed.ip_address and ":" not in fixed.ip_address] if found else []
