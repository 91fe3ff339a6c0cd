"""Before the first change: is there room for all that is to be made? A cloud that would stop a stack in its middle is asked first.

What is to be made is what is declared without what the stack has. Where that is nothing, nobody is asked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import pulumi

from infra.components.quotas import platform_limits, project_limits
from infra.declaration import names
from infra.dynamic import usage
from infra.errors import NoRoomError
from infra.neutron.quotas import demand
from infra.neutron.quotas.demand import Demand
from infra.neutron.quotas.room import Account, Gauge, no_place, shortages, unknown_flavors
from infra.outputs import PlatformOutput, decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.components.guard import OldOutputs
    from infra.declaration.model import Platform, Tenant
    from infra.dynamic.limits import Limits
    from infra.errors import Problem
    from infra.neutron.quotas.room import Room
    from infra.policy.rules import TenantPolicy

NETWORK = {
    "Network": "network",
    "Subnet": "subnet",
    "Port": "port",
    "Router": "router",
    "FloatingIp": "floatingip",
    "SecGroup": "security_group",
    "SecGroupRule": "security_group_rule",
    "RbacPolicyV2": "rbac_policy",
}
FENCE = "ringfence:tenant:Management$"
"""In the URN of what belongs to a management segment, and so to the platform's project."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a stack has: in the tenant's project and in the platform's, and how many routes."""

    inside: Demand
    fence: Demand
    routes: int


def made(old: OldOutputs) -> Made:
    """Count what a tenant's stack has; in the platform's stack both parts are the platform's."""
    inside, fence = Demand(), Demand()
    routes = 0
    for urn, outputs in old.items():
        kind = kind_of(urn)
        routes += kind == "ManagementRoute"
        is_fence = FENCE in urn or kind in {"Router", "RouterLeg"}
        _count(fence if is_fence else inside, kind, outputs)
    return Made(inside, fence, routes)


def kind_of(urn: str) -> str:
    """Return the last word of a resource's type. A name may have colons of its own: an IPv6 prefix, in the name of a rule."""
    return urn.split("::", 3)[2].rpartition(":")[2]


def _count(into: Demand, kind: str, outputs: Mapping[str, Any]) -> None:
    """Count one resource. With a network comes a port of Neutron's own, with a project its default group."""
    if kind in NETWORK:
        into.network[NETWORK[kind]] += 1
        into.network["port"] += kind == "Network"
    elif kind == "RouterLeg":
        into.network["port"] += not outputs.get("port_id")
    elif kind == "Project":
        into.network["security_group"] += 1
    elif kind == "Instance":
        into.compute["instances"] += 1
        into.flavors[str(outputs.get("flavorName"))] += 1
    elif kind == "Volume":
        into.volume["volumes"] += 1
        into.volume["gigabytes"] += int(outputs.get("size") or 0)


def refuse_platform(platform: Platform, old: OldOutputs) -> None:
    """Refuse an update of the platform that its project has no room for.

    Raises :class:`NoRoomError` with every limit that is too low.
    """
    has = made(old)
    need = demand.of_platform(platform) - has.inside - has.fence
    if not need:
        return
    flavors, limits = usage.flavors(), platform_limits(platform)
    project_id = usage.own_project()
    account = _platform_account(project_id, _raised(usage.room(project_id), limits), limits)
    _refuse([*unknown_flavors(need, flavors), *shortages(account, need, flavors)])


def refuse_tenant(tenant: Tenant, platform: Platform, policy: TenantPolicy, old: OldOutputs) -> None:
    """Refuse an update of a tenant that its own or the platform's project has no room for, or no router of the platform a place.

    Raises :class:`NoRoomError` with every limit that is too low.
    """
    has = made(old)
    inside, fence = demand.of_tenant(tenant, policy) - has.inside, demand.ring_fence(tenant) - has.fence
    if not (inside or fence):
        return
    facts = platform_facts()
    if facts is None:
        return  # the program says so when it reads what it needs of the platform
    project_id, flavors = facts.project_id, usage.flavors() if inside.flavors else {}
    limits = platform_limits(platform)
    problems = list(unknown_flavors(inside, flavors))
    if inside:
        problems += shortages(_own_account(tenant, project_limits(tenant, policy, platform), old, project_id), inside, flavors)
    if fence:
        problems += shortages(_platform_account(project_id, usage.room(project_id), limits), fence, flavors)
    if not has.routes:
        routers = usage.tenants_routes(facts.routers(), str(platform.pool.cidr))
        problems += no_place(routers, platform.backbone.max_routes, 1)
    _refuse(problems)


def _platform_account(project_id: str, room: Room, limits: Limits) -> Account:
    return Account(names.PLATFORM, project_id, room, names.PLATFORM, asdict(limits))


def _own_account(tenant: Tenant, limits: Limits, old: OldOutputs, any_project_id: str) -> Account:
    """Return the tenant's project: as it is, with the limits that this update would change as they will be."""
    project_id = next((str(outputs["id"]) for urn, outputs in old.items() if kind_of(urn) == "Project" and outputs.get("id")), "")
    known = next((outputs for urn, outputs in old.items() if kind_of(urn) == "ProjectLimits"), {})
    room = usage.room(project_id) if project_id else usage.usual_room(any_project_id)
    changes = {service: numbers for service, numbers in asdict(limits).items() if known.get(service) != numbers}
    found = {service: {**gauges, **dict(_planned(gauges, changes.get(service, {})))} for service, gauges in room.items()}
    return Account(names.project(tenant.name), project_id, found, tenant.name, asdict(limits))


def _planned(gauges: Mapping[str, Gauge], numbers: Mapping[str, int]) -> Iterable[tuple[str, Gauge]]:
    return [(name, replace(gauges[name], limit=number)) for name, number in numbers.items() if name in gauges]


def _raised(room: Room, limits: Limits) -> Room:
    """Return the gauges as the platform's stack will make them: it raises what is too low before it needs it."""
    planned = asdict(limits)
    return {
        service: {
            name: replace(gauge, limit=max(gauge.limit, planned[service].get(name, 0)) if gauge.limit >= 0 else gauge.limit)
            for name, gauge in gauges.items()
        }
        for service, gauges in room.items()
    }


def _refuse(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise NoRoomError(*found)


def platform_facts() -> PlatformOutput | None:
    """Ask the engine for the outputs of the platform's stack, ``None`` when there are none."""
    stack = f"organization/{pulumi.get_project()}/{names.PLATFORM}"
    answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value or {}
    facts = (answer.get("outputs") or {}).get(names.PLATFORM)
    return None if facts is None else decoded(PlatformOutput, facts, names.PLATFORM)
