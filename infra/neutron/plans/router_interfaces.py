"""What joins the networks of a plan: router interfaces and extra routes."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.owners import ROUTER_INTERFACE
from infra.neutron.plans.kinds import ResourceKind
from infra.neutron.plans.preview import OTHER_STATE, is_told, source

if TYPE_CHECKING:
    from infra.neutron.plans.overlay import Overlay
    from infra.neutron.plans.preview import Resource


def add_interfaces(overlay: Overlay) -> None:
    """Turn ports into router interfaces, and plug routers in at subnets."""
    for resource in overlay.plan.of(ResourceKind.ROUTER_INTERFACE, ResourceKind.OWN_LEG):
        words = ("router_id", "port_id", "subnet_id") if resource.state.type == ResourceKind.OWN_LEG else ("routerId", "portId", "subnetId")
        router, port, subnet = map(
            overlay.plan.reference, repeat(resource), words, (ResourceKind.ROUTER, ResourceKind.PORT, ResourceKind.SUBNET)
        )
        if not (resource.kept and _has_leg(overlay, router, port, subnet)):
            _interface(overlay, resource, router, (port, subnet))


def _has_leg(overlay: Overlay, router: str, port: str, subnet: str) -> bool:
    interfaces = [p for p in overlay.all(model.Port) if p.device_id == router]
    return any(p.id == port or any(f.subnet_id == subnet for f in p.fixed_ips) for p in interfaces)


def _interface(overlay: Overlay, resource: Resource, router: str, ends: tuple[str, str]) -> None:
    port, subnet = ends
    if port:
        found = overlay.find(model.Port, port)
        unknown = found.fixed_ips if found else ()
        fixed = tuple(
            f if f.ip_address else model.FixedIp(subnet_id=f.subnet_id, ip_address=overlay.allocation.address(overlay.cidr(f.subnet_id)))
            for f in unknown
        )
        overlay.change_port(port, device_owner=ROUTER_INTERFACE, device_id=router, fixed_ips=fixed, security_groups=())
        return
    place = overlay.find(model.Subnet, subnet)
    if place is None:
        where = f"{overlay.plan.name}: {resource.state.urn}"
        raise SnapshotError(Problem("a router interface on a subnet that is not there", where=where, got=subnet, hint=OTHER_STATE))
    fixed = (model.FixedIp(subnet_id=subnet, ip_address=place.gateway_ip),)
    overlay.put(
        model.Port(
            id=resource.id,
            network_id=place.network_id,
            project_id=overlay.admin,
            fixed_ips=fixed,
            device_owner=ROUTER_INTERFACE,
            device_id=router,
            source=source(resource),
        )
    )


def add_routes(overlay: Overlay) -> None:
    """Add extra routes, whichever resource asks for them."""
    for resource in overlay.plan.of(ResourceKind.ROUTER_ROUTE, ResourceKind.OWN_ROUTE, ResourceKind.OWN_POOL_ROUTE):
        old = resource.state.type == ResourceKind.ROUTER_ROUTE
        router, destination, next_hop = ("routerId", "destinationCidr", "nextHop") if old else ("router_id", "destination", "next_hop")
        to = resource.get(destination) or overlay.cidr(overlay.plan.reference(resource, destination, ResourceKind.SUBNET))
        by = resource.get(next_hop) or _first_address(overlay, overlay.plan.reference(resource, next_hop, ResourceKind.PORT))
        for identifier in _routers(overlay, resource, router):
            _route(overlay, resource, identifier, [(str(to), str(by))])
    for resource in overlay.plan.of(ResourceKind.ROUTER_ROUTES):
        pairs = [pair for pair in resource.items("routes") if isinstance(pair, dict) and is_told(pair)]
        identifier = overlay.plan.reference(resource, "routerId", ResourceKind.ROUTER)
        _route(overlay, resource, identifier, [(str(pair.get("destinationCidr")), str(pair.get("nextHop"))) for pair in pairs])


def _routers(overlay: Overlay, resource: Resource, name: str) -> list[str]:
    """Return the routers of a route: the one that its id tells, or all those of which one will get it."""
    first = overlay.plan.reference(resource, name, ResourceKind.ROUTER)
    holder = resource.state.id.partition("/")[0]
    if resource.state.type == ResourceKind.OWN_ROUTE and overlay.find(model.Router, holder) is not None:
        return [holder]
    return [first, *map(str, resource.items("further"))]


def _route(overlay: Overlay, resource: Resource, router: str, pairs: list[tuple[str, str]]) -> None:
    found = overlay.find(model.Router, router)
    if found is None:
        where = f"{overlay.plan.name}: {resource.state.urn}"
        raise SnapshotError(Problem("a route of a router that is not there", where=where, got=router, hint=OTHER_STATE))
    routes = [model.Route(destination=destination, nexthop=next_hop) for destination, next_hop in pairs]
    fresh = [route for route in routes if route not in found.routes]
    overlay.put(msgspec.structs.replace(found, routes=(*found.routes, *fresh)))


def _first_address(overlay: Overlay, port: str) -> str:
    found = overlay.find(model.Port, port)
    known = [f.ip_address for f in found.fixed_ips if f.ip_address] if found else []
    if not known:
        raise SnapshotError(Problem("a next hop without an address", where=overlay.plan.name, expected="a port with an address", got=port))
    return known[0]
