"""Whether a kept listing is about those who are compared now: a service told nothing of whom nobody asked about. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.drift.kept import refused
from infra.drift.made import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.environment import Environment
    from infra.drift.found import Asked, Found

OF_A_PROJECT = ("assignments", "images")
OF_AN_ACCOUNT = ("users", "account_roles", "memberships", "application_credentials")


def covered(found: Found, environment: Environment) -> Found:
    """Return a listing in which those kinds are untold of which somebody who is compared now was not asked about.

    Raises :class:`SnapshotError` for a listing of another platform: nothing of it is about these declarations.
    """
    asked, project = found.asked, str(environment.platform_facts.project_id)
    if asked is None or asked.platform != project:
        got = f"project {asked.platform}" if asked else "nobody says it"
        raise refused("the records are of another cloud, or of another platform", "", f"those of the platform in project {project}", got)
    untold = dict(found.untold)
    for kinds, what in _unasked(asked, environment):
        why = f"when the records were kept, nobody asked about {what}; keep new ones, or name the tenants that are in these"
        for kind in kinds:
            untold.setdefault(kind, why)
    return replace(found, untold=untold)


def _unasked(asked: Asked, environment: Environment) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield whom nobody asked about, after the kinds in which it would be."""
    for tenant in environment.tenants:
        project = str(tenant.facts.project_id)
        if project not in asked.projects:
            yield OF_A_PROJECT, f"the project of {tenant.name}"
        if project not in asked.secrets:
            yield ("secrets",), f"the secrets of {tenant.name}"
        if environment.made.get(tenant.name, NOTHING).ids("users").keys() - asked.users:
            yield OF_AN_ACCOUNT, f"the accounts of {tenant.name}"
    for stack, made in environment.made.items():
        if made.ids("images").keys() - asked.images:
            yield ("platform_images",), f"the images of {stack}"
