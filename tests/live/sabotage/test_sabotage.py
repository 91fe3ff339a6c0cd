from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from infra.render.expectation import Expected
from ringfence.verify.inventory import SERVICES
from ringfence.verify.model import Layer, Place
from ringfence.verify.probes.plan import Selection
from tests.live.sabotage.analysis import Analysis, analyse
from tests.live.sabotage.in_services import AT_SERVICES, AT_TENANT
from tests.live.sabotage.scene import Scene
from tests.live.sabotage.tables import AT_ONCE, all_at_once
from tests.live.sabotage.ways import WAYS, Look
from tests.live.stage import bad

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.stage import Stage

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def scene(stage: Stage) -> Scene:
    """Give the scene: the first tenant, with the two ends of one of its flows."""
    names = [tenant.name for tenant in stage.opened.inventory.tenants]
    if len(names) < 2:
        pytest.skip("only one tenant is up")
    case = next(
        c for c in stage.plan.cases() if c.expected is Expected.ALLOWED and c.layer is Layer.NETWORK and c.source.startswith(f"{names[0]}/")
    )
    return Scene(stage, names[0], names[1], case.source, case.target.node)


def look(scene: Scene, part: Look) -> list[str]:
    """Run one part of the verification and return what it finds wrong."""
    ends = frozenset({scene.source, scene.target})
    if part is Look.CLOUD:
        return bad(scene.stage.compared(scene.tenant))
    if part is Look.GUEST:
        return bad(scene.stage.inside(scene.target))
    if part is Look.SPOOF:
        return bad(scene.stage.spoofed())
    return bad([line.outcome for line in scene.stage.packets(Selection(ends, ends, frozenset({Place.ZONE})))])


@pytest.fixture(scope="module")
def unbroken() -> Analysis:
    """Give what `prove` and `lint` say of the cloud before anything is broken."""
    return analyse()


def test_nothing_is_wrong_before(scene: Scene) -> None:
    """Without sabotage every part of the verification that is used here is green: what it says later is the sabotage's doing."""
    assert {part: look(scene, part) for part in Look} == {part: [] for part in Look}


@pytest.mark.parametrize("name", WAYS)
def test_sabotage_is_caught(scene: Scene, unbroken: Analysis, name: str, record_property: Callable[[str, object], None]) -> None:
    """The verification fails and names what was done; a fault of the cloud's configuration is in what `prove` or `lint` say as well."""
    way = WAYS[name]
    started = time.monotonic()
    with way.break_it(scene), ThreadPoolExecutor(1) as pool:
        analysing = pool.submit(analyse) if way.look is not Look.GUEST else None
        found = look(scene, way.look)
        seconds = time.monotonic() - started
        analysed = analysing.result().since(unbroken) if analysing else {}
    record_property("seconds", round(seconds, 1))
    record_property("found by", ", ".join(sorted(analysed)))
    scene.stage.fleet.listen_again(scene.target)
    assert any(way.says in line for line in found), found
    assert analysed.keys() == way.finders, analysed


@pytest.mark.parametrize("table", AT_ONCE)
def test_many_sabotages_at_once_are_each_named(scene: Scene, table: str, record_property: Callable[[str, object], None]) -> None:
    """What is compared by id or by attribute, and what is the platform's: each is named, and none hides another."""
    if table == "services" and scene.stage.opened.inventory.platform.services is None:
        pytest.skip("the platform declares no services")
    ways, started = AT_ONCE[table], time.monotonic()
    with all_at_once(scene, ways):
        found = look(scene, Look.CLOUD)
    record_property("seconds", round(time.monotonic() - started, 1))
    silent = {name for name, (_, says) in ways.items() if not any(says.format(**scene.words()) in line for line in found)}
    assert not silent, found
    assert look(scene, Look.CLOUD) == []


@pytest.mark.parametrize("where", ["services server", "tenant's server"])
def test_services_that_are_broken_inside_are_each_named(scene: Scene, where: str, record_property: Callable[[str, object], None]) -> None:
    """Files, units, listeners and packet filter of the services server, and what a tenant's server has of time, logs and sessions."""
    if scene.stage.opened.inventory.platform.services is None:
        pytest.skip("the platform declares no services")
    node, ways = (SERVICES, AT_SERVICES) if where == "services server" else (scene.target, AT_TENANT)
    assert bad(scene.stage.looked(node)) == []
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        for act, _ in ways.values():
            stack.enter_context(act(scene))
        found = bad(scene.stage.looked(node))
    record_property("seconds", round(time.monotonic() - started, 1))
    assert {name for name, (_, says) in ways.items() if not any(says in line for line in found)} == set(), found
    assert bad(scene.stage.inside(node)) == []


def test_nothing_is_wrong_afterwards(scene: Scene) -> None:
    """Everything was put back."""
    assert {part: look(scene, part) for part in Look} == {part: [] for part in Look}
