"""A project without room stops an update before its first change, and with room again the same update goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.dynamic import clouds, usage
from ringfence.project import CREATE, Project
from ringfence.verify import stacks
from tests.live.tools import changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live
ENGINES_OWN = "pulumi:"


@pytest.fixture
def project(tmp_path: Path, tenants: tuple[str, ...]) -> Iterator[Project]:
    """The first tenant's stack with one flow more, which wants rules; a run that was refused is made good by one with nothing to do."""
    made = Project(tmp_path, tenants[0] if tenants else "acme")
    made.copy_declaration()
    before = made.declared()
    first, *_, last = before["servers"]
    more = {"from": first, "to": last, "protocol": "tcp", "ports": [9200], "reason": "test", "owner": "the tests"}
    made.declare({**before, "flows": {**before["flows"], "metrics": more}})
    yield made
    made.declare(before)
    ended = made.up()
    assert ended.status == 0, ended.output


def test_a_lowered_quota_stops_an_update_before_its_first_change(project: Project) -> None:
    """Project, resource, what is used, the limit and what is needed are named; nothing is made; the twin has its quota again."""
    own = str(stacks.tenant(project.stack).facts.project_id)
    wanted = {step.name for step in project.preview().steps if step.operation == CREATE}
    used = usage.room(own)["network"]["security_group_rule"].used
    with changed(clouds.admin().network, f"/quotas/{own}", "quota", {"security_group_rule": used}):
        refused = project.up()
    assert refused.status != 0
    assert f"project {project.stack} ({own}): security_group_rule" in refused.output
    assert f"{used} used of {used}" in refused.output
    assert f"a limit of {used + len(wanted)} at least: {len(wanted)} more are needed" in refused.output
    assert not [step for step in refused.steps if not step.type.startswith(ENGINES_OWN)]
    assert usage.room(own)["network"]["security_group_rule"].used == used
    goes_on = project.preview()
    assert goes_on.status == 0, goes_on.output
    assert goes_on.kinds(CREATE) == {"SecGroupRule"}
    assert {step.name for step in goes_on.steps if step.operation == CREATE} == wanted
