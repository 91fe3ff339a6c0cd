"""What Keystone has about the projects and the accounts that the stacks made. Judged elsewhere."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError
from infra.neutron.sources.listing import NOT_FOUND, OK, objects_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from openstack.proxy import Proxy

    from infra.drift.found import Json, Rows

INHERITED = {"scope.OS-INHERIT:inherited_to": "projects"}
OF_A_CREDENTIAL = ("id", "user_id", "project_id", "type")
"""All but what is secret."""


def questions(keystone: Proxy, projects: Iterable[str], users: Iterable[str]) -> dict[str, Callable[[], Rows]]:
    """Return what is to be asked, by kind. A question raises :class:`CloudError` when it is not answered."""
    places, accounts = sorted(projects), sorted(users)
    return {
        "assignments": partial(_assignments, keystone, places),
        "account_roles": partial(_account_roles, keystone, accounts),
        "implied_roles": partial(_implied_roles, keystone),
        "users": partial(_users, keystone, accounts),
        "memberships": partial(_of_each, keystone, accounts, "groups"),
        "application_credentials": partial(_of_each, keystone, accounts, "application_credentials"),
        "credentials": partial(_credentials, keystone),
        "trusts": partial(_listed, keystone, "/OS-TRUST/trusts", "trusts"),
    }


def _assignments(keystone: Proxy, projects: Iterable[str]) -> Rows:
    """Return the roles that somebody has in a project, and all that are inherited from above."""
    return _assigned(keystone, [*({"scope.project.id": project} for project in projects), INHERITED])


def _account_roles(keystone: Proxy, users: Iterable[str]) -> Rows:
    """Return the roles that some users have anywhere: in projects, in domains, in the whole system."""
    return _assigned(keystone, [{"user.id": user} for user in users])


def _assigned(keystone: Proxy, asked: Iterable[Mapping[str, str]]) -> Rows:
    """Return assignments, each once; the path of its link is a row's id."""
    rows = (row for about in asked for row in _listed(keystone, "/role_assignments", "role_assignments", **about, include_names="true"))
    by_id = {str((row.get("links") or {}).get("assignment") or json.dumps(row, sort_keys=True)): row for row in rows}
    return tuple({**row, "id": id_} for id_, row in by_id.items())


def _implied_roles(keystone: Proxy) -> Rows:
    """Return the roles that imply others."""
    rows = _listed(keystone, "/role_inferences", "role_inferences")
    return tuple({"id": row["prior_role"]["id"], "name": row["prior_role"]["name"], "implies": row["implies"]} for row in rows)


def _users(keystone: Proxy, users: Iterable[str]) -> Rows:
    return tuple(_answered(keystone, users))


def _answered(keystone: Proxy, users: Iterable[str]) -> Iterator[Json]:
    for user in users:
        answer = keystone.get(path := f"/users/{user}", params={})
        if answer.status_code == NOT_FOUND:
            continue
        if answer.status_code != OK:
            raise _unanswered(path, answer.status_code)
        yield answer.json()["user"]


def _of_each(keystone: Proxy, users: Iterable[str], key: str) -> Rows:
    """Return what every user has of a kind; one who is gone has nothing."""
    return tuple({**row, "user_id": user} for user in users for row in _listed(keystone, f"/users/{user}/{key}", key))


def _credentials(keystone: Proxy) -> Rows:
    """Return the keys of Keystone's credential API, such as those for EC2, without their secrets."""
    return tuple({key: row[key] for key in OF_A_CREDENTIAL} for row in _listed(keystone, "/credentials", "credentials"))


def _listed(keystone: Proxy, path: str, key: str, **params: Any) -> Rows:  # noqa: ANN401 - query parameters
    """Return a whole list; nothing of what is not there. Raises :class:`CloudError` when Keystone shows a part of it only."""
    answer = keystone.get(path, params=params)
    if answer.status_code == NOT_FOUND:
        return ()
    if answer.status_code != OK:
        raise _unanswered(path, answer.status_code)
    rows = objects_of(answer, key)
    if rows is None:
        raise CloudError.of("the cloud answered something else", where=path, expected=f"a list under {key}")
    body = answer.json()
    if body.get("truncated") or (body.get("links") or {}).get("next"):
        hint = "raise list_limit in keystone.conf"
        raise CloudError.of("Keystone shows a part of the list only", where=path, expected="all of it", got=f"{len(rows)} rows", hint=hint)
    return tuple(rows)


def _unanswered(path: str, status: int) -> CloudError:
    return CloudError.of("Keystone did not answer", where=path, expected="200", got=str(status), hint="log in as the admin")
