"""What joins the parts of a plan: routers' legs, servers' cards, floating IPs and extra routes."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.owners import ROUTER_INTERFACE
from infra.neutron.plan import UNKNOWN, source

if TYPE_CHECKING:
    from infra.neutron.overlay import Overlay
    from infra.neutron.plan import Resource

_MANAGEMENT_ROUTE = "ManagementRoute"
_OWN_LEG = "RouterLeg"


def add_floating_ips(overlay: Overlay) -> None:
    """Add the floating IPs of a plan."""
    for resource in overlay.new("FloatingIp"):
        overlay.put(_floating(overlay, resource))


def plug(overlay: Overlay) -> None:
    """Turn ports into routers' legs and servers' cards."""
    for resource in overlay.plan.of("RouterInterface", _OWN_LEG):
        words = ("router_id", "port_id", "subnet_id") if resource.kind == _OWN_LEG else ("routerId", "portId", "subnetId")
        router, port, subnet = map(overlay.plan.reference, repeat(resource), words, ("Router", "Port", "Subnet"))
        if not (resource.kept and _has_leg(overlay, router, port, subnet)):
            _leg(overlay, resource, router, (port, subnet))
    for resource in overlay.plan.of("Instance"):
        cards = [str(card.get("port")) for card in resource.get("networks") or () if card.get("port") not in {None, UNKNOWN}]
        cards += [target.id for target in overlay.plan.targets(resource, "networks", "Port")]
        for card in cards:
            overlay.change_port(card, device_owner="compute:nova", device_id=resource.id)


def _has_leg(overlay: Overlay, router: str, port: str, subnet: str) -> bool:
    legs = [p for p in overlay.all(model.Port) if p.device_id == router]
    return any(p.id == port or any(f.subnet_id == subnet for f in p.fixed_ips) for p in legs)


def _leg(overlay: Overlay, resource: Resource, router: str, ends: tuple[str, str]) -> None:
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
        raise SnapshotError(Problem("a leg on a subnet that is not there", where=f"{overlay.plan.name}: {resource.state.urn}", got=subnet))
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


def _floating(overlay: Overlay, resource: Resource) -> model.FloatingIp:
    pool = resource.get("pool")
    network = next((n.id for n in overlay.all(model.Network) if pool in {n.id, n.name}), str(pool))
    ranges = [s.cidr for s in overlay.all(model.Subnet) if s.network_id == network and ":" not in s.cidr]
    if not ranges:
        raise SnapshotError(
            Problem("the pool of a floating IP is not there", where=f"{overlay.plan.name}: {resource.state.urn}", got=network)
        )
    return model.FloatingIp(
        id=resource.id,
        floating_network_id=network,
        floating_ip_address=resource.get("address") or overlay.allocation.address(ranges[0]),
        project_id=overlay.project(resource),
        port_id=overlay.plan.reference(resource, "portId", "Port") or None,
        source=source(resource),
    )


def add_routes(overlay: Overlay) -> None:
    """Add extra routes, whichever resource asks for them."""
    for resource in overlay.plan.of("RouterRoute", _MANAGEMENT_ROUTE):
        old = resource.kind == "RouterRoute"
        router, destination, next_hop = ("routerId", "destinationCidr", "nextHop") if old else ("router_id", "destination", "next_hop")
        identifier = overlay.plan.reference(resource, router, "Router")
        found = overlay.find(model.Router, identifier)
        if found is None:
            raise SnapshotError(
                Problem("a route of a router that is not there", where=f"{overlay.plan.name}: {resource.state.urn}", got=identifier)
            )
        to = resource.get(destination) or overlay.cidr(overlay.plan.reference(resource, destination, "Subnet"))
        by = resource.get(next_hop) or _first_address(overlay, overlay.plan.reference(resource, next_hop, "Port"))
        route = model.Route(destination=to, nexthop=by)
        if route not in found.routes:
            overlay.put(msgspec.structs.replace(found, routes=(*found.routes, route)))


def _first_address(overlay: Overlay, port: str) -> str:
    found = overlay.find(model.Port, port)
    known = [f.ip_address for f in found.fixed_ips if f.ip_address] if found else []
    if not known:
        raise SnapshotError(Problem("a next hop without an address", where=overlay.plan.name, got=port))
    return known[0]
