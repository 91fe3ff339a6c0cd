"""What the engine plans on a living tenant: nothing without a change, rules in place for a flow, and a refusal instead of a replacement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringfence.project import CREATE, UPDATE, Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.live
REPLACEMENTS = {"replace", "create-replacement", "delete-replaced"}


@pytest.fixture
def project(tmp_path: Path, tenants: tuple[str, ...]) -> Project:
    """The first tenant's stack, with a declaration of its own."""
    made = Project(tmp_path, tenants[0] if tenants else "acme")
    made.copy_declaration()
    return made


def changed(project: Project, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the declaration."""
    tenant = project.declared()
    change(tenant)
    project.declare(tenant)


def test_nothing_changed_is_nothing_planned(project: Project) -> None:
    """A second `pulumi up` has nothing to do."""
    ended = project.preview()
    assert ended.status == 0, ended.output
    assert ended.steps == ()


def test_a_new_flow_changes_rules_in_place(project: Project) -> None:
    """Rules are made, guest policies updated; no server, port or volume is touched."""
    first, *_, last = project.declared()["servers"]

    def add(tenant: dict[str, Any]) -> None:
        flow = {"from": first, "to": last, "protocol": "tcp", "ports": [9200], "reason": "test", "owner": "the tests"}
        tenant["flows"]["metrics"] = flow

    changed(project, add)
    ended = project.preview()
    assert ended.status == 0, ended.output
    assert ended.kinds(CREATE) == {"SecGroupRule"}
    assert ended.kinds(UPDATE) <= {"GuestPolicy", "ProjectLimits"}
    assert "GuestPolicy" in ended.kinds(UPDATE)
    assert not REPLACEMENTS & {step.operation for step in ended.steps}


def move(tenant: dict[str, Any]) -> None:
    """Give the first server another address."""
    server = next(iter(tenant["servers"].values()))
    server["zones"] = {zone: number + 50 for zone, number in server["zones"].items()}


def test_another_address_is_refused_with_what_and_why(project: Project) -> None:
    """The plan fails, and names the server, the cause and the way to allow it."""
    first = next(iter(project.declared()["servers"]))
    changed(project, move)
    ended = project.run("preview")
    assert ended.status != 0
    assert f"{project.stack}-{first} would be replaced" in ended.output
    assert "networks: made anew in the same plan" in ended.output
    assert "ringfence:allowReplace" in ended.output


def test_the_same_change_is_planned_when_it_is_allowed(project: Project) -> None:
    """The positive twin: with the server's name in the list the plan is good, and deletes before it creates."""
    changed(project, move)
    project.allow_replacing(next(iter(project.declared()["servers"])))
    ended = project.preview()
    assert ended.status == 0, ended.output
    replaced = {step.kind for step in ended.steps if step.operation in REPLACEMENTS}
    assert {"Port", "Instance"} <= replaced
    assert "Volume" not in replaced
