"""What a plan takes away from a state, by type: the id of a resource is not always the id of the object that goes.

The association of a floating IP has the floating IP's id, the groups of a port have the port's, and a route's id is made up. Whatever is
not known to take away nothing but itself stays: then more passes in the model than in the cloud, never less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from infra.neutron import owners
from infra.neutron import snapshot as model
from infra.neutron.plans.kinds import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.plans.overlay import Overlay
    from infra.neutron.plans.preview import Resource

_OBJECTS: dict[str, type[model.Record]] = {
    ResourceKind.PROJECT: model.Project,
    ResourceKind.NETWORK: model.Network,
    ResourceKind.SUBNET: model.Subnet,
    ResourceKind.SUBNET_POOL: model.SubnetPool,
    ResourceKind.ADDRESS_SCOPE: model.AddressScope,
    ResourceKind.ROUTER: model.Router,
    ResourceKind.ROUTER_INTERFACE: model.Port,
    ResourceKind.PORT: model.Port,
    ResourceKind.GROUP: model.SecurityGroup,
    ResourceKind.ADDRESS_GROUP: model.AddressGroup,
    ResourceKind.FLOATING_IP: model.FloatingIp,
    ResourceKind.RBAC_POLICY: model.RbacPolicy,
    ResourceKind.TRUNK: model.Trunk,
    ResourceKind.SERVER: model.Server,
    ResourceKind.OWN_DEFAULT_GROUP: model.SecurityGroup,
}
"""Types whose id is that of one object, which goes with them."""


def remove(overlay: Overlay) -> None:
    """Take away what the plan deletes, and what Neutron deletes with it."""
    gone: set[str] = set()
    for resource in overlay.plan.removed:
        kind = _OBJECTS.get(resource.state.type)
        if kind is not None and overlay.drop(kind, resource.id):
            gone.add(resource.id)
        elif resource.state.type == ResourceKind.OWN_LEG:
            interface = resource.id.partition("/")[2]
            if overlay.drop(model.Port, interface):
                gone.add(interface)
        elif resource.state.type in _PARTS:
            _PARTS[resource.state.type](overlay, resource)
    _rules(overlay, {resource.state.id for resource in overlay.plan.removed} - {""})
    if gone:
        _follow(overlay, gone)


def _rules(overlay: Overlay, gone: set[str]) -> None:
    """Rules live inside their groups, and nothing else has the id of one."""
    for group in overlay.all(model.SecurityGroup) if gone else ():
        kept = tuple(rule for rule in group.rules if rule.id not in gone)
        if len(kept) < len(group.rules):
            overlay.put(msgspec.structs.replace(group, rules=kept))


def _follow(overlay: Overlay, gone: set[str]) -> None:
    """Take away what goes with its network, router, port or group: Neutron deletes it, or lets go of it."""
    for port in overlay.all(model.Port):
        lost = port.network_id in gone or (owners.is_routers(port.device_owner) and port.device_id in gone)
        if lost and owners.is_infrastructure(port.device_owner):
            overlay.drop(model.Port, port.id)
            gone.add(port.id)
        elif owners.is_infrastructure(port.device_owner) and any(fixed.subnet_id in gone for fixed in port.fixed_ips):
            kept = tuple(fixed for fixed in port.fixed_ips if fixed.subnet_id not in gone)
            overlay.put(msgspec.structs.replace(port, fixed_ips=kept))
    for floating in overlay.all(model.FloatingIp):
        forwardings = tuple(each for each in floating.port_forwardings if each.internal_port_id not in gone)
        held = None if floating.port_id in gone else floating.port_id
        router = None if floating.router_id in gone else floating.router_id
        if (held, router, forwardings) != (floating.port_id, floating.router_id, floating.port_forwardings):
            overlay.put(msgspec.structs.replace(floating, port_id=held, router_id=router, port_forwardings=forwardings))
    for policy in overlay.all(model.RbacPolicy):
        if policy.object_id in gone:
            overlay.drop(model.RbacPolicy, policy.id)
    for group in overlay.all(model.SecurityGroup):
        if any(rule.remote_group_id in gone for rule in group.rules):
            overlay.put(msgspec.structs.replace(group, rules=tuple(r for r in group.rules if r.remote_group_id not in gone)))


def _unroute(overlay: Overlay, router: str, routes: set[tuple[str, str]]) -> None:
    found = overlay.find(model.Router, router)
    if found is not None:
        kept = tuple(route for route in found.routes if (route.destination, route.nexthop) not in routes)
        overlay.put(msgspec.structs.replace(found, routes=kept))


def _route(overlay: Overlay, resource: Resource) -> None:
    _unroute(overlay, resource.text("routerId"), {(resource.text("destinationCidr"), resource.text("nextHop"))})


def _own_route(overlay: Overlay, resource: Resource) -> None:
    holder = resource.id.partition("/")[0]  # one of several routers, which the id tells
    _unroute(overlay, holder, {(resource.text("destination"), resource.text("next_hop"))})


def _routes(overlay: Overlay, resource: Resource) -> None:
    pairs: list[dict[str, Any]] = resource.items("routes")
    _unroute(overlay, resource.text("routerId"), {(str(pair.get("destinationCidr")), str(pair.get("nextHop"))) for pair in pairs})


def _associated(overlay: Overlay, resource: Resource) -> None:
    found = overlay.find(model.FloatingIp, resource.id)
    if found is not None:
        overlay.put(msgspec.structs.replace(found, port_id=None, fixed_ip_address=None, router_id=None))


def _groups(overlay: Overlay, resource: Resource) -> None:
    found = overlay.find(model.Port, resource.text("portId") or resource.id)
    if found is not None:
        kept = tuple(group for group in found.security_groups if group not in resource.items("securityGroupIds"))
        overlay.put(msgspec.structs.replace(found, security_groups=kept))


def _forwarding(overlay: Overlay, resource: Resource) -> None:
    found = overlay.find(model.FloatingIp, resource.text("floatingipId"))
    if found is not None:
        outer = (resource.text("protocol"), resource.number("externalPort"))
        kept = tuple(each for each in found.port_forwardings if (each.protocol, each.external_port) != outer)
        overlay.put(msgspec.structs.replace(found, port_forwardings=kept))


_PARTS: dict[str, Callable[[Overlay, Resource], None]] = {
    ResourceKind.ROUTER_ROUTE: _route,
    ResourceKind.ROUTER_ROUTES: _routes,
    ResourceKind.OWN_ROUTE: _own_route,
    ResourceKind.OWN_POOL_ROUTE: _own_route,
    ResourceKind.FLOATING_IP_ASSOCIATE: _associated,
    ResourceKind.PORT_GROUPS: _groups,
    ResourceKind.PORT_FORWARDING: _forwarding,
}
"""Types that are a part of another object."""
