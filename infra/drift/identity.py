"""Who may act in a project: roles, the two accounts that a tenant's stack made, and what lets anybody act as them. Pure.

What ringfence made is known by its id. A role that a cloud's own administrators have in the whole system is the cloud's and is not
compared; one that reaches the project from its domain or from a project above it is a stranger's (Keystone, "OS-INHERIT").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.drift.deviation import ComparedObject
from infra.drift.found import ACCOUNT_ROLES, ASSIGNMENTS, NOUNS
from infra.errors import CloudError
from infra.outcome import Deviation, DeviationKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.drift.found import Json
    from infra.drift.made import MadeResource
    from infra.drift.scope import Scope

INHERITED = "OS-INHERIT:inherited_to"
ACTORS = ("user", "group")
KNOWN = frozenset({"project", "domain", "system", INHERITED})


@dataclass(frozen=True, slots=True)
class _Grant:
    """A role that a stack gave to a user, as the provider keeps it: domain/project/group/user/role."""

    name: str
    project: str
    group: str
    user: str
    role: str


def roles(scope: Scope) -> Iterator[Deviation]:
    """Compare who has which role in the project: directly, by a group, or inherited from above."""
    declared = {(grant.user, grant.role): grant for grant in _grants(scope)}
    above, trusted = frozenset(_above(scope)), administrators(scope)
    for row in scope.whole.found.rows(ASSIGNMENTS):
        place, user, role = row["scope"], str(row.get("user", {}).get("id", "")), str(row["role"]["id"])
        inherited = INHERITED in place
        if not _reaches(place, scope.project, above):
            continue
        if not inherited and (user, role) in declared:
            del declared[user, role]
            continue
        if trusted & {str((row.get(actor) or {}).get("id", "")) for actor in ACTORS}:
            continue
        yield _said(row, scope)
    for grant in declared.values():
        yield Deviation(DeviationKind.MISSING, NOUNS[ASSIGNMENTS], "", grant.name, f"missing role of {grant.name}")


def administrators(scope: Scope) -> frozenset[str]:
    """Return the ids of users and groups that may act in the platform's project; in a tenant's nobody may whom its stack did not make."""
    if scope.tenant is not None:
        return frozenset()
    return frozenset(filter(None, (*scope.environment.platform.administrators, scope.whole.found.asker)))


def delegations(scope: Scope) -> Iterator[Deviation]:
    """Find keys and trusts for the platform's project, unless they are an administrator's own or between two of them."""
    trusted = administrators(scope)
    for row in scope.whole.found.rows("credentials"):
        if row.get("project_id") == scope.project and row["user_id"] not in trusted:
            one = scope.subject("credentials", row, str(row["type"]))
            yield one.undeclared(f"undeclared {one} ({row['id']}) of user {row['user_id']} for {scope.names.project(scope.project)}")
    for row in scope.whole.found.rows("trusts"):
        if row.get("project_id") == scope.project and not {row["trustor_user_id"], row["trustee_user_id"]} <= trusted:
            one = scope.subject("trusts", row, str(row["id"]))
            who = f"user {row['trustor_user_id']} to user {row['trustee_user_id']}"
            yield one.undeclared(f"undeclared {one} of {who} for {scope.names.project(scope.project)}")


def _reaches(place: Json, project: str, above: frozenset[str]) -> bool:
    """Tell whether an assignment holds in a project. Raises :class:`CloudError` for a kind of place that is not known here."""
    if unknown := place.keys() - KNOWN:
        said, known = ", ".join(sorted(unknown)), ", ".join(sorted(KNOWN))
        raise CloudError.of("a role has a scope that is not known here", where="/role_assignments", expected=known, got=said)
    if "system" in place:
        return False
    where = str((place.get("project") or place.get("domain") or {}).get("id", ""))
    return where in above if INHERITED in place else "project" in place and where == project


def _above(scope: Scope) -> Iterator[str]:
    """Yield the projects above a project, and its domain."""
    row = scope.names.row("projects", scope.project)
    if not row:
        raise CloudError.of("the API does not show the project", where=f"project {scope.project}", hint="log in as the admin")
    yield str(row["domain_id"])
    seen = {scope.project}
    while (parent := str(row.get("parent_id") or "")) and parent not in seen:
        seen.add(parent)
        yield parent
        row = scope.names.row("projects", parent)


def _said(row: Json, scope: Scope) -> Deviation:
    kind = next((actor for actor in ACTORS if actor in row), "")
    who = row.get(kind) or {}
    name, role, place = str(who.get("name") or who.get("id", "")), str(row["role"].get("name") or row["role"]["id"]), row["scope"]
    from_above = [f", inherited from {key} {_called(place[key])}" for key in ("domain", "project") if INHERITED in place and key in place]
    text = f"undeclared role {role} of {kind or 'nobody known'} {name} in {scope.names.project(scope.project)}{''.join(from_above)}"
    return ComparedObject(NOUNS[ASSIGNMENTS], str(row["id"]), f"{role} of {name}").undeclared(text)


def _called(place: Json) -> str:
    return str(place.get("name") or place.get("id", ""))


def accounts(scope: Scope) -> Iterator[Deviation]:
    """Compare the accounts that the stack made, and find every further way to act as one of them."""
    users = scope.made.ids("users")
    rows = {str(row["id"]): row for row in scope.whole.found.rows("users")}
    for id_, made in users.items():
        one = ComparedObject(NOUNS["users"], id_, made.name)
        if id_ not in rows:
            yield one.missing(f"missing {one}")
            continue
        yield from one.differing(rows[id_], {"name": made.name, "enabled": True})
    yield from _application_credentials(scope)
    yield from _elsewhere(scope)
    yield from _implied(scope)
    for row in scope.whole.found.rows("memberships"):
        if row["user_id"] in users:
            one = scope.subject("memberships", row)
            yield one.undeclared(f"undeclared: user {users[row['user_id']].name} is in group {row['name']}")
    for row in scope.whole.found.rows("credentials"):
        if row["user_id"] in users or row.get("project_id") == scope.project:
            one = scope.subject("credentials", row, str(row["type"]))
            yield one.undeclared(f"undeclared {one} ({row['id']}) of {_user(users, row['user_id'])}")
    for row in scope.whole.found.rows("trusts"):
        if row["trustor_user_id"] in users or row.get("project_id") == scope.project:
            one = scope.subject("trusts", row, str(row["id"]))
            who = f"{_user(users, row['trustor_user_id'])} to user {row['trustee_user_id']}"
            yield one.undeclared(f"undeclared {one} of {who}")


def _elsewhere(scope: Scope) -> Iterator[Deviation]:
    """Find roles that the tenant's accounts have outside of its project: in another one, in a domain, in the whole system."""
    users, above = scope.made.ids("users"), frozenset(_above(scope))
    for row in scope.whole.found.rows(ACCOUNT_ROLES):
        user = str(row.get("user", {}).get("id", ""))
        if user in users and not _reaches(row["scope"], scope.project, above):
            role, where = str(row["role"].get("name") or row["role"]["id"]), _place(row["scope"], scope)
            one = ComparedObject(NOUNS[ACCOUNT_ROLES], str(row["id"]), f"{role} of {users[user].name}")
            yield one.undeclared(f"undeclared role {role} of {_user(users, user)} in {where}")


def _place(place: Json, scope: Scope) -> str:
    """Return in words where a role is."""
    below = ", for the projects below" if INHERITED in place else ""
    if "system" in place:
        return "the whole system"
    if "domain" in place:
        return f"domain {_called(place['domain'])}{below}"
    return f"{scope.names.project(str((place.get('project') or {}).get('id', '')))}{below}"


def _implied(scope: Scope) -> Iterator[Deviation]:
    """Find what the roles that the stack gave imply, beside what a builder's role implies on every cloud: to read."""
    given = {grant.role: grant.name for grant in _grants(scope)}
    for row in scope.whole.found.rows("implied_roles"):
        for further in row["implies"] if str(row["id"]) in given else ():
            if (row["name"], further["name"]) == (names.DEPLOYER_ROLE, names.READER_ROLE):
                continue
            one = ComparedObject(NOUNS["implied_roles"], str(row["id"]), str(row["name"]))
            undo = f"openstack implied role delete {row['id']} --implied-role {further['id']}"
            text = f"undeclared: {one} implies role {further['name']}, so {given[str(row['id'])]} has it as well"
            yield one.further(text, undo)


def _application_credentials(scope: Scope) -> Iterator[Deviation]:
    users, made = scope.made.ids("users"), dict(scope.made.ids("application_credentials"))
    allowed, own = {grant.role for grant in _grants(scope)}, {(grant.user, grant.role) for grant in _grants(scope)}
    for row in scope.whole.found.rows("application_credentials"):
        if row["user_id"] not in users:
            continue
        known = made.pop(str(row["id"]), None)
        one = scope.subject("application_credentials", row, known.name if known else "")
        if known is None:
            yield one.undeclared(f"undeclared {one} ({row['id']}) of {_user(users, row['user_id'])}")
            continue
        yield from one.differing(row, {"name": known.name, "unrestricted": False, "project_id": scope.project})
        if not {(row["user_id"], role["id"]) for role in row["roles"]} & own:
            yield one.missing(f"{one} lacks the role of its user")
        if more := sorted(str(role.get("name") or role["id"]) for role in row["roles"] if role["id"] not in allowed):
            yield one.different(f"{one} has the roles {', '.join(more)}, which its stack gave to nobody")
    for id_, gone in made.items():
        one = ComparedObject(NOUNS["application_credentials"], id_, gone.name)
        yield one.missing(f"missing {one}")


def _user(users: Mapping[str, MadeResource], id_: str) -> str:
    made = users.get(id_)
    return f"user {made.name if made else id_}"


def _grants(scope: Scope) -> Iterator[_Grant]:
    for id_, made in scope.made.ids("grants").items():
        _, project, group, user, role = id_.split("/")
        yield _Grant(made.name, project, group, user, role)
