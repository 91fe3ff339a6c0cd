"""The project's ``default`` security group, without any rule.

Neutron gives every project a group that lets its members talk to each other and to the world, and puts it on ports that name no
group. It cannot be declared, only emptied; and it outlives its project, so it is removed with it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import admin
from infra.errors import CloudError


def find(project_id: str) -> dict[str, Any]:
    """Return the project's default group with its rules.

    Asking with ``project_id`` as a filter makes Neutron create the group when it is not there yet (``get_security_groups`` in
    neutron/db/securitygroups_db.py), so it cannot appear later with its rules.
    """
    answer = admin().network.get("/security-groups", params={"name": "default", "project_id": project_id})
    groups: list[dict[str, Any]] = answer.json().get("security_groups", [])
    if len(groups) != 1:
        raise CloudError.of("the default security group was not found", where=project_id, expected="one", got=str(len(groups)))
    return groups[0]


class EmptyDefaultGroupLifecycle(Lifecycle):
    """Empty the group on create and whenever a refresh finds rules in it; remove it with the project."""

    identity: ClassVar[tuple[str, ...]] = ("project_id",)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Rules that a refresh found are a change that empties the group again."""
        by_properties = super().diff(_id, _olds, _news)
        return DiffResult(
            changes=bool(by_properties.changes or _olds.get("rules")), replaces=by_properties.replaces, delete_before_replace=True
        )

    def create(self, props: Props) -> CreateResult:
        """Delete all rules of the group."""
        group = find(required(props, "project_id", "default security group"))
        for rule in group["security_group_rules"]:
            admin().network.delete_security_group_rule(rule["id"], ignore_missing=True)
        return CreateResult(group["id"], {**props, "rules": []})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell which rules are in the group now: there should be none."""
        group = admin().network.find_security_group(id_, ignore_missing=True)
        if group is None:
            return ReadResult(None, {})
        return ReadResult(id_, {**props, "rules": sorted(rule["id"] for rule in group.security_group_rules or [])})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Empty the group again."""
        return UpdateResult(self.create(_news).outs)

    def delete(self, _id: str, _props: Props) -> None:
        """Remove the group: only an admin may, and Neutron does not when the project is deleted."""
        admin().network.delete_security_group(_id, ignore_missing=True)


class EmptyDefaultGroup(Resource, module="ringfence", name="EmptyDefaultGroup"):
    """The default group of a project has no rules."""

    rules: Output[list[str]]

    def __init__(self, name: str, project_id: Input[str], opts: ResourceOptions | None = None) -> None:
        """Declare that the default group of the project is empty."""
        super().__init__(EmptyDefaultGroupLifecycle(), name, {"project_id": project_id, "rules": []}, opts)
