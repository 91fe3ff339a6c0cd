"""The cloud against the declarations, both ways: what is declared is there, and what is there is declared. Pure.

This finds what no packet can show: a rule that nothing uses yet, a network shared with a stranger, a volume that is stored in the clear.
The platform is compared as its tenants are: whoever has its router or its bastion has a way to all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.drift import backups, copies, groups, history, identity, machines, networks, ports, routers, wanted
from infra.drift.found import NotOfferedError, owner
from infra.drift.made import ids_of_all, names_of_all
from infra.drift.scope import Whole, platform_scope, tenant_scope
from infra.errors import RingfenceError
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from infra.drift.environment import Environment, TenantEnvironment
    from infra.drift.found import Found, Json
    from infra.drift.made import Made
    from infra.drift.scope import Scope
    from infra.drift.wanted import Wanted
    from infra.outcome import Deviation

STRAYS = ("networks", "subnets", "routers", "ports", "groups", "address_groups", "subnet_pools", "servers", "volumes")
"""Kinds of which the platform's project must have nothing with a name or a label of ours but what some stack made."""
LABEL = f"managed-by={names.MANAGED_BY}"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that has to be so of a party, with every deviation from it; ``error`` says why it could not be told.

    ``skipped`` says which service the cloud has not got that would tell.
    """

    who: str
    what: str
    deviations: tuple[Deviation, ...] = ()
    error: str = ""
    skipped: str = ""

    def outcome(self) -> Outcome:
        """Return the verdict."""
        reason = self.error or "; ".join(dict.fromkeys(map(str, self.deviations)))
        verdict = CheckVerdict.ERROR if self.error else CheckVerdict.FAIL if reason else CheckVerdict.PASS
        if self.skipped:
            verdict, reason = CheckVerdict.SKIPPED, self.skipped
        return Outcome(f"{self.who} {self.what}", verdict, reason, self.who, deviations=self.deviations)

    def standing(self, later: Requirement) -> Requirement:
        """Return what differs by this comparison and by a later one of the same listing."""
        if self.error or later.error:
            return self
        said = {str(deviation) for deviation in later.deviations}
        return replace(self, deviations=tuple(each for each in self.deviations if str(each) in said))


def compare(environment: Environment, found: Found, tenants: Iterable[TenantEnvironment]) -> Iterator[Outcome]:
    """Yield one outcome for each requirement, of the platform and of some tenants, from one listing of the cloud."""
    yield from (requirement.outcome() for requirement in requirements(environment, found, tenants))


def compare_again(environment: Environment, made: Callable[[], Mapping[str, Made]], found: Found) -> Iterator[Outcome]:
    """Compare all tenants; if anything differs, hold the same listing against what the stacks know by then as well.

    Somebody may bring up another tenant meanwhile: what is in the cloud already is in that tenant's stack a moment later. What differs
    by both, stands. The listing is the same, so no fault of the cloud can pass by coming and going.
    """
    before = list(requirements(environment, found, environment.tenants))
    if not any(requirement.deviations or requirement.error for requirement in before):
        return (requirement.outcome() for requirement in before)
    later = requirements(replace(environment, made=made()), found, environment.tenants)
    return (first.standing(second).outcome() for first, second in zip(before, later, strict=True))


def requirements(environment: Environment, found: Found, tenants: Iterable[TenantEnvironment]) -> Iterator[Requirement]:
    """Yield every requirement about the platform and about some tenants."""
    whole = Whole.of(found, environment.made.values())
    yield from _platform(environment, whole)
    for tenant in tenants:
        yield from _tenant(environment, tenant, whole)


def _tenant(environment: Environment, tenant: TenantEnvironment, whole: Whole) -> Iterator[Requirement]:
    scope, declared = tenant_scope(environment, tenant, whole), wanted.of_tenant(environment, tenant)
    found = {
        "security group rules are the declared ones": groups.rules(scope, declared),
        "security groups are on the declared ports only": groups.members(scope, declared),
        "address groups hold the declared prefixes": groups.address_groups(scope, declared),
        "ports are the declared ones, with their groups and port security": ports.ports(scope, declared),
        "no trunk and no forwarding leads to a port": ports.detours(scope, declared),
        "networks and subnets are the declared ones": networks.networks(scope, declared),
        "nothing is shared but the management segment with its tenant": networks.sharing(scope),
        "routers are the declared ones": routers.routers(scope, declared),
        "the edge router joins the zones, the management router segment and backbone, and nobody else is there": _joined(scope, declared),
        "public addresses are the declared ones": networks.public(scope, declared),
        "servers are the declared ones": machines.servers(scope, declared),
        "volumes are the declared ones, all of encrypted types": machines.volumes(scope, declared),
        "only its two accounts have a role in its project": identity.roles(scope),
        "its accounts are as declared, and nothing else lets anybody act as one": identity.accounts(scope),
        "nobody has a copy of what it stores": copies.copies(scope),
        "its volumes' keys are its project's, and nobody else is on their access lists": copies.keys(scope),
        **({"its servers have the backups that are declared": backups.current(scope)} if backups.are_declared(scope) else {}),
        "everything is labelled": labels(scope, declared),
    }
    yield from settled(tenant.name, found, whole)


def _platform(environment: Environment, whole: Whole) -> Iterator[Requirement]:
    scope = platform_scope(environment, whole)
    own = scope.made.ids("routers")
    routes = {made.name: set[wanted.Route]() for made in own.values()}
    for router, to, hop in (route for made in environment.made.values() for route in made.routes()):
        if router in own:
            routes[own[router].name].add((to, hop))
    declared = wanted.of_platform(environment, routes)
    found = {
        "the bastion's group has the declared rules": groups.rules(scope, declared),
        "the bastion's group is on the bastion only": groups.members(scope, declared),
        "ports are the bastion's and the routers'": ports.ports(scope, declared),
        "no trunk and no forwarding leads to a port": ports.detours(scope, declared),
        "the backbone is the declared one": networks.networks(scope, declared),
        "the management pool is the declared one": networks.pools(scope, (names.MANAGEMENT_POOL,)),
        "nothing of the platform is shared": networks.sharing(scope),
        "its routers know the way to the tenants' segments, and no other": routers.routers(scope, declared),
        "routers on the backbone are its own and the tenants' management routers": routers.interfaces(scope, declared),
        "the bastion has the only public address": networks.public(scope, declared),
        "the bastion is the declared server": machines.servers(scope, declared),
        "the bastion's volume is the declared one": machines.volumes(scope, declared),
        "volume types encrypt as declared": machines.volume_types(scope),
        "images are as they were made, and lent to nobody": copies.images(scope),
        "nothing else has a name or a label of ours": strays(scope),
        "nobody has a copy of what its servers store": copies.copies(scope),
        "nobody is on the access lists of its volumes' keys": copies.keys(scope),
        "only declared administrators have a role in its project": identity.roles(scope),
        "nobody else has a key or a trust for its project": identity.delegations(scope),
        "everything is labelled": labels(scope, declared),
    }
    yield from settled(names.PLATFORM, found, whole)


def settled(who: str, found: Mapping[str, Iterator[Deviation]], whole: Whole | None = None) -> Iterator[Requirement]:
    """Yield a requirement for each comparison, with what it found or why that cannot be told."""
    for what, deviations in found.items():
        try:
            yield Requirement(who, what, tuple(history.told(whole, each) if whole else each for each in dict.fromkeys(deviations)))
        except NotOfferedError as absent:
            yield Requirement(who, what, skipped=absent.problems[0].what)
        except RingfenceError as error:
            yield Requirement(who, what, error=str(error))
        except KeyError as missing:
            yield Requirement(who, what, error=f"cannot tell: the API does not show {missing} of something that has to be compared")
        except (TypeError, ValueError, AttributeError) as shape:
            yield Requirement(who, what, error=f"cannot tell: the API shows something in a form that is not its own ({shape})")


def _joined(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare every router interface, and check that the platform's router knows the way back."""
    yield from routers.interfaces(scope, wanted)
    for router, to, hop in sorted(scope.made.routes()):
        rows = scope.whole.names.row("routers", router).get("routes") or ()
        if {"destination": to, "nexthop": hop} not in [{key: row[key] for key in ("destination", "nexthop")} for row in rows]:
            one = scope.subject("routers", scope.whole.names.row("routers", router) or {"id": router})
            yield one.missing(f"the platform's router has no route to {to} via {hop}")


def strays(scope: Scope) -> Iterator[Deviation]:
    """Find what is in the platform's project with a name or the label of ours, and was made by no stack that the engine knows."""
    stacks = tuple(scope.environment.made.values())
    for kind in STRAYS:
        known, called = ids_of_all(stacks, kind), names_of_all(stacks, kind)
        for row in scope.whole.found.rows(kind):
            is_strange = owner(row) == scope.platform and row["id"] not in known
            if is_strange and (row.get("name") in called or _is_labelled(row)):
                yield scope.undeclared(kind, row)


def _is_labelled(row: Json) -> bool:
    return LABEL in (row.get("tags") or ()) or (row.get("metadata") or {}).get("managed-by") == names.MANAGED_BY


def labels(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Check the labels of everything that has tags or metadata."""
    tagged = set(names.tag_list(dict(wanted.labels)))
    for kind in ("networks", "subnets", "routers", "groups", "ports", "floating_ips"):
        for row, name in _made_rows(scope, kind):
            missing = tagged - set(row.get("tags") or ())
            if missing:
                yield scope.subject(kind, row, name).missing(f"{name} lacks {', '.join(sorted(missing))}")
    for kind in ("servers", "volumes"):
        for row, name in _made_rows(scope, kind):
            missing = {f"{key}={value}" for key, value in wanted.labels.items() if (row.get("metadata") or {}).get(key) != value}
            if missing:
                one = scope.subject(kind, row, name)
                yield one.missing(f"{one} lacks {', '.join(sorted(missing))}")


def _made_rows(scope: Scope, kind: str) -> Iterator[tuple[Json, str]]:
    for id_, made in scope.made.ids(kind).items():
        row = scope.names.row(kind, id_)
        if row:
            yield row, made.name
