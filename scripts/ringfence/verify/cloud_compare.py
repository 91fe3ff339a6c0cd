"""The cloud against the declarations, both ways: what is declared is there, and what is there is declared. Pure.

This finds what no packet can show: a rule that nothing uses yet, a network shared with a stranger, a volume that is stored in the clear.
The platform is compared as its tenants are: whoever has its router or its bastion has a way to all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.errors import RingfenceError
from infra.outcome import Outcome, Verdict
from ringfence.verify import cloud_groups, cloud_machines, cloud_ports, cloud_wanted, cloud_wiring
from ringfence.verify.cloud_scope import Whole, owner, platform_scope, tenant_scope
from ringfence.verify.made import ids_of_all, names_of_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ringfence.verify.cloud_scope import Scope
    from ringfence.verify.cloud_view import View
    from ringfence.verify.cloud_wanted import Wanted
    from ringfence.verify.world import TenantWorld, World

Json = dict[str, Any]
STRAYS = ("networks", "subnets", "routers", "ports", "groups", "address_groups", "servers", "volumes")
"""Kinds of which the platform's project must have nothing with a name or a label of ours but what some stack made."""
LABEL = f"managed-by={names.MANAGED_BY}"


def compare(world: World, view: View, tenants: Iterable[TenantWorld]) -> Iterator[Outcome]:
    """Yield one outcome for each subject, of the platform and of some tenants, from one listing of the cloud."""
    whole = Whole.of(view, world.made.values())
    yield from _platform(world, whole)
    for tenant in tenants:
        yield from _tenant(world, tenant, whole)


def _tenant(world: World, tenant: TenantWorld, whole: Whole) -> Iterator[Outcome]:
    scope, wanted = tenant_scope(world, tenant, whole), cloud_wanted.of_tenant(world, tenant)
    subjects = {
        "security group rules are the declared ones": cloud_groups.rules(scope, wanted),
        "security groups are on the declared ports only": cloud_groups.members(scope, wanted),
        "address groups hold the declared prefixes": cloud_groups.address_groups(scope, wanted),
        "ports are the declared ones, with their groups and port security": cloud_ports.ports(scope, wanted),
        "no trunk and no forwarding leads to a port": cloud_ports.detours(scope, wanted),
        "networks and subnets are the declared ones": cloud_wiring.networks(scope, wanted),
        "nothing is shared but the management segment with its tenant": cloud_wiring.sharing(scope),
        "routers are the declared ones": cloud_wiring.routers(scope, wanted),
        "the edge router joins the zones, the management router segment and backbone, and nobody else is there": _joins(scope, wanted),
        "public addresses are the declared ones": cloud_wiring.public(scope, wanted),
        "servers are the declared ones": cloud_machines.servers(scope, wanted),
        "volumes are the declared ones, all of encrypted types": cloud_machines.volumes(scope, wanted),
        "everything is labelled": labels(scope, wanted),
    }
    yield from _outcomes(tenant.name, subjects)


def _platform(world: World, whole: Whole) -> Iterator[Outcome]:
    scope = platform_scope(world, whole)
    routers = scope.made.ids("routers")
    back = frozenset((to, hop) for made in world.made.values() for router, to, hop in made.routes() if router in routers)
    wanted = cloud_wanted.of_platform(world, back)
    subjects = {
        "the bastion's group has the declared rules": cloud_groups.rules(scope, wanted),
        "the bastion's group is on the bastion only": cloud_groups.members(scope, wanted),
        "ports are the bastion's and the routers'": cloud_ports.ports(scope, wanted),
        "no trunk and no forwarding leads to a port": cloud_ports.detours(scope, wanted),
        "the backbone is the declared one": cloud_wiring.networks(scope, wanted),
        "the management pool is the declared one": cloud_wiring.pools(scope, (names.MANAGEMENT_POOL,)),
        "nothing of the platform is shared": cloud_wiring.sharing(scope),
        "its router knows the way to the tenants' segments, and no other": cloud_wiring.routers(scope, wanted),
        "routers on the backbone are its own and the tenants' management routers": cloud_wiring.legs(scope, wanted),
        "the bastion has the only public address": cloud_wiring.public(scope, wanted),
        "the bastion is the declared server": cloud_machines.servers(scope, wanted),
        "the bastion's volume is the declared one": cloud_machines.volumes(scope, wanted),
        "volume types encrypt as declared": cloud_machines.volume_types(scope),
        "nothing else has a name or a label of ours": strays(scope),
        "everything is labelled": labels(scope, wanted),
    }
    yield from _outcomes(names.PLATFORM, subjects)


def _outcomes(who: str, subjects: dict[str, Iterator[str]]) -> Iterator[Outcome]:
    for what, problems in subjects.items():
        verdict = Verdict.PASS
        try:
            reason = "; ".join(dict.fromkeys(problems))
            verdict = Verdict.FAIL if reason else Verdict.PASS
        except RingfenceError as error:
            reason, verdict = str(error), Verdict.ERROR
        except KeyError as missing:
            reason, verdict = f"cannot tell: the API does not show {missing} of something that has to be compared", Verdict.ERROR
        yield Outcome(f"{who} {what}", verdict, reason, who)


def _joins(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Check every leg, and that the platform's router knows the way back."""
    yield from cloud_wiring.legs(scope, wanted)
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
