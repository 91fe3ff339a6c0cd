"""The cloud against the declaration, both ways: what is declared is there, and what is there is declared. Pure.

This finds what no packet can show: a rule that nothing uses yet, a network shared with a stranger, a volume that is stored in the clear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.declaration.addresses import gateway
from infra.neutron.owners import is_router_leg
from infra.outcome import Outcome, Verdict
from ringfence.verify.cloud_groups import address_groups, ports, rules, wanted_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.cloud_view import View
    from ringfence.verify.world import TenantWorld, World

Json = dict[str, Any]


def compare(world: World, tenant: TenantWorld, view: View) -> Iterator[Outcome]:
    """Yield one outcome for each subject."""
    subjects = {
        "security group rules are the declared ones": rules(tenant, view),
        "address groups hold the declared prefixes": address_groups(tenant, view),
        "ports are the declared ones, with their groups and port security": ports(tenant, view),
        "networks and subnets are the declared ones": networks(world, tenant, view),
        "nothing is shared but the management segment with its tenant": sharing(tenant, view),
        "the edge router joins the tenant's zones only": edge(tenant, view),
        "the management router joins segment and backbone only": management(world, tenant, view),
        "public addresses are the declared ones": public(tenant, view),
        "servers are the declared ones": servers(tenant, view),
        "volumes are the declared ones, all of encrypted types": volumes(world, tenant, view),
        "everything is labelled": labels(tenant, view),
    }
    for what, problems in subjects.items():
        found = list(problems)
        yield Outcome(f"{tenant.name} {what}", Verdict.FAIL if found else Verdict.PASS, "; ".join(found), tenant.name)


def networks(world: World, tenant: TenantWorld, view: View) -> Iterator[str]:
    """Compare networks and subnets; none is shared with everybody, none hands out routes that are not declared."""
    wanted = {names.network(tenant.name, zone): zone for zone in tenant.declaration.zones}
    segment = names.management(tenant.name)
    found = {row["name"]: row for row in view.networks}
    yield from (f"undeclared network {name}" for name in sorted(found.keys() - wanted.keys() - {segment}))
    yield from (f"missing network {name}" for name in sorted({*wanted, segment} - found.keys()))
    for name in sorted(found.keys() & {*wanted, segment}):
        if found[name]["shared"] and name != segment:
            yield f"network {name} is shared"
        if found[name].get("router:external"):
            yield f"network {name} is external"
        if found[name].get("port_security_enabled") is False:
            yield f"new ports on network {name} have no port security"
    expected: dict[str, tuple[str, str | None, tuple[tuple[str, str], ...]]] = {
        names.subnet(tenant.name, zone, network.version): (str(network), str(hop), ())
        for zone, declared in tenant.declaration.zones.items()
        for network, hop in zip(declared.networks, gateway(declared), strict=True)
    }
    facts = tenant.facts["management"]
    expected[segment] = (facts["cidr"], None, ((str(world.platform.backbone.cidr), facts.get("router", "")),))
    for row in view.subnets:
        routes = tuple(sorted((route["destination"], route["nexthop"]) for route in row["host_routes"]))
        if row["name"] not in expected:
            yield f"undeclared subnet {row['name'] or row['id']} {row['cidr']}"
        elif (row["cidr"], row["gateway_ip"], routes) != expected[row["name"]]:
            yield f"subnet {row['name']} is {row['cidr']} gateway {row['gateway_ip']} routes {routes}, declared {expected[row['name']]}"
        elif row["enable_dhcp"]:
            yield f"subnet {row['name']} has DHCP on"
    yield from (f"missing subnet {name}" for name in sorted(expected.keys() - {row["name"] for row in view.subnets}))


def sharing(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Find every RBAC policy on the tenant's objects but the one that lends it its management segment."""
    facts = tenant.facts
    lent = (facts["management"]["network_id"], "access_as_shared", facts["project_id"])
    found = [(row["object_id"], row["action"], row["target_tenant"]) for row in view.rbac]
    kinds = {row["object_id"]: row["object_type"] for row in view.rbac}
    for object_id, action, target in sorted(found):
        if (object_id, action, target) != lent:
            who = "everybody" if target == "*" else f"project {target}"
            yield f"{kinds[object_id]} {_name(view, object_id)} is shared with {who} ({action})"
    if lent not in found:
        yield "the management segment is not lent to the tenant's project"


def _name(view: View, object_id: str) -> str:
    rows = (*view.networks, *view.groups, *view.address_groups)
    return next((str(row["name"]) for row in rows if row["id"] == object_id), object_id)


def _legs(view: View, network_ids: set[str]) -> set[tuple[str, str]]:
    """Return (router, network) of every router leg on some networks."""
    return {
        (row["device_id"], row["network_id"])
        for row in view.ports
        if is_router_leg(row["device_owner"]) and row["network_id"] in network_ids
    }


def edge(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Check who routes the zones, where to, and that no route was added."""
    facts = tenant.facts
    zones = {zone["network_id"] for zone in facts["zones"].values()}
    wanted = {(facts["edge_router_id"], network) for network in zones}
    yield from _leg_problems(view, _legs(view, zones), wanted)
    others = {
        row["network_id"] for row in view.ports if row["device_id"] == facts["edge_router_id"] and is_router_leg(row["device_owner"])
    } - zones
    yield from (f"the edge router has a leg on network {_name(view, network)}" for network in sorted(others))
    yield from _routes(view.router(facts["edge_router_id"]), set())


def management(world: World, tenant: TenantWorld, view: View) -> Iterator[str]:
    """Check that the management router has two legs, no gateway and no route, and that the platform's router knows the way back."""
    facts = tenant.facts["management"]
    router = facts["router_id"]
    yield from _leg_problems(view, _legs(view, {facts["network_id"]}), {(router, facts["network_id"])})
    legs = {row["network_id"]: row for row in view.ports if row["device_id"] == router}
    backbone = world.platform_facts["backbone"]["network_id"]
    yield from (
        f"the management router has a leg on network {_name(view, network)}"
        for network in sorted(legs.keys() - {facts["network_id"], backbone})
    )
    row = view.router(router)
    if row.get("external_gateway_info"):
        yield "the management router has a gateway outside: its segment has a default route"
    yield from _routes(row, set())
    outside = legs.get(backbone)
    hop = outside["fixed_ips"][0]["ip_address"] if outside else "?"
    back = {(route["destination"], route["nexthop"]) for route in view.router(world.platform_facts["router_id"]).get("routes", ())}
    if (facts["cidr"], hop) not in back:
        yield f"the platform's router has no route to {facts['cidr']} via {hop}"


def _leg_problems(view: View, found: set[tuple[str, str]], wanted: set[tuple[str, str]]) -> Iterator[str]:
    for router, network in sorted(found - wanted):
        yield f"router {view.router(router).get('name') or router} has an undeclared leg on network {_name(view, network)}"
    for router, network in sorted(wanted - found):
        yield f"router {view.router(router).get('name') or router} has no leg on network {_name(view, network)}"


def _routes(router: Json, wanted: set[tuple[str, str]]) -> Iterator[str]:
    found = {(route["destination"], route["nexthop"]) for route in router.get("routes", ())}
    yield from (f"undeclared route on router {router.get('name')}: {to} via {hop}" for to, hop in sorted(found - wanted))


def public(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Compare floating IPs: which server has one, and which address it leads to."""
    wanted = {
        (server["public"], server["nics"][tenant.declaration.servers[name].public]["port_id"])
        for name, server in tenant.facts["servers"].items()
        if server.get("public")
    }
    found = {(row["floating_ip_address"], row["port_id"]) for row in view.floating_ips}
    port_names = {row["id"]: row["name"] for row in view.ports}
    yield from (f"undeclared public address {address} on {port_names.get(port, port)}" for address, port in sorted(found - wanted, key=str))
    yield from (f"missing public address {address} on {port_names.get(port, port)}" for address, port in sorted(wanted - found))


def servers(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Compare servers and the ports they have."""
    wanted = {
        names.server(tenant.name, name): {*(nic["port_id"] for nic in facts["nics"].values()), facts["management_port_id"]}
        for name, facts in tenant.facts["servers"].items()
    }
    found = {row["name"]: row for row in view.servers}
    yield from (f"undeclared server {name}" for name in sorted(found.keys() - wanted.keys()))
    yield from (f"missing server {name}" for name in sorted(wanted.keys() - found.keys()))
    for name in sorted(wanted.keys() & found.keys()):
        extra = set(found[name]["interfaces"]) - wanted[name]
        if extra:
            yield f"{name} has {len(extra)} undeclared network card(s): port {', '.join(sorted(extra))}"
        if wanted[name] - set(found[name]["interfaces"]):
            yield f"{name} lacks a declared network card"
        if found[name]["status"] != "ACTIVE":
            yield f"{name} is {found[name]['status']}"


def volumes(world: World, tenant: TenantWorld, view: View) -> Iterator[str]:
    """Compare volumes, their types, and whether these really encrypt."""
    wanted: dict[str, str] = {}
    for name, server in tenant.declaration.servers.items():
        kind = server.volume_type or world.platform.default_volume_type
        wanted[names.root_volume(tenant.name, name)] = kind
        wanted |= {names.data_volume(tenant.name, name, disk): kind for disk in server.data}
    found = {row["name"] or row["id"]: row for row in view.volumes}
    yield from (f"undeclared volume {name} of type {found[name]['volume_type']}" for name in sorted(found.keys() - wanted.keys()))
    yield from (f"missing volume {name}" for name in sorted(wanted.keys() - found.keys()))
    for name, row in sorted(found.items()):
        if row["volume_type"] != wanted.get(name, row["volume_type"]):
            yield f"volume {name} is of type {row['volume_type']}, declared {wanted[name]}"
        if not row["encrypted"] or row["volume_type"] not in view.encrypted_types:
            yield f"volume {name} is stored in the clear (type {row['volume_type']})"


def labels(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Check the labels of everything that has tags."""
    wanted = set(names.tag_list(names.tags(tenant.declaration)))
    rows = (*view.networks, *view.subnets, *(row for row in view.ports if row["name"] in wanted_ports(tenant)), *view.floating_ips)
    for row in rows:
        missing = wanted - set(row.get("tags", ()))
        if missing:
            yield f"{row.get('name') or row['id']} lacks {', '.join(sorted(missing))}"
