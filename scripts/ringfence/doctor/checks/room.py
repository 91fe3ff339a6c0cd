"""Whether there is room: quotas that no stack raises by itself, places for routes and segments, addresses outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.declaration import addresses, names
from infra.neutron.quotas import demand
from infra.neutron.quotas.demand import Demand, total
from infra.neutron.quotas.room import Account, Flavor, Gauge, shortages, sized
from infra.policy.flows import expand
from ringfence.doctor.checks.network import declared_external
from ringfence.doctor.model import DECLARATION, STACKS, Check, Facts, Finding, found, lacking, needless, skipped, untold
from ringfence.doctor.reads import ADDRESSES, NAMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.declaration import TenantDeclaration

ROUTES = "router_route"
"""Neutron's quota for the routes of a router, since 2026.2."""


def coming(facts: Facts) -> tuple[TenantDeclaration, ...]:
    """Return the declared tenants that no stack has made anything of."""
    return tuple(one for one in facts.declared.tenants if not is_up(facts, one.tenant.name))


def is_up(facts: Facts, stack: str) -> bool:
    """Tell whether a stack has made anything."""
    known = (facts.made or {}).get(stack)
    return known is not None and bool(known.kinds)


def further(facts: Facts) -> int:
    """Return for how many tenants beyond the declared ones there is to be room."""
    return max(0, facts.tenants - len(facts.declared.tenants))


def platform_demand(facts: Facts) -> Demand:
    """Return what the platform's project has yet to hold."""
    own = _still_platforms(facts)
    fences = total(demand.ring_fence(one.tenant) for one in coming(facts))
    return own + fences + total(demand.of_ring_fence(demand.SUBNETS_OF_A_TENANT) for _ in range(further(facts)))


def _still_platforms(facts: Facts) -> Demand:
    """Return what the platform's stack has yet to make: everything, or the services server that was declared later."""
    whole = demand.of_platform(facts.platform)
    if not is_up(facts, names.PLATFORM):
        return whole
    known = (facts.made or {})[names.PLATFORM].get("servers", names.SERVICES)
    return Demand() if known else whole - demand.of_platform(facts.platform.model_copy(update={"services": None}))


def platform_quota(facts: Facts) -> Iterator[Finding]:
    """Hold what the platform's project has yet to hold against its quotas.

    Its stack raises those of what it counts itself, when it is made; later nobody does. Processors and memory are always the operator's.
    """
    need, flavors, room = platform_demand(facts), _flavors(facts), _room(facts)
    token, raised = facts.seen.token, demand.of_pool(facts.platform)
    planned = {part: {key: demand.ROOM * number for key, number in getattr(raised, part).items()} for part in room}
    if not is_up(facts, names.PLATFORM):
        room = {part: {key: gauge for key, gauge in gauges.items() if key not in planned[part]} for part, gauges in room.items()}
    problems = list(shortages(Account(token.project, token.project_id, room, names.PLATFORM, planned), need, flavors))
    for problem in problems:
        yield lacking(f"{problem.where}: {problem.got}, needed is {problem.expected}", problem.hint)
    if not problems:
        yield found(f"room for {len(coming(facts)) + further(facts)} more tenants in project {token.project}")


def _room(facts: Facts) -> dict[str, dict[str, Gauge]]:
    """Return the gauges of the platform's project."""
    reads = {"network": "network-quota", "compute": "compute-quota", "volume": "volume-quota"}
    return {part: {key: _gauge(row) for key, row in facts.body(read).items() if isinstance(row, dict)} for part, read in reads.items()}


def _gauge(row: Mapping[str, Any]) -> Gauge:
    used = row["used"] if "used" in row else row["in_use"]
    return Gauge(int(used) + int(row.get("reserved", 0)), int(row["limit"]))


def _flavors(facts: Facts) -> dict[str, Flavor]:
    return {row["name"]: Flavor(int(row["vcpus"]), int(row["ram"])) for row in facts.rows("flavors")}


def tenant_quota(facts: Facts) -> Iterator[Finding]:
    """Hold each tenant that is still to be made against what Nova gives to a new project: its stack sets all the rest."""
    defaults = facts.body("compute-defaults")
    gauges = {name: Gauge(0, int(defaults[name])) for name in ("cores", "ram")}
    flavors, waiting = _flavors(facts), coming(facts)
    for one in waiting:
        name, need = one.tenant.name, demand.of_tenant(one.tenant, expand(one, facts.platform))
        short = [(key, more) for _, key, more in sized(Demand(flavors=need.flavors), flavors) if gauges[key].lacks(more)]
        for resource, more in short:
            yield lacking(
                f"tenant {name}: {resource}: {more} are needed, a new project has {gauges[resource].limit}",
                f"openstack quota set --default --{resource} {more}",
            )
        if not short:
            yield found(f"{name} fits into a new project")
    if not waiting:
        yield needless("every declared tenant is up" if facts.declared.tenants else "no tenant is declared")


def places(facts: Facts) -> Iterator[Finding]:
    """The pool, the backbone and its routers have a place for every tenant."""
    wanted, platform = max(facts.tenants, len(facts.declared.tenants)), facts.platform
    limits = {
        "segments in pool.cidr": (addresses.most_segments(platform), "a larger pool.cidr, or a longer pool.prefix"),
        "addresses in backbone.cidr": (addresses.most_on_backbone(platform), "a larger backbone.cidr"),
        "routes on the platform's routers": (addresses.most_routed(platform), "a larger backbone.routers"),
    }
    for what, (most, mend) in limits.items():
        yield (
            found(f"{what}: for {most} tenants")
            if wanted <= most
            else lacking(
                f"{what}: for {most} tenants, {wanted} are asked for",
                f"write {mend} in Pulumi.platform.yaml before the first tenant is made",
            )
        )


def routes(facts: Facts) -> Iterator[Finding]:
    """As many routes as are declared fit on a router; older releases do not tell."""
    row, declared = facts.body("network-quota").get(ROUTES), facts.platform.backbone.max_routes
    if row is None:
        yield needless(f"this Neutron has no quota for routes; its setting max_routes is in no API, {declared} are declared")
    elif 0 <= int(row["limit"]) < declared:
        yield found(f"{row['limit']} routes on a router, {declared} are declared: the platform's stack raises the quota")
    else:
        yield found(f"{row['limit']} routes on a router, {declared} are declared")


def outside(facts: Facts) -> Iterator[Finding]:
    """As many addresses are left on the external network as routers and public servers will take."""
    waiting = coming(facts)
    public = [server for one in waiting for server in one.tenant.servers.values() if server.public]
    platform = 0 if is_up(facts, names.PLATFORM) else 2  # its router and the bastion
    need = platform + len(waiting) + len(public) + further(facts)
    for network in declared_external(facts):
        told = facts.about(ADDRESSES, network["id"])
        if told is None:
            yield untold(f"how many addresses are left on {network['name']} is not told", f"openstack ip availability show {network['id']}")
            continue
        subnets = told[NAMED[ADDRESSES].key]["subnet_ip_availability"]
        left = sum(subnet["total_ips"] - subnet["used_ips"] for subnet in subnets if subnet["ip_version"] == 4)  # noqa: PLR2004 - IPv4
        yield (
            found(f"{left} addresses are left on {network['name']}, {need} are needed")
            if left >= need
            else lacking(
                f"{left} addresses are left on {network['name']}, {need} are needed",
                f"openstack subnet create --network {network['id']} --no-dhcp --subnet-range PREFIX NAME, or delete what nobody uses: "
                "openstack floating ip list --status DOWN",
            )
        )
    if not declared_external(facts):
        yield skipped("there is no such external network: see the check external-network")


CHECKS = (
    Check(
        "platform-quota",
        "The platform's project has room for every tenant's ring fence",
        "Routers and management networks of all tenants are the platform's.",
        (DECLARATION, STACKS, "network-quota", "compute-quota", "volume-quota", "flavors"),
        platform_quota,
    ),
    Check(
        "tenant-quota",
        "A new project has processors and memory for a declared tenant",
        "Its stack sets every quota but these two.",
        (DECLARATION, STACKS, "compute-defaults", "flavors"),
        tenant_quota,
    ),
    Check(
        "places",
        "Pool, backbone and routers have a place for every tenant",
        "All three are hard to change once tenants are there.",
        (DECLARATION,),
        places,
    ),
    Check(
        "routes",
        "A router of the platform takes as many routes as are declared",
        "The tenant that is one too many would have no way from the bastion.",
        (DECLARATION, "network-quota"),
        routes,
    ),
    Check(
        "addresses",
        "Addresses are left on the external network",
        "Each tenant's router takes one, each public server another.",
        (DECLARATION, STACKS, "external"),
        outside,
    ),
)
