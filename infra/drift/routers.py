"""Routers and their interfaces, against the declaration, both ways. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift.deviation import ComparedObject
from infra.neutron import owners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.drift.wanted import Wanted, WantedRouter
    from infra.outcome import Deviation
    from infra.topology import DeclaredInterface

INTERFACE = "router interface"


def routers(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare the party's routers: gateway, translation, routes; none is there that is not declared."""
    pairs, problems = scope.compared("routers", wanted.routers)
    yield from problems
    for name, row in pairs.items():
        router = scope.subject("routers", row, name)
        yield from _router(scope, router, row, wanted.routers[name])
        yield from scope.owned(router, row, scope.owner_of(name, wanted.fenced))


def _router(scope: Scope, router: ComparedObject, row: Json, want: WantedRouter) -> Iterator[Deviation]:
    gateway = row["external_gateway_info"] or {}
    routes = {(route["destination"], route["nexthop"]) for route in row.get("routes") or ()}
    for to, hop in sorted(routes - want.routes):
        undo = f"openstack router remove route --route destination={to},gateway={hop} {router.id}"
        yield router.further(f"undeclared route on {router}: {to} via {hop}", undo)
    yield from (router.missing(f"{router} has no route to {to} via {hop}") for to, hop in sorted(want.routes - routes))
    yield from router.differing(row, {"admin_state_up": True})
    yield from router.unusual(row, {"enable_ndp_proxy": False, "conntrack_helpers": [], "evpn_vni": None})
    if not want.outside:
        if gateway:
            yield router.further(
                f"{router} has a gateway outside: its segment has a default route", f"openstack router unset --external-gateway {router.id}"
            )
        return
    outside = str(scope.environment.platform_facts.external_network_id)
    others = {str(more["network_id"]) for more in row.get("external_gateways") or ()} - {outside}
    if not gateway:
        yield router.missing(f"{router} has no gateway outside")
    for network in sorted({*others, str(gateway.get("network_id") or outside)} - {outside}):
        other = scope.names.of("networks", network)
        yield router.further(f"{router} has a gateway on network {other}, declared {scope.environment.platform.external_network}")
    if gateway and not gateway.get("enable_snat", True):
        yield router.different(f"{router} does not translate addresses (enable_snat false)")
    yield from _outer_addresses(scope, router, gateway, row)


def _outer_addresses(scope: Scope, router: ComparedObject, gateway: Json, row: Json) -> Iterator[Deviation]:
    """Compare the addresses outside with those that the cloud gave when the stack made the router."""
    made = scope.made.get("routers", router.name)
    told = {str(fixed["ipAddress"]) for fixed in (made.outputs.get("externalFixedIps") or () if made else ())}
    found = {str(fixed["ip_address"]) for fixed in gateway.get("external_fixed_ips") or ()}
    found |= {str(fixed["ip_address"]) for more in row.get("external_gateways") or () for fixed in more.get("external_fixed_ips") or ()}
    if gateway and told and found != told:
        yield router.different(f"{router} is outside as {', '.join(sorted(found)) or 'nothing'}, made as {', '.join(sorted(told))}")


def interfaces(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare who is plugged in where: by the port of every router interface, on the party's networks and of its routers."""
    known = {port: router for made in scope.environment.made.values() for port, router in made.router_interfaces().items()}
    found = {row["id"]: row for row in scope.found.ports if owners.is_routers(row["device_owner"])}
    for name, interface in wanted.interfaces.items():
        made = scope.made.get("router_interfaces", name)
        row = found.pop(made.id.partition("/")[2], None) if made else None
        if row is None:
            text = f"router {interface.router} has no interface on network {interface.network}"
            yield ComparedObject(INTERFACE, made.id.partition("/")[2] if made else "", name).missing(text)
        else:
            yield from _interface(scope, name, interface, row)
    ours = set(scope.made.ids("routers"))
    for row in found.values():
        router = scope.names.of("routers", row["device_id"])
        if owners.is_gateway(row["device_owner"]) and row["device_id"] in ours:
            gateway = ComparedObject("gateway", row["id"], router, f"the gateway of router {router}")
            yield from gateway.differing(row, {"admin_state_up": True})
            continue
        is_other = known.get(row["id"]) == row["device_id"] and row["network_id"] in scope.made.ids("networks")
        if not (is_other or _belongs(scope, row, ours)):
            word = "gateway" if owners.is_gateway(row["device_owner"]) else "interface"
            text = f"router {router} has an undeclared {word} on network {scope.names.of('networks', row['network_id'])}"
            yield ComparedObject(INTERFACE, row["id"], router).further(text, f"openstack router remove port {row['device_id']} {row['id']}")


def _belongs(scope: Scope, row: Json, ours: set[str]) -> bool:
    """Whether Neutron made a port for an interface that is declared: a distributed router's second one, or the one between replicas."""
    is_second = owners.is_router_port(row["device_owner"]) and not owners.is_router_interface(row["device_owner"])
    if not is_second or row["device_id"] not in ours:
        return False
    mates = scope.whole.by["device"][row["device_id"]]
    known = scope.made.router_interfaces()
    return row["device_owner"] != "network:router_centralized_snat" or any(
        mate["id"] in known and mate["network_id"] == row["network_id"] for mate in mates
    )


def _interface(scope: Scope, name: str, want: DeclaredInterface, row: Json) -> Iterator[Deviation]:
    one = ComparedObject(INTERFACE, row["id"], name, f"the interface of router {want.router} on network {want.network}")
    router = scope.made.get("routers", want.router)
    if router and row["device_id"] != router.id:
        yield one.different(f"{one} is plugged into router {scope.names.of('routers', row['device_id'])}")
    port = scope.made.get("ports", name)
    told = port.outputs.get("allFixedIps") or () if port and want.has_port else ()
    declared = {str(address) for address in told} if want.has_port else {str(want.address)}
    found = {str(fixed["ip_address"]) for fixed in row["fixed_ips"]}
    if declared and found != declared:
        yield one.different(f"{one} has addresses {', '.join(sorted(found)) or 'none'}, made with {', '.join(sorted(declared))}")
    yield from scope.owned(one, row, scope.platform)
    yield from one.differing(row, {"admin_state_up": True})
    yield from one.unusual(row, {"allowed_address_pairs": []})
