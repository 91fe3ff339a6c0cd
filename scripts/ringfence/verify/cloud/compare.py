"""The cloud against the declarations, both ways: what is declared is there, and what is there is declared. Pure.

This finds what no packet can show: a rule that nothing uses yet, a network shared with a stranger, a volume that is stored in the clear.
The platform is compared as its tenants are: whoever has its router or its bastion has a way to all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.errors import RingfenceError
from infra.outcome import Outcome, Verdict
from ringfence.verify.cloud import groups, machines, ports, wanted, wiring
from ringfence.verify.cloud.scope import Whole, owner, platform_scope, tenant_scope
from ringfence.verify.made import ids_of_all, names_of_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ringfence.verify.cloud.scope import Scope
    from ringfence.verify.cloud.view import View
    from ringfence.verify.cloud.wanted import Wanted
    from ringfence.verify.inventory import TenantWorld, World
    from ringfence.verify.made import Made

Json = dict[str, Any]
STRAYS = ("networks", "subnets", "routers", "ports", "groups", "address_groups", "subnet_pools", "servers", "volumes")
"""Kinds of which the platform's project must have nothing with a name or a label of ours but what some stack made."""
LABEL = f"managed-by={names.MANAGED_BY}"


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is compared, with everything that is wrong with it; ``error`` says why it could not be told."""

    who: str
    what: str
    problems: tuple[str, ...] = ()
    error: str = ""

    def outcome(self) -> Outcome:
        """Return the verdict."""
        reason = self.error or "; ".join(self.problems)
        verdict = Verdict.ERROR if self.error else Verdict.FAIL if reason else Verdict.PASS
        return Outcome(f"{self.who} {self.what}", verdict, reason, self.who)

    def standing(self, later: Subject) -> Subject:
        """Return what is wrong by this comparison and by a later one of the same listing."""
        return self if self.error or later.error else replace(self, problems=tuple(p for p in self.problems if p in later.problems))


def compare(world: World, view: View, tenants: Iterable[TenantWorld]) -> Iterator[Outcome]:
    """Yield one outcome for each subject, of the platform and of some tenants, from one listing of the cloud."""
    yield from (subject.outcome() for subject in subjects(world, view, tenants))


def compare_again(world: World, made: Callable[[], Mapping[str, Made]], view: View) -> Iterator[Outcome]:
    """Compare all tenants; if anything is wrong, hold the same listing against what the stacks know by then as well.

    Somebody may bring up another tenant meanwhile: what is in the cloud already is in that tenant's stack a moment later. What is wrong
    by both, stands. The listing is the same, so no fault of the cloud can pass by coming and going.
    """
    found = list(subjects(world, view, world.tenants))
    if all(subject.outcome().verdict is Verdict.PASS for subject in found):
        return (subject.outcome() for subject in found)
    later = subjects(replace(world, made=made()), view, world.tenants)
    return (first.standing(second).outcome() for first, second in zip(found, later, strict=True))


def subjects(world: World, view: View, tenants: Iterable[TenantWorld]) -> Iterator[Subject]:
    """Yield every subject of the platform and of some tenants."""
    whole = Whole.of(view, world.made.values())
    yield from _platform(world, whole)
    for tenant in tenants:
        yield from _tenant(world, tenant, whole)


def _tenant(world: World, tenant: TenantWorld, whole: Whole) -> Iterator[Subject]:
    scope, declared = tenant_scope(world, tenant, whole), wanted.of_tenant(world, tenant)
    found = {
        "security group rules are the declared ones": groups.rules(scope, declared),
        "security groups are on the declared ports only": groups.members(scope, declared),
        "address groups hold the declared prefixes": groups.address_groups(scope, declared),
        "ports are the declared ones, with their groups and port security": ports.ports(scope, declared),
        "no trunk and no forwarding leads to a port": ports.detours(scope, declared),
        "networks and subnets are the declared ones": wiring.networks(scope, declared),
        "nothing is shared but the management segment with its tenant": wiring.sharing(scope),
        "routers are the declared ones": wiring.routers(scope, declared),
        "the edge router joins the zones, the management router segment and backbone, and nobody else is there": _joins(scope, declared),
        "public addresses are the declared ones": wiring.public(scope, declared),
        "servers are the declared ones": machines.servers(scope, declared),
        "volumes are the declared ones, all of encrypted types": machines.volumes(scope, declared),
        "everything is labelled": labels(scope, declared),
    }
    yield from _settled(tenant.name, found)


def _platform(world: World, whole: Whole) -> Iterator[Subject]:
    scope = platform_scope(world, whole)
    routers = scope.made.ids("routers")
    routes = {made.name: set[wanted.Route]() for made in routers.values()}
    for router, to, hop in (route for made in world.made.values() for route in made.routes()):
        if router in routers:
            routes[routers[router].name].add((to, hop))
    declared = wanted.of_platform(world, routes)
    found = {
        "the bastion's group has the declared rules": groups.rules(scope, declared),
        "the bastion's group is on the bastion only": groups.members(scope, declared),
        "ports are the bastion's and the routers'": ports.ports(scope, declared),
        "no trunk and no forwarding leads to a port": ports.detours(scope, declared),
        "the backbone is the declared one": wiring.networks(scope, declared),
        "the management pool is the declared one": wiring.pools(scope, (names.MANAGEMENT_POOL,)),
        "nothing of the platform is shared": wiring.sharing(scope),
        "its routers know the way to the tenants' segments, and no other": wiring.routers(scope, declared),
        "routers on the backbone are its own and the tenants' management routers": wiring.legs(scope, declared),
        "the bastion has the only public address": wiring.public(scope, declared),
        "the bastion is the declared server": machines.servers(scope, declared),
        "the bastion's volume is the declared one": machines.volumes(scope, declared),
        "volume types encrypt as declared": machines.volume_types(scope),
        "nothing else has a name or a label of ours": strays(scope),
        "everything is labelled": labels(scope, declared),
    }
    yield from _settled(names.PLATFORM, found)


def _settled(who: str, found: dict[str, Iterator[str]]) -> Iterator[Subject]:
    for what, problems in found.items():
        try:
            yield Subject(who, what, tuple(dict.fromkeys(problems)))
        except RingfenceError as error:
            yield Subject(who, what, error=str(error))
        except KeyError as missing:
            yield Subject(who, what, error=f"cannot tell: the API does not show {missing} of something that has to be compared")
        except (TypeError, ValueError, AttributeError) as shape:
            yield Subject(who, what, error=f"cannot tell: the API shows something in a form that is not its own ({shape})")


def _joins(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Check every leg, and that the platform's router knows the way back."""
    yield from wiring.legs(scope, wanted)
    for router, to, hop in sorted(scope.made.routes()):
        rows = scope.whole.names.row("routers", router).get("routes") or ()
        if {"destination": to, "nexthop": hop} not in [{key: row[key] for key in ("destination", "nexthop")} for row in rows]:
            yield f"the platform's router has no route to {to} via {hop}"


def strays(scope: Scope) -> Iterator[str]:
    """Find what is in the platform's project with a name or the label of ours, and was made by no stack that the engine knows."""
    stacks = tuple(scope.world.made.values())
    for kind in STRAYS:
        known, called = ids_of_all(stacks, kind), names_of_all(stacks, kind)
        for row in scope.whole.view.rows(kind):
            is_strange = owner(row) == scope.platform and row["id"] not in known
            if is_strange and (row.get("name") in called or _is_labelled(row)):
                yield f"undeclared {scope.noun(kind)} {scope.names.of(kind, row['id'])}"


def _is_labelled(row: Json) -> bool:
    return LABEL in (row.get("tags") or ()) or (row.get("metadata") or {}).get("managed-by") == names.MANAGED_BY


def labels(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Check the labels of everything that has tags or metadata."""
    tagged = set(names.tag_list(dict(wanted.labels)))
    for kind in ("networks", "subnets", "routers", "groups", "ports", "floating_ips"):
        for row, name in _made_rows(scope, kind):
            missing = tagged - set(row.get("tags") or ())
            if missing:
                yield f"{name} lacks {', '.join(sorted(missing))}"
    for kind in ("servers", "volumes"):
        for row, name in _made_rows(scope, kind):
            missing = {f"{key}={value}" for key, value in wanted.labels.items() if (row.get("metadata") or {}).get(key) != value}
            if missing:
                yield f"{scope.noun(kind)} {name} lacks {', '.join(sorted(missing))}"


def _made_rows(scope: Scope, kind: str) -> Iterator[tuple[Json, str]]:
    for id_, made in scope.made.ids(kind).items():
        row = scope.names.row(kind, id_)
        if row:
            yield row, made.name
