"""Whether what is to be made fits into what a project may hold, and what to raise where it does not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import Problem

if TYPE_CHECKING:
    from infra.neutron.quotas.demand import Demand

Numbers = Mapping[str, int]
SERVICES = ("network", "compute", "volume")
OPTIONS = {
    "network": "--networks",
    "subnet": "--subnets",
    "port": "--ports",
    "router": "--routers",
    "floatingip": "--floating-ips",
    "security_group": "--secgroups",
    "security_group_rule": "--secgroup-rules",
    "rbac_policy": "--rbac-policies",
}
"""How `openstack quota set` calls Neutron's resources; the other services' go by their own names."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of something a project has, and how much it may have; a negative limit is none."""

    used: int
    limit: int

    def lacks(self, more: int) -> bool:
        """Tell whether so many more do not fit in."""
        return more > 0 and 0 <= self.limit < self.used + more


@dataclass(frozen=True, slots=True)
class Flavor:
    """What a server of a flavor takes: processors, and memory in MiB."""

    cores: int
    ram: int


Room = Mapping[str, Mapping[str, Gauge]]
"""The gauges of a project, by service and resource. What is not there has no limit."""


@dataclass(frozen=True, slots=True)
class Account:
    """A project: what it is called, its id (empty before it is made), its gauges, and what its own stack would set.

    ``stack`` is the stack that sets these limits; ``planned`` are they, by service.
    """

    name: str
    id: str
    room: Room
    stack: str
    planned: Mapping[str, Numbers]


def sized(need: Demand, flavors: Mapping[str, Flavor]) -> Iterator[tuple[str, str, int]]:
    """Yield service, resource and number of all that is needed; the servers' flavors as processors and memory."""
    for service in SERVICES:
        for resource, number in getattr(need, service).items():
            yield service, resource, number
    known = [(flavors[name], number) for name, number in need.flavors.items() if name in flavors]
    yield "compute", "cores", sum(flavor.cores * number for flavor, number in known)
    yield "compute", "ram", sum(flavor.ram * number for flavor, number in known)


def unknown_flavors(need: Demand, flavors: Mapping[str, Flavor]) -> Iterator[Problem]:
    """Yield what the cloud has no size for."""
    for name in sorted(set(need.flavors) - set(flavors)):
        yield Problem("the cloud has no such flavor", name, f"one of {', '.join(sorted(flavors))}", hint="openstack flavor list --all")


def shortages(account: Account, need: Demand, flavors: Mapping[str, Flavor]) -> Iterator[Problem]:
    """Yield what a project has no room for: the resource, what is used, the limit, what is needed, and how to raise it."""
    for service, resource, more in sized(need, flavors):
        gauge = account.room.get(service, {}).get(resource)
        if gauge is None or not gauge.lacks(more):
            continue
        enough = gauge.used + more
        yield Problem(
            "the project has no room for what is to be made",
            f"project {account.name}{f' ({account.id})' if account.id else ''}: {resource}",
            f"a limit of {enough} at least: {more} more are needed",
            f"{gauge.used} used of {gauge.limit}",
            _next(account, service, resource, enough),
        )


def _next(account: Account, service: str, resource: str, enough: int) -> str:
    """Return what raises a limit: the stack that sets it, where that is enough, else the operator."""
    planned = account.planned.get(service, {}).get(resource, 0)
    if planned >= enough:
        return f"pulumi up -s {account.stack} --refresh, which sets it to {planned}"
    return f"openstack quota set {OPTIONS.get(resource, f'--{resource}')} {enough} {account.id or account.name}"


def no_place(routers: Mapping[str, int], max_routes: int, more: int) -> Iterator[Problem]:
    """Yield that the platform's routers have no place for the routes of tenants; ``routers`` are their routes to tenants, by name."""
    gauge = Gauge(sum(routers.values()), len(routers) * (max_routes - 1))
    if gauge.lacks(more):
        yield Problem(
            "the platform's routers have no place for another tenant's route",
            f"routers {', '.join(routers)}: routes",
            f"places for {gauge.used + more}: {more} more are needed",
            f"{gauge.used} used of {gauge.limit}: {max_routes} (max_routes) to a router, one of them for the way to the next one",
            f"set backbone.routers in Pulumi.platform.yaml to {-(-(gauge.used + more) // (max_routes - 1))}, then pulumi up -s platform",
        )
