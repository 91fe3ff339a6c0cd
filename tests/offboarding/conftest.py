"""One offboarding for all tests."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.dynamic import clouds
from ringfence.project import Project
from tests.live.lifecycle import inventory
from tests.offboarding import looks, tenant
from tests.offboarding.course import Course
from tests.offboarding.stage import gone
from tests.offboarding.tenant import DECLARATION, NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.offboarding.stage import Stage


def away(project: Project) -> None:
    """Destroy what a run that was given up has left; a state that still knows of something is not thrown away."""
    ended = project.run("destroy", "--yes")
    assert ended.status == 0, ended.output
    shutil.rmtree(paths.state() / "offboarding" / NAME, ignore_errors=True)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Go through all of it. What fails stays for a look; the next run begins with taking it away."""
    missing = [name for name in looks.NEEDED if not os.environ.get(name)]
    assert not missing, f"the certificate's claims cannot be compared: {', '.join(missing)} not set"
    project = Project(tmp_path_factory.mktemp("offboarding"), NAME)
    project.declare(DECLARATION)
    project.ensure()
    away(project)
    others = inventory.everything(clouds.admin())
    made = project.up()
    assert made.status == 0, made.output
    with tenant.inside(project.folder):
        yield gone(Course(project.folder), others)
    assert project.run("stack", "rm", "--yes", "--preserve-config").status == 0
