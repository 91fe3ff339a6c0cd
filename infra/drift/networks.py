"""Networks, subnets, public addresses and what is lent, against the declaration, both ways. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift.deviation import ComparedObject
from infra.drift.found import owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.drift.wanted import Wanted, WantedSubnet
    from infra.outcome import Deviation

SHARED = ("networks", "groups", "address_groups", "subnet_pools")
"""What an RBAC policy can lend."""


def networks(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare networks and subnets; none is shared with everybody, none hands out routes that are not declared."""
    pairs, problems = scope.compared("networks", wanted.networks)
    yield from problems
    for name, row in pairs.items():
        network = scope.subject("networks", row, name)
        if row["shared"] and name not in wanted.fenced:
            yield network.different(f"{network} is shared")
        if row.get("router:external"):
            yield network.different(f"{network} is external")
        if row.get("port_security_enabled") is False:
            yield network.different(f"new ports on {network} have no port security")
        yield from scope.owned(network, row, scope.owner_of(name, wanted.fenced))
        made = scope.made.get("networks", name)
        yield from network.differing(row, {"admin_state_up": True})
        told = made.outputs if made else {}
        usual: dict[str, object] = {"pvlan": False, "qinq": False, "vlan_transparent": told.get("transparentVlan", False)}
        yield from network.unusual(row, {**usual, "mtu": told.get("mtu", row.get("mtu"))})
    if scope.tenant is not None:
        yield from scope.compared("subnet_pools", ())[1]
    pairs, problems = scope.compared("subnets", wanted.subnets)
    yield from problems
    for name, row in pairs.items():
        subnet = scope.subject("subnets", row, name)
        yield from _subnet(scope, subnet, row, wanted.subnets[name])
        yield from scope.owned(subnet, row, scope.owner_of(wanted.subnets[name].network, wanted.fenced))


def _subnet(scope: Scope, subnet: ComparedObject, row: Json, want: WantedSubnet) -> Iterator[Deviation]:
    routes = tuple(sorted((route["destination"], route["nexthop"]) for route in row["host_routes"]))
    if (row["cidr"], row["gateway_ip"], routes) != (want.cidr, want.gateway, want.routes):
        yield subnet.different(
            f"{subnet} is {row['cidr']} gateway {row['gateway_ip'] or 'none'} routes {_routes(routes)}, "
            f"declared {want.cidr} gateway {want.gateway or 'none'} routes {_routes(want.routes)}"
        )
    if row["enable_dhcp"]:
        yield subnet.different(f"{subnet} has DHCP on")
    network = scope.made.get("networks", want.network)
    if network and row["network_id"] != network.id:
        yield subnet.different(f"{subnet} is on network {scope.names.of('networks', row['network_id'])}, declared {want.network}")
    yield from subnet.differing(row, {"dns_nameservers": [], "allocation_pools": want.pools()})
    usual: dict[str, object] = {
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "service_types": [],
        "segment_id": None,
        "leak_routes": False,
    }
    yield from subnet.unusual(row, {**usual, "subnetpool_id": want.pool_id})


def _routes(routes: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{to} via {hop}" for to, hop in routes) or "none"


def pools(scope: Scope, wanted: Iterable[str]) -> Iterator[Deviation]:
    """Compare the pool that the tenants' management subnets come from; other pools are the operator's."""
    pairs, _, problems = scope.match("subnet_pools", wanted)
    yield from problems
    declared = scope.environment.platform.pool
    for name, row in pairs.items():
        pool, length = scope.subject("subnet_pools", row, name), declared.prefix
        lengths = {"default_prefixlen": length, "min_prefixlen": length, "max_prefixlen": length}
        given = {key: int(row[key]) for key in lengths}
        yield from pool.differing({**row, **given}, {"prefixes": [str(declared.cidr)], "shared": False, **lengths})
        yield from pool.unusual(row, {"is_default": False, "address_scope_id": None})
        yield from scope.owned(pool, row)


def sharing(scope: Scope) -> Iterator[Deviation]:
    """Find every RBAC policy on the party's objects but those that some stack made; its own have to be there as they were made."""
    made = {id_: resource for stack in scope.environment.made.values() for id_, resource in stack.ids("rbac").items()}
    own = scope.made.ids("rbac")
    for row in sorted(scope.found.rbac, key=lambda row: (row["object_id"], row["action"], row["target_tenant"])):
        lent = made.get(row["id"])
        if lent is None or not _is_as_made(row, lent.outputs):
            who = "everybody" if row["target_tenant"] == "*" else scope.names.project(row["target_tenant"])
            thing = f"{row['object_type']} {_lent_name(scope, row['object_id'])}"
            yield ComparedObject("sharing", row["id"], thing).undeclared(f"{thing} is shared with {who} ({row['action']})")
    left = {row["id"] for row in scope.found.rbac}
    for id_, resource in own.items():
        if id_ not in left:
            yield ComparedObject("sharing", id_, resource.name).missing(f"network {resource.name} is not lent to the tenant's project")
    if scope.tenant is not None and not own:
        yield ComparedObject("sharing", "", scope.tenant.name).missing("the management segment is not lent to the tenant's project")


def _is_as_made(row: Json, told: Json) -> bool:
    keys = {"object_id": "objectId", "object_type": "objectType", "action": "action", "target_tenant": "targetTenant"}
    return all(row[key] == told.get(word) for key, word in keys.items())


def _lent_name(scope: Scope, id_: str) -> str:
    kind = next((kind for kind in SHARED if scope.names.row(kind, id_)), "")
    return scope.names.of(kind, id_) if kind else id_


def public(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare floating IPs: which port has one, and at which of its addresses."""
    pairs, others, problems = scope.match("floating_ips", wanted.public)
    yield from problems
    for row in others:
        at = f"on {scope.names.of('ports', row['port_id'])}" if row.get("port_id") else "on no port"
        address = scope.subject("floating_ips", row, row["floating_ip_address"])
        yield address.undeclared(f"undeclared {address} {at} of {scope.names.project(owner(row))}")
    for name, row in pairs.items():
        address = scope.subject("floating_ips", row, name)
        port, made = scope.made.get("ports", wanted.public[name]), scope.made.get("floating_ips", name)
        if port and row["port_id"] != port.id:
            at = scope.names.of("ports", row["port_id"]) if row["port_id"] else "no port"
            yield address.different(f"{address} is on {at}, declared {wanted.public[name]}")
        told = made.outputs.get("address") if made else None
        if told and row["floating_ip_address"] != told:
            yield address.different(f"{address} is {row['floating_ip_address']}, made as {told}")
        yield from scope.owned(address, row)
        fixed = {str(one) for one in wanted.ports[wanted.public[name]].addresses}
        if row["port_id"] and row["fixed_ip_address"] not in fixed:
            yield address.different(f"{address} leads to {row['fixed_ip_address']}, declared {', '.join(sorted(fixed))}")
        if row["floating_network_id"] != scope.environment.platform_facts.external_network_id:
            yield address.different(f"{address} is of network {scope.names.of('networks', row['floating_network_id'])}")
