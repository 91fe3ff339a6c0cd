"""Networks, subnets, routers, public addresses and what is lent, against the declaration, both ways. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.neutron import owners
from ringfence.verify.cloud.scope import differing, owner, unusual

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.topology import DeclaredInterface
    from ringfence.verify.cloud.scope import Scope
    from ringfence.verify.cloud.wanted import Router, Subnet, Wanted

Json = dict[str, Any]
SHARED = ("networks", "groups", "address_groups", "subnet_pools")
"""What an RBAC policy can lend."""


def _project(scope: Scope, wanted: Wanted, name: str) -> str:
    """Return whose a thing of the stack is: a tenant's fence is the platform's."""
    return scope.platform if name in wanted.fenced else scope.project


def networks(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Compare networks and subnets; none is shared with everybody, none hands out routes that are not declared."""
    pairs, problems = scope.compared("networks", wanted.networks)
    yield from problems
    for name, row in pairs.items():
        if row["shared"] and name not in wanted.fenced:
            yield f"network {name} is shared"
        if row.get("router:external"):
            yield f"network {name} is external"
        if row.get("port_security_enabled") is False:
            yield f"new ports on network {name} have no port security"
        yield from scope.owned(f"network {name}", row, _project(scope, wanted, name))
        made = scope.made.get("networks", name)
        yield from differing(f"network {name}", row, {"admin_state_up": True})
        told = made.outputs if made else {}
        usual: dict[str, object] = {"pvlan": False, "qinq": False, "vlan_transparent": told.get("transparentVlan", False)}
        yield from unusual(f"network {name}", row, {**usual, "mtu": told.get("mtu", row.get("mtu"))})
    if scope.tenant is not None:
        yield from scope.compared("subnet_pools", ())[1]
    pairs, problems = scope.compared("subnets", wanted.subnets)
    yield from problems
    for name, row in pairs.items():
        yield from _subnet(scope, name, row, wanted.subnets[name])
        yield from scope.owned(f"subnet {name}", row, _project(scope, wanted, wanted.subnets[name].network))


def _subnet(scope: Scope, name: str, row: Json, want: Subnet) -> Iterator[str]:
    routes = tuple(sorted((route["destination"], route["nexthop"]) for route in row["host_routes"]))
    if (row["cidr"], row["gateway_ip"], routes) != (want.cidr, want.gateway, want.routes):
        yield (
            f"subnet {name} is {row['cidr']} gateway {row['gateway_ip'] or 'none'} routes {_routes(routes)}, "
            f"declared {want.cidr} gateway {want.gateway or 'none'} routes {_routes(want.routes)}"
        )
    if row["enable_dhcp"]:
        yield f"subnet {name} has DHCP on"
    what, network = f"subnet {name}", scope.made.get("networks", want.network)
    if network and row["network_id"] != network.id:
        yield f"{what} is on network {scope.names.of('networks', row['network_id'])}, declared {want.network}"
    yield from differing(what, row, {"dns_nameservers": [], "allocation_pools": want.pools()})
    usual: dict[str, object] = {
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "service_types": [],
        "segment_id": None,
        "leak_routes": False,
    }
    yield from unusual(what, row, {**usual, "subnetpool_id": want.pool_id})


def _routes(routes: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{to} via {hop}" for to, hop in routes) or "none"


def pools(scope: Scope, wanted: Iterable[str]) -> Iterator[str]:
    """Compare the pool that the tenants' management subnets come from; other pools are the operator's."""
    pairs, _, problems = scope.match("subnet_pools", wanted)
    yield from problems
    pool = scope.world.platform.pool
    for name, row in pairs.items():
        what, length = f"subnet pool {name}", pool.prefix
        lengths = {"default_prefixlen": length, "min_prefixlen": length, "max_prefixlen": length}
        given = {key: int(row[key]) for key in lengths}
        yield from differing(what, {**row, **given}, {"prefixes": [str(pool.cidr)], "shared": False, **lengths})
        yield from unusual(what, row, {"is_default": False, "address_scope_id": None})
        yield from scope.owned(what, row)


def sharing(scope: Scope) -> Iterator[str]:
    """Find every RBAC policy on the party's objects but those that some stack made; its own have to be there as they were made."""
    made = {id_: resource for stack in scope.world.made.values() for id_, resource in stack.ids("rbac").items()}
    own = scope.made.ids("rbac")
    for row in sorted(scope.view.rbac, key=lambda row: (row["object_id"], row["action"], row["target_tenant"])):
        lent = made.get(row["id"])
        if lent is None or not _is_as_made(row, lent.outputs):
            who = "everybody" if row["target_tenant"] == "*" else scope.names.project(row["target_tenant"])
            yield f"{row['object_type']} {_lent_name(scope, row['object_id'])} is shared with {who} ({row['action']})"
    left = {row["id"] for row in scope.view.rbac}
    yield from (f"network {resource.name} is not lent to the tenant's project" for id_, resource in own.items() if id_ not in left)
    if scope.tenant is not None and not own:
        yield "the management segment is not lent to the tenant's project"


def _is_as_made(row: Json, told: Json) -> bool:
    keys = {"object_id": "objectId", "object_type": "objectType", "action": "action", "target_tenant": "targetTenant"}
    return all(row[key] == told.get(word) for key, word in keys.items())


def _lent_name(scope: Scope, id_: str) -> str:
    kind = next((kind for kind in SHARED if scope.names.row(kind, id_)), "")
    return scope.names.of(kind, id_) if kind else id_


def routers(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Compare the party's routers: gateway, translation, routes; none is there that is not declared."""
    pairs, problems = scope.compared("routers", wanted.routers)
    yield from problems
    for name, row in pairs.items():
        yield from _router(scope, name, row, wanted.routers[name])
        yield from scope.owned(f"router {name}", row, _project(scope, wanted, name))


def _router(scope: Scope, name: str, row: Json, want: Router) -> Iterator[str]:
    what, gateway = f"router {name}", row["external_gateway_info"] or {}
    routes = {(route["destination"], route["nexthop"]) for route in row.get("routes") or ()}
    yield from (f"undeclared route on router {name}: {to} via {hop}" for to, hop in sorted(routes - want.routes))
    yield from (f"router {name} has no route to {to} via {hop}" for to, hop in sorted(want.routes - routes))
    yield from differing(what, row, {"admin_state_up": True})
    yield from unusual(what, row, {"enable_ndp_proxy": False, "conntrack_helpers": [], "evpn_vni": None})
    if not want.outside:
        if gateway:
            yield f"router {name} has a gateway outside: its segment has a default route"
        return
    outside = str(scope.world.platform_facts.external_network_id)
    others = {str(more["network_id"]) for more in row.get("external_gateways") or ()} - {outside}
    if not gateway:
        yield f"router {name} has no gateway outside"
    for network in sorted({*others, str(gateway.get("network_id") or outside)} - {outside}):
        other = scope.names.of("networks", network)
        yield f"router {name} has a gateway on network {other}, declared {scope.world.platform.external_network}"
    if gateway and not gateway.get("enable_snat", True):
        yield f"router {name} does not translate addresses (enable_snat false)"
    yield from _outer_addresses(scope, name, gateway, row)


def _outer_addresses(scope: Scope, name: str, gateway: Json, row: Json) -> Iterator[str]:
    """Compare the addresses outside with those that the cloud gave when the stack made the router."""
    made = scope.made.get("routers", name)
    told = {str(fixed["ipAddress"]) for fixed in (made.outputs.get("externalFixedIps") or () if made else ())}
    found = {str(fixed["ip_address"]) for fixed in gateway.get("external_fixed_ips") or ()}
    found |= {str(fixed["ip_address"]) for more in row.get("external_gateways") or () for fixed in more.get("external_fixed_ips") or ()}
    if gateway and told and found != told:
        yield f"router {name} is outside as {', '.join(sorted(found)) or 'nothing'}, made as {', '.join(sorted(told))}"


def legs(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Compare who is plugged in where: by the port of every leg, on the party's networks and of its routers."""
    known = {port: router for made in scope.world.made.values() for port, router in made.legs().items()}
    found = {row["id"]: row for row in scope.view.ports if owners.is_routers(row["device_owner"])}
    for name, leg in wanted.legs.items():
        made = scope.made.get("legs", name)
        row = found.pop(made.id.partition("/")[2], None) if made else None
        if row is None:
            yield f"router {leg.router} has no interface on network {leg.network}"
        else:
            yield from _leg(scope, name, leg, row)
    ours = set(scope.made.ids("routers"))
    for row in found.values():
        if owners.is_gateway(row["device_owner"]) and row["device_id"] in ours:
            yield from differing(f"the gateway of router {scope.names.of('routers', row['device_id'])}", row, {"admin_state_up": True})
            continue
        is_other = known.get(row["id"]) == row["device_id"] and row["network_id"] in scope.made.ids("networks")
        if not (is_other or _belongs(scope, row, ours)):
            router = scope.names.of("routers", row["device_id"])
            word = "gateway" if owners.is_gateway(row["device_owner"]) else "leg"
            yield f"router {router} has an undeclared {word} on network {scope.names.of('networks', row['network_id'])}"


def _belongs(scope: Scope, row: Json, ours: set[str]) -> bool:
    """Whether Neutron made a port for a leg that is declared: the second one of a distributed router, or the one between replicas."""
    is_second = owners.is_router_port(row["device_owner"]) and not owners.is_router_interface(row["device_owner"])
    if not is_second or row["device_id"] not in ours:
        return False
    mates = scope.whole.by["device"][row["device_id"]]
    known = scope.made.legs()
    return row["device_owner"] != "network:router_centralized_snat" or any(
        mate["id"] in known and mate["network_id"] == row["network_id"] for mate in mates
    )


def _leg(scope: Scope, name: str, leg: DeclaredInterface, row: Json) -> Iterator[str]:
    what = f"interface of router {leg.router} on network {leg.network}"
    router = scope.made.get("routers", leg.router)
    if router and row["device_id"] != router.id:
        yield f"the {what} is plugged into router {scope.names.of('routers', row['device_id'])}"
    port = scope.made.get("ports", name)
    told = port.outputs.get("allFixedIps") or () if port and leg.has_port else ()
    declared = {str(address) for address in told} if leg.has_port else {str(leg.address)}
    found = {str(fixed["ip_address"]) for fixed in row["fixed_ips"]}
    if declared and found != declared:
        yield f"the {what} has addresses {', '.join(sorted(found)) or 'none'}, made with {', '.join(sorted(declared))}"
    yield from scope.owned(f"the {what}", row, scope.platform)
    yield from differing(f"the {what}", row, {"admin_state_up": True})
    yield from unusual(f"the {what}", row, {"allowed_address_pairs": []})


def public(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Compare floating IPs: which port has one, and at which of its addresses."""
    pairs, others, problems = scope.match("floating_ips", wanted.public)
    yield from problems
    for row in others:
        at = f"on {scope.names.of('ports', row['port_id'])}" if row.get("port_id") else "on no port"
        yield f"undeclared public address {row['floating_ip_address']} {at} of {scope.names.project(owner(row))}"
    for name, row in pairs.items():
        what, port, made = f"public address {name}", scope.made.get("ports", wanted.public[name]), scope.made.get("floating_ips", name)
        if port and row["port_id"] != port.id:
            at = scope.names.of("ports", row["port_id"]) if row["port_id"] else "no port"
            yield f"{what} is on {at}, declared {wanted.public[name]}"
        told = made.outputs.get("address") if made else None
        if told and row["floating_ip_address"] != told:
            yield f"{what} is {row['floating_ip_address']}, made as {told}"
        yield from scope.owned(what, row)
        fixed = {str(address) for address in wanted.ports[wanted.public[name]].addresses}
        if row["port_id"] and row["fixed_ip_address"] not in fixed:
            yield f"{what} leads to {row['fixed_ip_address']}, declared {', '.join(sorted(fixed))}"
        if row["floating_network_id"] != scope.world.platform_facts.external_network_id:
            yield f"{what} is of network {scope.names.of('networks', row['floating_network_id'])}"
