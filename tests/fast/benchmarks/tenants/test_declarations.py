"""What the benchmark of many tenants declares is right, kept apart, and has places for all routes."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from benchmarks.tenants.declarations import Crowd, platform, tenant
from benchmarks.tenants.run import turn_of
from infra.components.isolation import refuse_open_paths
from infra.declaration import load_platform
from infra.declaration.addresses import most_routed
from infra.declaration.folder import load_folder
from ringfence.project import ROOT
from ringfence.verify.turns import pairs

if TYPE_CHECKING:
    from pathlib import Path

    from infra.declaration.folder import Declarations

pytestmark = pytest.mark.fast
WRITTEN: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.platform.yaml").read_text(encoding="utf-8"))
PLATFORM = load_platform(ROOT / "Pulumi.platform.yaml").platform


def written(folder: Path, crowd: Crowd, *, others: int) -> Declarations:
    """Write a folder of declarations and read it back."""
    (folder / "Pulumi.platform.yaml").write_text(yaml.safe_dump(platform(WRITTEN, crowd, PLATFORM, others)), encoding="utf-8")
    declared = yaml.safe_dump({"config": {"ringfence:tenant": tenant(PLATFORM.region, server=crowd.servers)}})
    for name in crowd.names():
        (folder / f"Pulumi.{name}.yaml").write_text(declared, encoding="utf-8")
    return load_folder(folder, today=date(2026, 11, 1))


@pytest.mark.parametrize("crowd", [Crowd("", 4, servers=True, max_routes=3), Crowd("", 4, servers=False, max_routes=3)])
def test_a_crowd_is_declared_without_a_mistake_and_kept_apart(tmp_path: Path, crowd: Crowd) -> None:
    """With the same addresses everywhere; the proof holds for all of them together."""
    found = written(tmp_path, crowd, others=1)
    assert not found.problems
    assert len(found.tenants) == 4
    (tmp_path / "Pulumi.acme.yaml").symlink_to(ROOT / "Pulumi.acme.yaml")
    refuse_open_paths(load_folder(tmp_path, today=date(2026, 11, 1)))


@pytest.mark.parametrize(("tenants", "max_routes", "routers"), [(12, 8, 2), (40, 30, 2), (27, 30, 1), (28, 30, 2), (6, 30, 1)])
def test_the_platform_gets_routers_enough_for_all_routes(tmp_path: Path, tenants: int, max_routes: int, routers: int) -> None:
    """Those of two tenants that are there already are on them as well."""
    crowd = Crowd("", tenants, servers=False, max_routes=max_routes)
    declared = written(tmp_path, crowd, others=2).platform
    assert declared.backbone.routers == routers
    assert most_routed(declared) >= tenants + 2


def test_a_crowd_without_them_is_refused_by_the_declarations_alone(tmp_path: Path) -> None:
    """The twin: as many routers as the shipped platform has."""
    crowd = Crowd("", 30, servers=False, max_routes=30)
    written(tmp_path, crowd, others=0)
    (tmp_path / "Pulumi.platform.yaml").write_text(yaml.safe_dump(WRITTEN), encoding="utf-8")
    found = load_folder(tmp_path, today=date(2026, 11, 1))
    assert found.left == (crowd.names()[-1],)
    assert "no place for the routes" in str(found.problems[0])


@pytest.mark.parametrize("tenants", [2, 6, 12, 40])
def test_the_days_turns_are_a_cycle(tenants: int) -> None:
    """Day after day another part, until all pairs were asked."""
    crowd = Crowd("", tenants, servers=False, max_routes=30)
    of = turn_of(crowd, 0).of
    turns = [turn_of(crowd, 1000 * of + day) for day in range(of)]
    assert {turn.number for turn in turns} == set(range(1, of + 1))
    assert {pair for turn in turns for pair in pairs(crowd.names(), turn)} == set(permutations(crowd.names(), 2))
    assert turn_of(crowd, 1001 * of).seed != turns[0].seed
